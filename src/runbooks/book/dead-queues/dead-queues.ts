import { z } from 'zod';
import { definite } from '../../definite.ts';
import type { FactLine } from '../../runbook.ts';
import { ignoring, mayBeFamily, parseQueueName, type QueueName } from '../../snapshot/families.ts';
import { queueKey } from '../../snapshot/history.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { perMinute, RATE_WINDOW_MS, spanOf } from '../../snapshot/trends.ts';
import { count, counted, some, spanSoFar } from '../../wording/words.ts';

/**
 * Queues that one process declared for itself and that have no consumer any more: what fanout queues and reply queues have
 * in common. How they are proved dead, deleted and checked is in deletion.ts.
 */

/** Most queues in one plan: people must be able to read what they approve. */
const MAX_DELETIONS = 25;
/** Most siblings kept by name, to check afterwards that they are untouched. */
const MAX_SIBLINGS = 50;
const NAMED = 3;

const deadQueue = z.object({
  name: z.string(),
  ready: z.number().optional(),
  sinceMs: z.number().optional(),
  /** Ready messages gained a minute. */
  perMinute: z.number().optional(),
  /** How long the samples span that `perMinute` was taken from. */
  overMs: z.number().optional(),
});
type DeadQueue = z.infer<typeof deadQueue>;

export const deadFacts = z.object({
  vhost: z.string(),
  family: z.string(),
  /** The fullest first; no more than one plan deletes. */
  queues: z.array(deadQueue),
  /** How many there are in all. */
  total: z.number(),
  /** Ready messages in all of them. */
  ready: z.number(),
  seenAtMs: z.number(),
  /** Members of the family that have a consumer, by name (the first fifty), and how many they are. */
  siblings: z.array(z.string()),
  siblingsTotal: z.number(),
});
export type DeadFacts = z.infer<typeof deadFacts>;

/** Families with at least one queue that has no consumer, as the sweep saw them. */
export function deadFamilies(
  { snapshot, history, settings }: Observation,
  belongs: (name: QueueName) => string | undefined,
): readonly DeadFacts[] {
  const isIgnored = ignoring(settings.detection.ignoreQueues);
  const families = new Map<string, { dead: DeadQueue[]; alive: string[]; vhost: string; family: string }>();
  for (const queue of snapshot.queues.rows) {
    if (!mayBeFamily(queue.name)) {
      continue;
    }
    const family = belongs(parseQueueName(queue.name));
    // A stream keeps what it was given and needs no consumer.
    if (family === undefined || queue.type === 'stream' || isIgnored(queue.name)) {
      continue;
    }
    const key = queueKey(queue.vhost, family);
    const known = families.get(key) ?? { dead: [], alive: [], vhost: queue.vhost, family };
    families.set(key, known);
    if ((queue.consumers ?? 0) > 0) {
      known.alive.push(queue.name);
    }
    // No count of consumers is not a count of none.
    if (queue.consumers !== 0) {
      continue;
    }
    const track = history.queues[queueKey(queue.vhost, queue.name)];
    const growth = track && perMinute(track.ready);
    known.dead.push({
      name: queue.name,
      ...definite({ ready: queue.ready, sinceMs: track?.consumerlessSinceMs }),
      ...(track === undefined || growth === undefined
        ? {}
        : { perMinute: growth, overMs: spanOf(track.ready) }),
    });
  }
  return [...families.values()].map(({ dead, alive, vhost, family }) => ({
    vhost,
    family,
    queues: dead,
    total: dead.length,
    ready: dead.reduce((sum, { ready }) => sum + (ready ?? 0), 0),
    seenAtMs: snapshot.takenAtMs,
    siblings: alive.toSorted().slice(0, MAX_SIBLINGS),
    siblingsTotal: alive.length,
  }));
}

/** The family with only those queues that pass the test, the fullest first. */
export function narrowed(family: DeadFacts, test: (queue: DeadQueue) => boolean): DeadFacts {
  const queues = family.queues
    .filter(test)
    .toSorted((one, other) => (other.ready ?? 0) - (one.ready ?? 0) || one.name.localeCompare(other.name));
  return {
    ...family,
    queues: queues.slice(0, MAX_DELETIONS),
    total: queues.length,
    ready: queues.reduce((sum, { ready }) => sum + (ready ?? 0), 0),
  };
}

/** Test whether a queue has had no consumer for this long, in every sweep that could see it. */
export const isConsumerlessFor =
  (ms: number, nowMs: number) =>
  ({ sinceMs }: DeadQueue): boolean =>
    sinceMs !== undefined && nowMs - sinceMs >= ms;

export const subjectOf = ({ queues, total, family }: DeadFacts): string =>
  total === 1 ? (queues[0]?.name ?? family) : `${counted(total, 'queue')} of ${family}`;

/** Time without a consumer, of the queue that has been without one the longest. */
export function consumerlessFor({ queues, seenAtMs }: DeadFacts): string | undefined {
  const since = queues.flatMap(({ sinceMs }) => (sinceMs === undefined ? [] : [sinceMs]));
  return since.length === 0 ? undefined : spanSoFar(seenAtMs - Math.min(...since));
}

/** Growth to show. A rate from too short a time is a burst: it counts for the limit of a plan, but is not shown. */
export const growthToTell = ({ perMinute: growth, overMs = 0 }: DeadQueue): number | undefined =>
  overMs >= RATE_WINDOW_MS && growth !== undefined && growth >= 1 ? growth : undefined;

export function deadCard(facts: DeadFacts): readonly FactLine[] {
  const growth = facts.queues.reduce((sum, queue) => sum + (growthToTell(queue) ?? 0), 0);
  return [
    {
      label: facts.total === 1 ? 'Queue' : 'Queues',
      value: some(
        facts.queues.map(({ name }) => name),
        NAMED,
        facts.total,
      ),
    },
    {
      label: 'Ready messages',
      value: `${count(facts.ready)}${growth >= 1 ? `, growing ${count(growth)}/min` : ''}`,
    },
    { label: 'No consumer for', value: consumerlessFor(facts) ?? 'not known' },
    {
      label: 'Siblings with a consumer',
      value: `${count(facts.siblingsTotal)} of ${count(facts.siblingsTotal + facts.total)} in ${facts.family}`,
    },
  ];
}
