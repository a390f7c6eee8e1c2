import {
  type ManagementApi,
  ManagementError,
  type ManagementFailure,
  type NodeRow,
} from '../../../src/rpc/index.ts';

export const failure = (node: string, why: ManagementFailure): ManagementError =>
  new ManagementError(why, why, { node, method: 'GET', path: '/api/nodes' });

export const failing = (node: string, why: ManagementFailure) => (): Promise<never> =>
  Promise.reject(failure(node, why));

/** An empty node's API with something changed; what a test does not expect fails it. */
export function api(node: string, change: Partial<ManagementApi> = {}): ManagementApi {
  const unexpected = (): Promise<never> => Promise.reject(new Error('the test did not expect this request'));
  return {
    node,
    nodes: unexpected,
    overview: async () => ({ node, rabbitmqVersion: '3.10.8', totals: { queues: 0 } }),
    queueTotals: async () => [],
    consumers: async () => [],
    consumerQueues: async () => [],
    connections: async () => [],
    queue: unexpected,
    bindingsOfQueue: unexpected,
    bindings: async () => [],
    exchanges: async () => [],
    connection: unexpected,
    channelsOfConnection: unexpected,
    healthCheck: unexpected,
    shovelQueues: () => Promise.resolve([]),
    deleteQueue: unexpected,
    bindQueue: unexpected,
    closeConnection: unexpected,
    whoAmI: unexpected,
    ...change,
  };
}

/** `GET /api/nodes`: these run, the others do not. */
export const seeing =
  (all: readonly string[], ...running: readonly string[]) =>
  async (): Promise<readonly NodeRow[]> =>
    all.map((name) =>
      running.includes(name)
        ? { name, isRunning: true, partitions: [], uptimeMs: 1_000 }
        : { name, isRunning: false },
    );
