import type { ConnectionRow, ConsumerRow, QueueRow } from '../../rpc/index.ts';
import type { Side } from '../snapshot/snapshot.ts';
import type { CollectNode, Limits } from './collect-node.ts';
import { messageOf } from './node-view.ts';

/** A listing of one side: its rows, or whose share is missing and why. Missing is not empty. */
export type Part<Row> =
  | { readonly kind: 'listed'; readonly node: string; readonly rows: readonly Row[] }
  | { readonly kind: 'missing'; readonly node: string; readonly why: string };

export interface SideListing {
  /** One part for each node that was asked: one for the side, or each member by its metrics. */
  readonly queues: readonly Part<QueueRow>[];
  /** Do the queue rows carry their consumers? The totals listing does not know them. */
  readonly queuesCountConsumers: boolean;
  readonly consumers: Part<ConsumerRow>;
  readonly connections: Part<ConnectionRow>;
}

/** Of the time left: what the metrics may take before the totals listing is asked instead. */
const METRICS_SHARE = 0.5;

/** Lists one side's queues, consumers and connections, all at once, through its first node; `left` is the time left. */
export async function listSide(
  side: Side,
  members: readonly CollectNode[],
  left: () => Limits,
): Promise<SideListing> {
  const [asked] = members;
  if (asked === undefined) {
    const nobody = { kind: 'missing', node: side.members.join(', '), why: 'there is nobody to ask' } as const;
    return { queues: [nobody], queuesCountConsumers: false, consumers: nobody, connections: nobody };
  }
  const [queues, consumers, connections] = await Promise.all([
    listQueues(asked, members, left),
    part(asked.name, asked.management.consumers(left())),
    part(asked.name, asked.management.connections(left())),
  ]);
  return { ...queues, consumers, connections };
}

/** By every member's metrics, because each knows only its own queues; by one totals listing if any of them fails. */
async function listQueues(
  asked: CollectNode,
  members: readonly CollectNode[],
  left: () => Limits,
): Promise<Pick<SideListing, 'queues' | 'queuesCountConsumers'>> {
  const quick = { ...left(), timeoutMs: left().timeoutMs * METRICS_SHARE };
  const own = members.flatMap(({ name, metrics }) => (metrics === undefined ? [] : [{ name, metrics }]));
  if (own.length === members.length) {
    const parts = await Promise.all(own.map(({ name, metrics }) => part(name, metrics.queues(quick))));
    if (parts.every(({ kind }) => kind === 'listed')) return { queues: parts, queuesCountConsumers: true };
  }
  const totals = await part(asked.name, asked.management.queueTotals(left()));
  return { queues: [totals], queuesCountConsumers: false };
}

const part = <Row>(node: string, rows: Promise<readonly Row[]>): Promise<Part<Row>> =>
  rows.then(
    (listed): Part<Row> => ({ kind: 'listed', node, rows: listed }),
    (thrown: unknown): Part<Row> => ({ kind: 'missing', node, why: messageOf(thrown) }),
  );
