import { z } from 'zod';
import { definite } from '../../definite.ts';
import type { Answer, Look } from '../../look.ts';
import { queueKey } from '../../snapshot/history.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { entryOfQueue } from '../../snapshot/owners.ts';
import { type ProbeTrack, streakOf } from '../../snapshot/probe-history.ts';
import { rpcNameOf } from '../../snapshot/rpc-queues.ts';
import type { QueueSeen } from '../../snapshot/snapshot.ts';
import { PROBE_STALE_MS } from './deaf-service-evidence.ts';
import { suspectsOf } from './probe-suspects.ts';
import { named } from './treated-queues.ts';

/** Queues that have consumers and that no exchange routes to: every request to them is lost, while everything looks healthy. */

const NAMED_IN_FACTS = 25;
/** Probes in a row that prove it. A queue is bound before it is consumed, so two in a row are no moment in between. */
const PROBES_THAT_PROVE = 2;
const MAX_CANDIDATES = 4;

export const unboundFacts = z.object({
  vhost: z.string(),
  topic: z.string(),
  /** Where they should be bound, if that is known. */
  exchange: z.string().optional(),
  /** How that is known. */
  knownFrom: z.enum(['memory', 'configuration', 'siblings']).optional(),
  queues: z.array(z.object({ name: z.string(), consumers: z.number() })),
  total: z.number(),
  /** Where it is not known: exchanges that route to other services' queues. */
  candidates: z.array(z.string()),
  service: z.string().optional(),
  sinceMs: z.number(),
  seenAtMs: z.number(),
});
export type UnboundFacts = z.infer<typeof unboundFacts>;

/** Unbound queues, together where they are of one topic: one cause, one card. */
export function unboundQueues(now: Observation): readonly UnboundFacts[] {
  const { suspects, rows } = suspectsOf(now, 'absent', PROBES_THAT_PROVE);
  const groups = new Map<string, UnboundFacts>();
  for (const { track, row, topic, group, ...own } of suspects) {
    const lost = lostBinding(now, track, row);
    if (lost === undefined) {
      continue;
    }
    const known = groups.get(group);
    const home = known?.exchange === undefined ? homeOf(now, track, rows) : pickHome(known);
    const { service } = known ?? own;
    groups.set(group, {
      vhost: row.vhost,
      topic,
      ...home,
      queues: [...(known?.queues ?? []), lost.queue].slice(0, NAMED_IN_FACTS),
      total: (known?.total ?? 0) + 1,
      candidates: home === undefined ? candidatesOf(now, row.vhost) : [],
      ...definite({ service }),
      sinceMs: Math.min(known?.sinceMs ?? lost.sinceMs, lost.sinceMs),
      seenAtMs: now.snapshot.takenAtMs,
    });
  }
  return [...groups.values()];
}

const pickHome = ({ exchange, knownFrom }: UnboundFacts): Home => ({
  ...definite({ exchange, knownFrom }),
});

type Home = Pick<UnboundFacts, 'exchange' | 'knownFrom'>;

function lostBinding({ snapshot }: Observation, track: ProbeTrack, row: QueueSeen) {
  const consumers = row.consumers ?? 0;
  // Nobody misses a queue without a consumer.
  if (consumers === 0) {
    return undefined;
  }
  // Without its bindings only the probe says so: it may have asked the wrong exchange, or found no consumer.
  const streak = streakOf(track, 'absent').filter(({ bindings }) => bindings !== undefined);
  const first = streak[0];
  const last = streak.at(-1);
  if (first === undefined || last === undefined || streak.length < PROBES_THAT_PROVE) {
    return undefined;
  }
  if (snapshot.takenAtMs - last.atMs > PROBE_STALE_MS) {
    return undefined;
  }
  // Bound under other keys and never seen under its own: it listens, and serves no RPC.
  if (last.bindings === 'other' && track.exchange === undefined) {
    return undefined;
  }
  return {
    queue: { name: row.name, consumers },
    sinceMs: first.atMs,
  };
}

/** Exchange that a queue belongs to: where it was bound, where the operator says, or where the others of its topic or service are. */
function homeOf(
  { probes, settings }: Observation,
  track: ProbeTrack,
  rows: ReadonlyMap<string, QueueSeen>,
): Home | undefined {
  const { vhost, queue, exchange } = track;
  if (exchange !== undefined) {
    return { exchange, knownFrom: 'memory' };
  }
  const entry = entryOfQueue(queue, settings);
  if (entry?.exchange !== undefined) {
    return { exchange: entry.exchange, knownFrom: 'configuration' };
  }
  const isQueue = (name: string): boolean => rows.has(queueKey(vhost, name));
  const { topic } = rpcNameOf(queue, isQueue);
  const bound = Object.values(probes.tracks).filter(
    (one) => one.vhost === vhost && one.exchange !== undefined,
  );
  const ofTopic = bound.filter((one) => rpcNameOf(one.queue, isQueue).topic === topic);
  const ofService = bound.filter((one) => entry !== undefined && entryOfQueue(one.queue, settings) === entry);
  for (const siblings of [ofTopic, ofService]) {
    const homes = new Set(siblings.map((one) => one.exchange));
    const [only] = homes;
    // Siblings that do not agree say nothing.
    if (homes.size === 1 && only !== undefined) {
      return { exchange: only, knownFrom: 'siblings' };
    }
  }
  return undefined;
}

/** Exchanges that route to RPC queues of the vhost, the most used first. */
function candidatesOf({ probes }: Observation, vhost: string): string[] {
  const uses = new Map<string, number>();
  for (const { vhost: its, exchange } of Object.values(probes.tracks)) {
    if (its === vhost && exchange !== undefined) {
      uses.set(exchange, (uses.get(exchange) ?? 0) + 1);
    }
  }
  return [...uses]
    .toSorted(([one, many], [other, more]) => more - many || one.localeCompare(other))
    .map(([exchange]) => exchange)
    .slice(0, MAX_CANDIDATES);
}

/** Words for the bindings of a queue, as a part of a longer line. */
export function bindingWords(bindings: Answer<Extract<Look, { look: 'bindings' }>>): string {
  if (bindings.kind === 'unseen') {
    return `I could not list its bindings: ${bindings.because}`;
  }
  return bindings.bindings.length === 0
    ? 'bound to no named exchange'
    : `bound to ${named(bindings.bindings.map(({ exchange, routingKey }) => `${exchange} with routing key ${routingKey}`))}`;
}
