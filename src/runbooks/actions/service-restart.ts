import { z } from 'zod';
import { definite } from '../../rpc/index.ts';
import type { Action, Settled } from '../action.ts';
import type { HostRequest } from '../hosts/common/host.ts';
import { askEveryNode, READ_MS } from './common/ask-nodes.ts';
import type { ClusterPorts } from './common/ports.ts';
import { commandLine, recallOnHost, runOnHost } from './nodes/on-host.ts';

const args = z.strictObject({
  host: z.string().min(1),
  service: z.string().min(1),
  /** The process that misbehaves, where one host runs several of the service; hosts that cannot use it leave it out. */
  pid: z
    .union([z.string(), z.number()])
    .transform((pid) => String(pid))
    .optional(),
});

type Args = z.infer<typeof args>;

/** Action that restarts an OpenStack service on its host. Its clients wait for as long as it takes; nothing is lost. */
export const serviceRestart: Action<Args, ClusterPorts> = {
  name: 'service.restart',
  tier: 'reversible',
  args,
  timeLimitMs: 120_000,
  checks: ['The host is set up to restart the service.'],
  undo: 'Nothing needs to be undone: the service comes back with its connections.',
  describe: (wanted, ports) =>
    `Restart ${wanted.service}${wanted.pid === undefined ? '' : ` (process ${wanted.pid})`} on host ${wanted.host}:\n` +
    commandLine(ports, requestOf(wanted)),
  precheck: async (wanted, ports) =>
    ports.hosts.argvOf(requestOf(wanted)) === undefined
      ? { go: false, because: `host ${wanted.host} is not set up to restart ${wanted.service}` }
      : { go: true },
  execute: async (wanted, ports) => await runOnHost(ports, requestOf(wanted), serviceRestart.timeLimitMs),
  reconcile: async (wanted, ports) => {
    const recalled = await recallOnHost(ports, requestOf(wanted), READ_MS);
    return recalled.kind === 'unknown'
      ? await settleByConnections(wanted, ports, recalled.because)
      : recalled;
  },
};

/** Where the host does not know, a restart leaves a trace only if the process was known: its connections are gone. */
async function settleByConnections(
  { pid, service }: Args,
  ports: ClusterPorts,
  because: string,
): Promise<Settled> {
  const unseen = `I cannot tell whether ${service} was restarted: ${because}`;
  if (pid === undefined) {
    return { kind: 'unknown', because: unseen };
  }
  const answers = await askEveryNode(ports, (api) => api.connections({ timeoutMs: READ_MS }));
  if (!answers.every((answer) => answer.kind === 'answered')) {
    return { kind: 'unknown', because: `${unseen}; not every node answers` };
  }
  const isThere = answers.some(({ value }) =>
    value.some(({ clientName }) => clientName?.split(':')[1] === pid),
  );
  return isThere
    ? { kind: 'unknown', because: `process ${pid} is still connected` }
    : { kind: 'done', because: `process ${pid} is no longer connected` };
}

const requestOf = ({ host, service, pid }: Args): HostRequest => ({
  host,
  operation: 'service.restart',
  args: { service, ...definite({ pid }) },
});
