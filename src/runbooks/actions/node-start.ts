import type { Action } from '../action.ts';
import { lookUntil } from './ask-nodes.ts';
import { hostCheck, type NodeArgs, nodeArgs, nodeText } from './node-args.ts';
import { viewsOf } from './node-views.ts';
import { onNodeHost, runOnHost } from './on-host.ts';
import type { ClusterPorts } from './ports.ts';

/** Starts RabbitMQ on one node. That the command ended well is not yet a running node: a verify step proves that. */
export const nodeStart: Action<NodeArgs, ClusterPorts> = {
  name: 'node.start',
  tier: 'node',
  args: nodeArgs,
  timeLimitMs: 120_000,
  describe: ({ node }, ports) => nodeText('Start RabbitMQ on', ports, node, ['node.start']),
  precheck: async ({ node }, ports) => hostCheck(ports, node, ['node.start']),
  execute: async ({ node }, ports) => {
    const request = onNodeHost(ports, 'node.start', { node });
    if (request === undefined) return { kind: 'refused', because: `no host is configured for ${node}` };
    return await runOnHost(ports, request, nodeStart.timeLimitMs);
  },
  reconcile: async ({ node }, ports) => {
    const running = await lookUntil(ports, nodeStart.timeLimitMs, async () => {
      const views = await viewsOf(node, ports);
      return views.itself === 'running' ? views : undefined;
    });
    // Starting a node that is starting does nothing, so it may be asked again.
    return running === undefined
      ? { kind: 'not-done', because: `${node} does not say that it runs` }
      : { kind: 'done', because: `${node} says that it runs` };
  },
};
