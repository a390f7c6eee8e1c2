import type { ConnectionRow, ConsumerRow, ObjectTotals, QueueRow } from '../../rpc/index.ts';
import type { Side } from '../snapshot/snapshot.ts';
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
/** People are shown the fullest queues, however full they are. */
const TYPES_ALWAYS_ASKED = 10;

/** What is known when a side is listed. */
interface Known {
  /** What a node counts of its own accord. */
  readonly countedBy: (member: SweptNode) => ObjectTotals;
  /** How many nodes it sees running: it lists what is on those, and nothing of the others. */
  readonly reachOf: (member: SweptNode) => number;
  readonly areMetricsWhole: boolean;
  /** Fuller queues than this are asked for their types. */
  readonly typesAbove: number;
  /** The time left, whenever it is asked. */
  readonly left: () => Limits;
}

type Members = readonly [SweptNode, ...SweptNode[]];

/**
 * Lists one side's queues, consumers and connections, all at once, each through the first of its members that does not fail,
 * and holds them against what that node counts. The queues by metrics only where those of all nodes together are whole.
 */
export async function listSide(
  side: Side,
  [first, ...others]: readonly SweptNode[],
  known: Known,
): Promise<SideListing> {
  if (first === undefined) {
    const none = { kind: 'missing', node: side.members.join(', '), why: 'there is no node to ask' } as const;
    return { queues: [none], consumers: none, connections: none };
  }
  const members: Members = [first, ...others];
  const [queues, consumers, connections] = await Promise.all([
    known.areMetricsWhole ? listQueues(members, known) : listTotals(members, known),
    through(members, 'consumers', (member) => member.consumers(), known),
    through(members, 'connections', (member) => member.connections(), known),
  ]);
  return { queues, consumers, connections };
}

/**
 * By every member's metrics, because each knows only its own queues; by one totals listing if any of them fails, or if all
 * together fall short.
 */
async function listQueues(members: Members, known: Known): Promise<readonly Part<QueueRow>[]> {
  const own = members.flatMap(({ ownQueues }) => ownQueues ?? []);
  if (own.length === members.length) {
    const parts = await Promise.all(own.map((ask) => ask()));
    const listed = parts.reduce((sum, each) => sum + (each.kind === 'listed' ? each.rows.length : 0), 0);
    const isWhole = shortfall('queues', listed, known.countedBy(members[0]).queues) === undefined;
    if (isWhole && parts.every(({ kind }) => kind === 'listed')) {
      return withTypes(parts, members, known);
    }
  }
  return listTotals(members, known);
}

async function listTotals(members: Members, known: Known): Promise<readonly Part<QueueRow>[]> {
  const part = await through(members, 'queues', (member) => member.queues(), known);
  return withTypes([part], members, known);
}

/**
 * Through the first member, and if it fails through the next that sees as much; if all do, it is missing for the reason of the
 * first. A listing that falls short is asked of no other node: what hides rows from us mostly does so at every node, and at
 * every sweep.
 */
async function through<Row>(
  [member, ...others]: Members,
  what: 'queues' | 'consumers' | 'connections',
  ask: (member: SweptNode) => Promise<Part<Row>>,
  known: Known,
): Promise<Part<Row>> {
  const part = await ask(member);
  if (part.kind === 'listed') {
    return unlessShort(what, part, known.countedBy(member)[what]);
  }
  const [next, ...rest] = others;
  if (next === undefined || known.reachOf(next) < known.reachOf(member)) {
    return part;
  }
  if (known.left().timeoutMs <= 0) {
    return part;
  }
  const other = await through([next, ...rest], what, ask, known);
  return other.kind === 'listed' ? other : part;
}

/** The listing, or a missing one where it is far below what the node counts: it is not known which rows are left out. */
function unlessShort<Row>(
  what: string,
  listing: Extract<Part<Row>, { kind: 'listed' }>,
  counted: number | undefined,
): Part<Row> {
  const why = shortfall(what, listing.rows.length, counted);
  return why === undefined ? listing : { kind: 'missing', node: listing.node, why };
}

/**
 * Rows with their types. Neither metrics nor totals give types, and a stream keeps its messages after they were consumed: taken for a queue, it would be
 * a backlog for ever. So the fullest are asked for theirs, one by one, without statistics, which is quick; and those that run
 * and give no numbers, as streams do in totals (3.10), because their consumers are in no listing either.
 */
async function withTypes(
  parts: readonly Part<QueueRow>[],
  members: Members,
  { typesAbove, left }: Known,
): Promise<readonly Part<QueueRow>[]> {
  const lister = members.find(({ node }) => node.name === parts[0]?.node) ?? members[0];
  const api = lister.node.management;
  const rows = parts.flatMap((each) => (each.kind === 'listed' ? each.rows : []));
  const silent = rows.filter(({ ready, state }) => ready === undefined && state === 'running');
  const fullest = rows
    .filter(({ ready = 0 }) => ready > 0)
    .toSorted((one, other) => (other.ready ?? 0) - (one.ready ?? 0))
    .filter(({ ready = 0 }, index) => index < TYPES_ALWAYS_ASKED || ready > typesAbove);
  const typed = new Map<QueueRow, QueueRow>();
  await Promise.all(
    [...fullest, ...silent].slice(0, TYPES_ASKED).map(async (row) => {
      // A queue that is gone meanwhile, or does not say: its type stays absent.
      const basics = await api.queue(row.vhost, row.name, { ...left(), stats: false }).catch(() => undefined);
      if (basics?.type !== undefined) {
        typed.set(row, { ...row, type: basics.type });
      }
    }),
  );
  return parts.map((each) =>
    each.kind === 'listed' ? { ...each, rows: each.rows.map((row) => typed.get(row) ?? row) } : each,
  );
}
