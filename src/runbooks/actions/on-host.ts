import type { Outcome } from '../action.ts';
import type { HostOperation, HostRequest } from '../hosts/host.ts';
import type { ClusterPorts } from './ports.ts';

/** The request for a node's host; undefined when the configuration names no host for the node. */
export function onNodeHost(
  ports: ClusterPorts,
  operation: HostOperation,
  args: { readonly node: string; readonly peer?: string },
): HostRequest | undefined {
  const host = ports.settings.nodes.find(({ name }) => name === args.node)?.host;
  return host === undefined ? undefined : { host, operation, args };
}

/** The exact command as people read it: elements with blanks or quotes are quoted, so that the boundaries are seen. */
export function commandLine(ports: ClusterPorts, request: HostRequest): string {
  const argv = ports.hosts.argvOf(request);
  return argv === undefined
    ? `(${request.host} has no command for ${request.operation})`
    : argv
        .map((element) => (/^[\w@%+=:,./{}-]+$/.test(element) ? element : JSON.stringify(element)))
        .join(' ');
}

/** Runs one operation and says what came of it. */
export async function runOnHost(
  ports: ClusterPorts,
  request: HostRequest,
  timeoutMs: number,
): Promise<Outcome> {
  const answer = await ports.hosts.run(request, { timeoutMs });
  switch (answer.kind) {
    case 'done':
      return { kind: 'applied', detail: `${request.operation} on ${request.host} ended well` };
    case 'failed':
      return {
        kind: 'refused',
        because: `${request.operation} on ${request.host} ended with ${answer.exitCode}: ${lastLines(answer.output)}`,
      };
    case 'unknown':
      return { kind: 'unknown', because: answer.because };
    case 'not-started':
      return { kind: 'refused', because: `Nothing was started: ${answer.because}` };
  }
}

/** The end of an output, where commands say what went wrong. */
function lastLines(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.slice(-3).join(' / ').slice(-400) || 'it said nothing';
}
