import { setMaxListeners } from 'node:events';
import { definite } from '../../rpc/index.ts';
import type { Clock } from '../clock.ts';
import { sidesOf } from '../snapshot/sides.ts';
import type { NodeView, Side, Snapshot } from '../snapshot/snapshot.ts';
import type { CollectNode, ConsumersAsked, Limits } from './collect-node.ts';
import { listSide, type SideListing } from './list-side.ts';
import { mergeConnections, mergeConsumers, mergeQueues } from './merge.ts';
import { nodeView } from './node-view.ts';
import { type SweptNode, sweptNode } from './swept-node.ts';
import { countedBy, haveAllAnswered, isHidden, listersOf, reachOf } from './who-lists.ts';

/** `/api/nodes` answers in milliseconds at any size of the broker: a node that needs longer than this is not answering. */
const FIRST_ASK_MS = 5_000;
/** Of the deadline; the listings of a side whose members all answered late need the rest. */
const FIRST_ASK_SHARE = 0.4;

/**
 * One sweep: asks every node how it sees the cluster, and lists queues, consumers and connections once a side. The first
 * node that answers is asked for its listings at once, while the others still say how they see the cluster. The sweep
 * answers within the deadline whatever the nodes do, and says what could not be seen instead of failing.
 */
export async function collectSnapshot(sweep: {
  readonly cluster: string;
  /** In the order of the configuration. */
  readonly nodes: readonly CollectNode[];
  readonly deadlineMs: number;
  /** @default 'named' */
  readonly consumers?: ConsumersAsked;
  /** Queues with more ready messages than this are asked for their types, for a stream is no backlog. @default 0 */
  readonly typesAbove?: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}): Promise<Snapshot> {
  const { cluster, nodes, deadlineMs, consumers = 'named', typesAbove = 0, clock, signal } = sweep;
  const now = () => clock.now();
  const takenAtMs = now();
  const within = (timeoutMs: number): Limits => ({ timeoutMs, ...definite({ signal }) });

  const firstAsk = within(Math.min(FIRST_ASK_MS, deadlineMs * FIRST_ASK_SHARE));
  // What was begun and is not wanted after all must not hold its socket, nor the broker, until the deadline.
  const over = new AbortController();
  const untilOver = AbortSignal.any([over.signal, ...(signal === undefined ? [] : [signal])]);
  // Each request under way hears it, and those for the types of queues are many; Node warns of more than ten.
  setMaxListeners(0, untilOver);
  const rest = (): Limits => ({ timeoutMs: takenAtMs + deadlineMs - now(), signal: untilOver });
  const swept = nodes.map((node) => sweptNode(node, consumers, rest));
  const hasAllMetrics = swept.every(({ ownQueues }) => ownQueues !== undefined);
  // In the order in which they answered.
  const answered: SweptNode[] = [];
  const views = await Promise.all(
    swept.map((each) =>
      nodeView(each.node, firstAsk, now, () => {
        answered.push(each);
        begin(each, { isFirst: answered.length === 1, hasAllMetrics });
      }),
    ),
  );
  const sides = sidesOf(views);

  const known = {
    areMetricsWhole: haveAllAnswered(views),
    countedBy: (member: SweptNode) => countedBy(member, views),
    reachOf: (member: SweptNode) => reachOf(member, views),
    typesAbove,
    left: rest,
  };
  const listings = await Promise.all(
    sides.map((side) => listSide(side, listersOf(side, answered, views), known)),
  );
  over.abort();
  const listers = listings.flatMap(({ queues }) => queues.map(({ node }) => node));
  const hidden = views.filter((view) => isHidden(view, listers, views)).map(hiddenShare);

  return {
    cluster,
    takenAtMs,
    tookMs: now() - takenAtMs,
    nodes: views,
    sides: sides.map((side, index) => withClients(side, listings[index])),
    queues: mergeQueues(listings, hidden),
    connections: mergeConnections(listings, hidden),
    consumers: mergeConsumers(listings, hidden),
  };
}

/** Begins what will most probably be wanted; the broker's slowest listing need not wait for the last view. */
function begin(swept: SweptNode, how: { readonly isFirst: boolean; readonly hasAllMetrics: boolean }): void {
  if (how.hasAllMetrics) {
    void swept.ownQueues?.();
  }
  if (!how.isFirst) {
    return;
  }
  if (!how.hasAllMetrics) {
    void swept.queues();
  }
  void swept.consumers();
  void swept.connections();
}

const hiddenShare = (view: NodeView) => ({
  node: view.name,
  why: view.answer.kind === 'silent' ? view.answer.message : '',
});

function withClients(side: Side, listing: SideListing | undefined): Side {
  if (listing?.connections.kind !== 'listed') {
    return side;
  }
  const own = listing.connections.rows.filter(({ node }) => side.members.includes(node));
  return { ...side, clientConnections: own.length };
}
