import type { NodeRow } from '../../../rpc/index.ts';
import type { Settled } from '../../action.ts';
import { askEveryNode, isRefusal, lookUntil, READ_MS, SETTLE_MS } from '../common/ask-nodes.ts';
import type { ClusterPorts } from '../common/ports.ts';
import type { NodeArgs } from './node-args.ts';

/** What the nodes say about one of them, asked freshly. */
export interface NodeViews {
  /** Its own API: serving and running, answering without running, refusing connections, or silent for another reason. */
  readonly itself: 'running' | 'not-running' | 'refused' | 'silent';
  /** Other nodes that answer and say that they run. */
  readonly others: readonly string[];
  /** Those of them that see it running. */
  readonly seenBy: readonly string[];
}

export async function viewsOf(node: string, ports: ClusterPorts): Promise<NodeViews> {
  const answers = await askEveryNode(ports, (api) => api.nodes({ timeoutMs: READ_MS }));
  const own = answers.find(({ api }) => api.node === node);
  const peers = answers
    .filter((answer) => answer.kind === 'answered')
    .filter(({ api, value }) => api.node !== node && isRunning(value, api.node));
  return {
    itself: itselfOf(node, own),
    others: peers.map(({ api }) => api.node),
    seenBy: peers.filter(({ value }) => isRunning(value, node)).map(({ api }) => api.node),
  };
}

/** Did a start take effect? Waits some seconds for the node to say so; one that does not may be started again. */
export async function settleStart({ node }: NodeArgs, ports: ClusterPorts): Promise<Settled> {
  const running = await lookUntil(ports, SETTLE_MS, async () => {
    const views = await viewsOf(node, ports);
    return views.itself === 'running' ? views : undefined;
  });
  return running === undefined
    ? { kind: 'not-done', because: `${node} does not report that it runs` }
    : { kind: 'done', because: `${node} reports that it runs` };
}

function itselfOf(
  node: string,
  own: Awaited<ReturnType<typeof askEveryNode<readonly NodeRow[]>>>[number] | undefined,
): NodeViews['itself'] {
  if (own === undefined) {
    return 'silent';
  }
  if (own.kind === 'answered') {
    return isRunning(own.value, node) ? 'running' : 'not-running';
  }
  return isRefusal(own.error) ? 'refused' : 'silent';
}

const isRunning = (rows: readonly NodeRow[], node: string): boolean =>
  rows.some(({ name, isRunning: running }) => name === node && running);
