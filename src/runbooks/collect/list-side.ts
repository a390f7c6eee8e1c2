import type { ConnectionRow, ConsumerRow, ManagementApi, QueueRow } from '../../rpc/index.ts';
import type { ObjectTotals, Side } from '../snapshot/snapshot.ts';
import type { Limits } from './collect-node.ts';
import { shortfall } from './shortfall.ts';
import type { Part, SweptNode } from './swept-node.ts';

export interface SideListing {
  /** One part for each node that was asked: one for the side, or each member by its metrics. */
  readonly queues: readonly Part<QueueRow>[];
  readonly consumers: Part<ConsumerRow>;
  readonly connections: Part<ConnectionRow>;
}

/** A third of a millisecond of the broker's time each. */
const TYPES_ASKED = 200;

/**
 * Lists one side's queues, consumers and connections, all at once, through the first of its members, and holds each against
 * what that node counts; `left` is the time left. The queues by metrics only where those of all nodes together are whole.
 */
export async function listSide(
  side: Side,
  members: readonly SweptNode[],
  known: { readonly counted: ObjectTotals; readonly areMetricsWhole: boolean },
  left: () => Limits,
): Promise<SideListing> {
  const { counted, areMetricsWhole } = known;
  const [asked] = members;
  if (asked === undefined) {
    const nobody = { kind: 'missing', node: side.members.join(', '), why: 'there is nobody to ask' } as const;
    return { queues: [nobody], consumers: nobody, connections: nobody };
  }
  const [queues, consumers, connections] = await Promise.all([
    areMetricsWhole ? listQueues(asked, members, counted.queues, left) : listTotals(asked, counted.queues),
    asked.consumers(),
    asked.connections(),
  ]);
  return {
    queues,
    consumers: unlessShort('consumers', consumers, counted.consumers),
    connections: unlessShort('connections', connections, counted.connections),
  };
}

/**
 * By every member's metrics, because each knows only its own queues; by one totals listing if any of them fails, or if all
 * together fall short.
 */
async function listQueues(
  asked: SweptNode,
  members: readonly SweptNode[],
  counted: number | undefined,
  left: () => Limits,
): Promise<readonly Part<QueueRow>[]> {
  const own = members.flatMap(({ ownQueues }) => ownQueues ?? []);
  if (own.length === members.length) {
    const parts = await Promise.all(own.map((ask) => ask()));
    const listed = parts.reduce((sum, each) => sum + (each.kind === 'listed' ? each.rows.length : 0), 0);
    const isWhole = shortfall('queues', listed, counted) === undefined;
    if (isWhole && parts.every(({ kind }) => kind === 'listed')) {
      return withTypes(parts, asked.node.management, left);
    }
  }
  return listTotals(asked, counted);
}

const listTotals = async (
  asked: SweptNode,
  counted: number | undefined,
): Promise<readonly Part<QueueRow>[]> => [unlessShort('queues', await asked.queues(), counted)];

/** A listing far below what the node counts is missing as a whole: nobody can tell which rows are left out. */
function unlessShort<Row>(what: string, listing: Part<Row>, counted: number | undefined): Part<Row> {
  if (listing.kind === 'missing') return listing;
  const why = shortfall(what, listing.rows.length, counted);
  return why === undefined ? listing : { kind: 'missing', node: listing.node, why };
}

/**
 * Metrics give no types, and a stream keeps its messages after they were read: taken for a queue, it would be a backlog
 * for ever. So the fullest are asked for theirs, one by one, without statistics, which is quick.
 */
async function withTypes(
  parts: readonly Part<QueueRow>[],
  api: ManagementApi,
  left: () => Limits,
): Promise<readonly Part<QueueRow>[]> {
  const fullest = parts
    .flatMap((each) => (each.kind === 'listed' ? each.rows : []))
    .filter(({ ready = 0 }) => ready > 0)
    .toSorted((one, other) => (other.ready ?? 0) - (one.ready ?? 0))
    .slice(0, TYPES_ASKED);
  const typed = new Map<QueueRow, QueueRow>();
  await Promise.all(
    fullest.map(async (row) => {
      // A queue that is gone meanwhile, or does not say: its type stays absent.
      const basics = await api.queue(row.vhost, row.name, { ...left(), stats: false }).catch(() => undefined);
      if (basics?.type !== undefined) typed.set(row, { ...row, type: basics.type });
    }),
  );
  return parts.map((each) =>
    each.kind === 'listed' ? { ...each, rows: each.rows.map((row) => typed.get(row) ?? row) } : each,
  );
}
