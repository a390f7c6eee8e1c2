import type { Action } from '../../action.ts';
import type { ClusterPorts } from '../common/ports.ts';
import { hostCheck, type NodeArgs, nodeArgs, nodeText } from './node-args.ts';
import { settleStart, viewsOf } from './node-views.ts';
import { runOneByOne } from './on-host.ts';

/** A node that waits for its peers must be stopped before it can be told not to. */
const operations = ['node.stop', 'node.force_boot', 'node.start'] as const;

/** One of the operations may take this long. */
const OPERATION_MS = 60_000;

/** Action that starts a node that does not start by itself, without waiting for the nodes that stopped after it. */
export const nodeForceBoot: Action<NodeArgs, ClusterPorts> = {
  name: 'node.force_boot',
  tier: 'node',
  args: nodeArgs,
  timeLimitMs: operations.length * OPERATION_MS,
  checks: [
    'The host of the node is configured and has a command for each operation.',
    'The node does not report that it runs.',
  ],
  undo: 'No: if other nodes stopped later than this one, what only they held may be lost.',
  describe: ({ node }, ports) =>
    nodeText(`Start ${node} without waiting for its peers`, ports, node, operations),
  precheck: async ({ node }, ports) => {
    const host = hostCheck(ports, node, operations);
    if (!host.go) {
      return host;
    }
    const { itself } = await viewsOf(node, ports);
    return itself === 'running'
      ? { go: false, because: `${node} is running: there is nothing to force` }
      : { go: true };
  },
  execute: async ({ node }, ports) => await runOneByOne(ports, operations, { node }, OPERATION_MS),
  // Each of the operations done twice is the same as done once, as long as the node does not run.
  reconcile: settleStart,
};
