import { z } from 'zod';
import { definite } from '../../../rpc/index.ts';
import type { HostOperation } from '../../hosts/common/host.ts';
import type { Verdict } from '../../verdict.ts';
import type { ClusterPorts } from '../common/ports.ts';
import { commandLine, type NodeSubject, onNodeHost } from './on-host.ts';

export const nodeName = z.string().regex(/^[\w.-]+@[\w.-]+$/, 'a node name has the form rabbit@host');

export const nodeArgs = z.strictObject({ node: nodeName });

export type NodeArgs = z.infer<typeof nodeArgs>;

/** What is done to which node, on which host, and by which commands. */
export function nodeText(
  doing: string,
  ports: ClusterPorts,
  node: string,
  operations: readonly HostOperation[],
  peer?: string,
): string {
  const requests = operations.map((operation) => onNodeHost(ports, operation, subjectOf(node, peer)));
  const [first] = requests;
  if (first === undefined) {
    return `${doing} (no host is configured for it)`;
  }
  const commands = requests.map((request) => request && commandLine(ports, request));
  // One command a line, in their order: that is how they are read before a yes.
  return [`${doing}. On host ${first.host}:`, ...commands].join('\n');
}

/** Can the commands be given at all? */
export function hostCheck(
  ports: ClusterPorts,
  node: string,
  operations: readonly HostOperation[],
  peer?: string,
): Verdict {
  for (const operation of operations) {
    const request = onNodeHost(ports, operation, subjectOf(node, peer));
    if (request === undefined) {
      return { go: false, because: `no host is configured for ${node}` };
    }
    if (ports.hosts.argvOf(request) === undefined) {
      return { go: false, because: `host ${request.host} has no command for ${operation}` };
    }
  }
  return { go: true };
}

const subjectOf = (node: string, peer: string | undefined): NodeSubject => ({
  node,
  ...definite({ peer }),
});
