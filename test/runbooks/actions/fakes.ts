import { type ManagementApi, ManagementError, type ManagementFailure } from '../../../src/rpc/index.ts';
import type {
  BoundActions,
  ClusterPorts,
  HostAnswer,
  HostMemory,
  HostRequest,
} from '../../../src/runbooks/index.ts';
import { bindActions, detectionDefaults, openHosts } from '../../../src/runbooks/index.ts';

/** What a request that brought no usable answer is thrown as. */
export const failure = (why: ManagementFailure, node = 'rabbit@a'): ManagementError =>
  new ManagementError(why, why, { node, method: 'GET', path: '/api/nodes' });

const notAsked = (): Promise<never> => Promise.reject(new Error('the test did not expect this request'));

/** One node's API: what the test gives it, and an error for everything else. */
export const api = (node: string, answers: Partial<ManagementApi> = {}): ManagementApi => ({
  node,
  nodes: notAsked,
  overview: notAsked,
  queueTotals: notAsked,
  consumers: notAsked,
  consumerQueues: notAsked,
  connections: notAsked,
  queue: notAsked,
  bindingsOfQueue: notAsked,
  bindings: notAsked,
  exchanges: notAsked,
  connection: notAsked,
  channelsOfConnection: notAsked,
  healthCheck: notAsked,
  shovelQueues: () => Promise.resolve([]),
  deleteQueue: notAsked,
  bindQueue: notAsked,
  closeConnection: notAsked,
  whoAmI: notAsked,
  ...answers,
});

/** A node's view of the cluster: the nodes that it says run. */
export const view =
  (...running: readonly string[]): ManagementApi['nodes'] =>
  () =>
    Promise.resolve(
      ['rabbit@a', 'rabbit@b', 'rabbit@c'].map((name) => ({ name, isRunning: running.includes(name) })),
    );

export const silent =
  (why: ManagementFailure = 'timeout') =>
  (): Promise<never> =>
    Promise.reject(failure(why));

export interface Stage {
  readonly actions: BoundActions;
  /** Commands that were really run, in order. */
  readonly ran: readonly HostRequest[];
  /** How long the actions slept. */
  sleptMs(): number;
}

/** A cluster of fakes: nodes on the systemd host `ctl1`, except `rabbit@c`, which has no host. */
export function stage(
  management: readonly ManagementApi[],
  hostAnswer: (request: HostRequest) => HostAnswer = () => ({ kind: 'done', exitCode: 0, output: '' }),
  hostMemory?: (request: HostRequest) => HostMemory,
): Stage {
  const ran: HostRequest[] = [];
  let nowMs = 0;
  const real = openHosts({ ctl1: { via: 'local', preset: 'systemd', operations: {}, addresses: [] } });
  const node = (name: string) => ({ name, amqpHost: 'localhost', amqpPort: 5672 });
  const ports: ClusterPorts = {
    settings: {
      name: 'test',
      nodes: [{ ...node('rabbit@a'), host: 'ctl1' }, { ...node('rabbit@b'), host: 'ctl1' }, node('rabbit@c')],
      detection: detectionDefaults,
      services: [],
      reachedBy: { kind: 'unknown' },
    },
    management,
    hosts: {
      argvOf: real.argvOf,
      run: (request) => {
        ran.push(request);
        return Promise.resolve(hostAnswer(request));
      },
      ...(hostMemory !== undefined && { recall: async (request) => hostMemory(request) }),
    },
    probe: () => Promise.reject(new Error('no action probes')),
    clock: {
      now: () => nowMs,
      sleep: (ms) => {
        nowMs += ms;
        return Promise.resolve();
      },
    },
  };
  return { actions: bindActions(ports), ran, sleptMs: () => nowMs };
}
