import type { Action } from '../action.ts';
import { lookUntil, SETTLE_MS } from './ask-nodes.ts';
import { hostCheck, type NodeArgs, nodeArgs, nodeText } from './node-args.ts';
import { viewsOf } from './node-views.ts';
import { runOneByOne } from './on-host.ts';
import type { ClusterPorts } from './ports.ts';

/** A node that waits for its peers must be stopped before it can be told not to. */
const operations = ['node.stop', 'node.force_boot', 'node.start'] as const;

/** One of the operations may take this long. */
const OPERATION_MS = 60_000;

/** Starts a node that does not start, without waiting for the nodes that stopped after it. */
export const nodeForceBoot: Action<NodeArgs, ClusterPorts> = {
  name: 'node.force_boot',
  tier: 'node',
  args: nodeArgs,
  timeLimitMs: operations.length * OPERATION_MS,
  describe: ({ node }, ports) => nodeText('Start without waiting for its peers', ports, node, operations),
  precheck: async ({ node }, ports) => {
    const host = hostCheck(ports, node, operations);
    if (!host.go) return host;
    const { itself } = await viewsOf(node, ports);
    return itself === 'running'
      ? { go: false, because: `${node} runs: there is nothing to force` }
      : { go: true };
  },
  execute: async ({ node }, ports) => await runOneByOne(ports, operations, { node }, OPERATION_MS),
  reconcile: async ({ node }, ports) => {
    const running = await lookUntil(ports, SETTLE_MS, async () => {
      const views = await viewsOf(node, ports);
      return views.itself === 'running' ? views : undefined;
    });
    // Each of the operations done twice is the same as done once, as long as the node does not run.
    return running === undefined
      ? { kind: 'not-done', because: `${node} does not say that it runs` }
      : { kind: 'done', because: `${node} says that it runs` };
  },
};
