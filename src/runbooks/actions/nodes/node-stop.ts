import type { Action } from '../../action.ts';
import { listed } from '../../wording/words.ts';
import { lookUntil, SETTLE_MS } from '../common/ask-nodes.ts';
import { isDispensable } from '../common/dispensable.ts';
import type { ClusterPorts } from '../common/ports.ts';
import { hostCheck, type NodeArgs, nodeArgs, nodeText } from './node-args.ts';
import { type NodeViews, viewsOf } from './node-views.ts';
import { runOneByOne } from './on-host.ts';

/** Words for what a node's own API does. */
const apiWords: Readonly<Record<NodeViews['itself'], string>> = {
  running: 'says that it runs',
  'not-running': 'answers that it does not run',
  refused: 'refuses connections',
  silent: 'does not answer',
};

/** Action that stops RabbitMQ on one node, and never on the last one that runs. */
export const nodeStop: Action<NodeArgs, ClusterPorts> = {
  name: 'node.stop',
  tier: 'node',
  args: nodeArgs,
  timeLimitMs: 120_000,
  checks: [
    'The host of the node is configured and has a command for each operation.',
    'Another node answers and runs.',
    'No queue loses its quorum or its last in-sync mirror; this is not checked when no other node sees this node any more.',
  ],
  undo: 'The node can be started again.',
  describe: ({ node }, ports) => nodeText(`Stop RabbitMQ on ${node}`, ports, node, ['node.stop']),
  precheck: async ({ node }, ports) => {
    const host = hostCheck(ports, node, ['node.stop']);
    if (!host.go) {
      return host;
    }
    const views = await viewsOf(node, ports);
    if (views.others.length === 0) {
      return {
        go: false,
        because: `no other node answers that it runs: ${node} may be the last running node`,
      };
    }
    // No node sees it any more: the others run without it, and its stop takes nothing from them.
    if (views.seenBy.length === 0) {
      return {
        go: true,
        because: `other nodes run (${listed(views.others)}), and none of them sees ${node}`,
      };
    }
    return await isDispensable(node, ports);
  },
  execute: async ({ node }, ports) => await runOneByOne(ports, ['node.stop'], { node }, nodeStop.timeLimitMs),
  reconcile: async ({ node }, ports) => {
    let last = await viewsOf(node, ports);
    const stopped = await lookUntil(ports, SETTLE_MS, async () => {
      last = await viewsOf(node, ports);
      const isStopped = last.itself === 'refused' && last.others.length > 0 && last.seenBy.length === 0;
      return isStopped ? last : undefined;
    });
    if (stopped !== undefined) {
      return {
        kind: 'done',
        because: `${node} refuses connections, and no other running node sees it (${listed(stopped.others)})`,
      };
    }
    return last.itself === 'running'
      ? { kind: 'not-done', because: `${node} still runs` }
      : {
          kind: 'unknown',
          because: `the API of ${node} ${apiWords[last.itself]}; nodes that see it running: ${listed(last.seenBy) || 'none'}`,
        };
  },
};
