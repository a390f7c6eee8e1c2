import type { ConsumerRow, QueueRow } from '../../rpc/index.ts';
import { queueKey } from '../snapshot/history.ts';
import type { ConnectionSeen, ConsumerSeen, Listing, QueueSeen } from '../snapshot/snapshot.ts';
import type { SideListing } from './list-side.ts';
import type { Part } from './swept-node.ts';

type Missing = Listing<never>['missing'];
type MutableQueue = { -readonly [K in keyof QueueSeen]: QueueSeen[K] };

/** All sides' queues in one listing. A queue that two sides list is one row, with the higher of each number. */
export function mergeQueues(sides: readonly SideListing[], hidden: Missing): Listing<QueueSeen> {
  const parts = sides.flatMap((side) => side.queues);
  const listings = sides.flatMap((side) => {
    const countOf = consumerCount(side.consumers);
    return side.queues.map((part) => queuesSeen(part, countOf));
  });
  const rows = listings.length === 1 ? (listings[0] ?? []) : [...union(listings)];
  return { rows, missing: [...missingOf(parts), ...hidden] };
}

export function mergeConnections(sides: readonly SideListing[], hidden: Missing): Listing<ConnectionSeen> {
  const parts = sides.map((side) => side.connections);
  const rows = parts.flatMap((part) => (part.kind === 'listed' ? part.rows : []));
  const unique = parts.length === 1 ? rows : [...new Map(rows.map((row) => [row.name, row])).values()];
  return { rows: unique, missing: [...missingOf(parts), ...hidden] };
}

export function mergeConsumers(sides: readonly SideListing[], hidden: Missing): Listing<ConsumerSeen> {
  const parts = sides.map((side) => side.consumers);
  return {
    rows: parts.flatMap((part) => (part.kind === 'listed' ? part.rows : [])),
    missing: [...missingOf(parts), ...hidden],
  };
}

const missingOf = (parts: readonly Part<unknown>[]): Missing =>
  parts.flatMap((part) => (part.kind === 'missing' ? [{ node: part.node, why: part.why }] : []));

/** Number of consumers of a queue, by the consumers listing; undefined when that listing is missing. */
function consumerCount(part: Part<ConsumerRow>): ((queue: QueueRow) => number) | undefined {
  if (part.kind === 'missing') {
    return undefined;
  }
  const vhosts = new Map<string, Map<string, number>>();
  for (const { vhost, queue } of part.rows) {
    const counts = vhosts.get(vhost) ?? new Map<string, number>();
    vhosts.set(vhost, counts.set(queue, (counts.get(queue) ?? 0) + 1));
  }
  return ({ vhost, name }) => vhosts.get(vhost)?.get(name) ?? 0;
}

/** Field by field: ten thousand rows that are copied whole cost more memory than the answer that they came in. */
function queuesSeen(
  part: Part<QueueRow>,
  countOf: ((queue: QueueRow) => number) | undefined,
): MutableQueue[] {
  if (part.kind === 'missing') {
    return [];
  }
  return part.rows.map((row) => {
    const seen: MutableQueue = { vhost: row.vhost, name: row.name, seenBy: part.node };
    if (row.ready !== undefined) {
      seen.ready = row.ready;
    }
    if (row.unacknowledged !== undefined) {
      seen.unacknowledged = row.unacknowledged;
    }
    // A stream's consumers are in no consumers listing (3.10), so none listed says nothing.
    const consumers = row.consumers ?? (row.type === 'stream' ? undefined : countOf?.(row));
    if (consumers !== undefined) {
      seen.consumers = consumers;
    }
    if (row.type !== undefined) {
      seen.type = queueType(row.type);
    }
    if (row.state !== undefined) {
      seen.state = row.state;
    }
    if (row.publishRate !== undefined) {
      seen.publishRate = row.publishRate;
    }
    if (row.ackRate !== undefined) {
      seen.ackRate = row.ackRate;
    }
    return seen;
  });
}

function union(listings: readonly MutableQueue[][]): Iterable<MutableQueue> {
  const byKey = new Map<string, MutableQueue>();
  for (const queue of listings.flat()) {
    const key = queueKey(queue.vhost, queue.name);
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? queue : fuller(known, queue));
  }
  return byKey.values();
}

/** While a cluster is split, the side that does not hold a queue lists it too: down, and without numbers. */
function fuller(one: MutableQueue, other: MutableQueue): MutableQueue {
  const [more, less] = (other.ready ?? -1) > (one.ready ?? -1) ? [other, one] : [one, other];
  const consumers = consumersOfBoth(one.consumers, other.consumers);
  const unacknowledged = higher(one.unacknowledged, other.unacknowledged);
  const merged: MutableQueue = { ...less, ...more };
  if (consumers === undefined) {
    delete merged.consumers;
  } else {
    merged.consumers = consumers;
  }
  if (unacknowledged !== undefined) {
    merged.unacknowledged = unacknowledged;
  }
  return merged;
}

/** A side that does not reach a queue's node counts none of its consumers: with the other side's unknown, so is the sum. */
const consumersOfBoth = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) || undefined : Math.max(one, other);

const higher = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);

/** The types that runbooks tell apart. */
export function queueType(type: string): NonNullable<QueueSeen['type']> {
  switch (type) {
    case 'classic':
    case 'quorum':
    case 'stream':
      return type;
    default:
      return 'unknown';
  }
}
