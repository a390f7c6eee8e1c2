import { z } from 'zod';
import type { Action } from '../../action.ts';
import { listed } from '../../wording/words.ts';
import { lookUntil, SETTLE_MS } from '../common/ask-nodes.ts';
import type { ClusterPorts } from '../common/ports.ts';
import { hostCheck, nodeName, nodeText } from './node-args.ts';
import { viewsOf } from './node-views.ts';
import { runOneByOne } from './on-host.ts';

const args = z.strictObject({ node: nodeName, peer: nodeName });

type Args = z.infer<typeof args>;

/** One after the other; the first that fails ends it. `reset` empties the node: what only it held is gone. */
const operations = ['node.stop_app', 'node.reset', 'node.join_cluster', 'node.start_app'] as const;

/** One of the operations may take this long. */
const OPERATION_MS = 60_000;

/** Action that makes a node that runs alone forget its content and join the cluster of a peer again. */
export const nodeRejoin: Action<Args, ClusterPorts> = {
  name: 'node.rejoin',
  tier: 'node',
  args,
  timeLimitMs: operations.length * OPERATION_MS,
  checks: [
    'The host of the node is configured and has a command for each operation.',
    'No other node sees the node running.',
    'The node that it joins, the peer, reports that it runs.',
  ],
  undo: 'No: the node is emptied before it joins.',
  // An approved plan is compared by these words: they stay as the release before wrote them.
  describe: ({ node, peer }, ports) =>
    nodeText(`Empty ${node} and have it join the cluster of ${peer}`, ports, node, operations, peer),
  precheck: async ({ node, peer }, ports) => {
    if (node === peer) {
      return { go: false, because: 'a node cannot join itself' };
    }
    const host = hostCheck(ports, node, operations, peer);
    if (!host.go) {
      return host;
    }
    const { others, seenBy } = await viewsOf(node, ports);
    if (seenBy.length > 0) {
      return {
        go: false,
        because: `${listed(seenBy)} ${seenBy.length === 1 ? 'sees' : 'see'} ${node} running: it is not alone, and keeps its content`,
      };
    }
    return others.includes(peer)
      ? { go: true }
      : { go: false, because: `${peer} does not report that it runs: emptying ${node} would gain nothing` };
  },
  execute: async (wanted, ports) => await runOneByOne(ports, operations, wanted, OPERATION_MS),
  reconcile: async ({ node, peer }, ports) => {
    const together = await lookUntil(ports, SETTLE_MS, async () => {
      const { itself, seenBy } = await viewsOf(node, ports);
      return itself === 'running' && seenBy.includes(peer) ? true : undefined;
    });
    return together === undefined
      ? {
          kind: 'unknown',
          because: `${node} and ${peer} do not run as one cluster: the operation may have stopped half-way`,
        }
      : { kind: 'done', because: `${node} runs, and ${peer} sees it` };
  },
};
