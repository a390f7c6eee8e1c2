import { z } from 'zod';
import type { Answered, Look, QueueDetail } from '../look.ts';
import { answerTo } from '../look.ts';
import type { FactLine, StepContext, StepVerdict, Verdict } from '../runbook.ts';
import { ignoring, mayBeFamily, parseQueueName, type QueueName } from './families.ts';
import { queueKey } from './history.ts';
import { shortQueue } from './names.ts';
import type { Observation } from './observation.ts';
import type { QueueSeen } from './snapshot.ts';
import { perMinute } from './trends.ts';
import { configured, speaking } from './views.ts';
import { count, counted, some, span } from './words.ts';

/**
 * Queues that one process made for itself and that nobody reads any more. What fanout copies and reply queues have in
 * common: how they are found, proved dead, deleted and checked.
 */

/** At most so many in one plan: people must be able to read what they approve. */
export const MAX_DELETIONS = 25;
/** Siblings kept by name, to check afterwards that they are untouched. */
const MAX_SIBLINGS = 50;
const NAMED = 3;

export const deadQueue = z.object({
  name: z.string(),
  ready: z.number().optional(),
  sinceMs: z.number().optional(),
  /** Ready messages gained a minute. */
  perMinute: z.number().optional(),
});
export type DeadQueue = z.infer<typeof deadQueue>;

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
  /** Members of the family that somebody reads, by name (the first fifty), and how many they are. */
  siblings: z.array(z.string()),
  siblingsTotal: z.number(),
});
export type DeadFacts = z.infer<typeof deadFacts>;
type Context = StepContext<DeadFacts>;

/** Families with at least one queue that nobody reads, as the sweep saw them. */
export function deadFamilies(
  { snapshot, history, settings }: Observation,
  belongs: (name: QueueName) => string | undefined,
): readonly DeadFacts[] {
  const isIgnored = ignoring(settings.detection.ignoreQueues);
  const families = new Map<string, { dead: DeadQueue[]; alive: string[]; vhost: string; family: string }>();
  for (const queue of snapshot.queues.rows) {
    if (!mayBeFamily(queue.name)) continue;
    const family = belongs(parseQueueName(queue.name));
    // A stream keeps what it was given and needs no reader; a quorum queue is no copy that a process left behind.
    if (family === undefined || queue.type === 'stream' || isIgnored(queue.name)) continue;
    const key = queueKey(queue.vhost, family);
    const known = families.get(key) ?? { dead: [], alive: [], vhost: queue.vhost, family };
    families.set(key, known);
    if ((queue.consumers ?? 0) > 0) known.alive.push(queue.name);
    // No count of consumers is not a count of none.
    if (queue.consumers !== 0) continue;
    const track = history.queues[queueKey(queue.vhost, queue.name)];
    const growth = track && perMinute(track.ready);
    known.dead.push({
      name: queue.name,
      ...(queue.ready === undefined ? {} : { ready: queue.ready }),
      ...(track?.consumerlessSinceMs === undefined ? {} : { sinceMs: track.consumerlessSinceMs }),
      ...(growth === undefined ? {} : { perMinute: growth }),
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

/** Only those that pass, the fullest first. */
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

/** Has nobody read it for so long, in every sweep that could see it? */
export const isUnreadFor =
  (ms: number, nowMs: number) =>
  ({ sinceMs }: DeadQueue): boolean =>
    sinceMs !== undefined && nowMs - sinceMs >= ms;

export const subjectOf = ({ queues, total, family }: DeadFacts): string =>
  total === 1 ? (queues[0]?.name ?? family) : `${counted(total, 'queue')} of ${family}`;

/** How long the longest has gone without a reader. */
export function unreadFor({ queues, seenAtMs }: DeadFacts): string | undefined {
  const since = queues.flatMap(({ sinceMs }) => (sinceMs === undefined ? [] : [sinceMs]));
  return since.length === 0 ? undefined : span(seenAtMs - Math.min(...since));
}

export function deadCard(facts: DeadFacts): readonly FactLine[] {
  const growth = facts.queues.reduce((sum, queue) => sum + (queue.perMinute ?? 0), 0);
  return [
    {
      label: facts.total === 1 ? 'Queue' : 'Queues',
      value: some(
        facts.queues.map(({ name }) => name),
        NAMED,
      ),
    },
    {
      label: 'Unread messages',
      value: `${count(facts.ready)}${growth >= 1 ? `, growing ${count(growth)}/min` : ''}`,
    },
    { label: 'No reader for', value: unreadFor(facts) ?? 'not known' },
    {
      label: 'Siblings with a reader',
      value: `${count(facts.siblingsTotal)} of ${count(facts.siblingsTotal + facts.total)} in ${facts.family}`,
    },
  ];
}

const queueLook = ({ vhost }: DeadFacts, name: string) => ({ look: 'queue', vhost, name }) as const;

export const deadLooks = ({ facts }: Context): readonly Look[] =>
  facts.queues.flatMap(({ name }): readonly Look[] => [
    queueLook(facts, name),
    { look: 'bindings', vhost: facts.vhost, queue: name },
  ]);

/** What was seen of each queue, one line each. */
export function deadLines({ facts, answered, now }: Context): readonly string[] {
  return [
    ...facts.queues.map((queue) => {
      const answer = answerTo(answered, queueLook(facts, queue.name));
      if (answer.kind === 'unseen') return `${queue.name}: could not be read: ${answer.because}`;
      const rows = rowsOf(answered, facts, queue.name);
      const [row] = rows;
      if (!row) return `${queue.name}: no longer there`;
      const bindings = answerTo(answered, { look: 'bindings', vhost: facts.vhost, queue: queue.name });
      const fed =
        bindings.kind === 'unseen'
          ? 'bindings not seen'
          : bindings.bindings.length === 0
            ? 'bound to nothing'
            : `bound to ${some([...new Set(bindings.bindings.map(({ exchange }) => exchange))], NAMED)}`;
      return [
        `${queue.name}: ${row.type ?? 'type not known'}`,
        `${sumConsumers(rows)} consumers on ${counted(answer.byNode.length, 'node')}`,
        `${count(highestReady(rows) ?? 0)} ready`,
        ...(queue.perMinute === undefined || queue.perMinute < 1
          ? []
          : [`growing ${count(queue.perMinute)}/min`]),
        ...(row.expiresMs === undefined
          ? ['x-expires absent']
          : [`expires after ${span(row.expiresMs)} unused`]),
        fed,
        ...(queue.sinceMs === undefined
          ? []
          : [`no reader for ${span(now.snapshot.takenAtMs - queue.sinceMs)}`]),
      ].join(', ');
    }),
    ...(facts.total > facts.queues.length
      ? [`${count(facts.total - facts.queues.length)} more wait for the next plan`]
      : []),
    `${counted(facts.siblingsTotal, 'sibling')} of ${facts.family} ${facts.siblingsTotal === 1 ? 'has' : 'have'} a reader`,
  ];
}

/** Is every one of them proved to be without a reader? One that is not blocks the plan. */
export function areProvedDead(context: Context): Verdict {
  const { facts, answered, now } = context;
  const wanted = Math.min(2, configured(now.snapshot).length);
  let remaining = 0;
  for (const { name } of facts.queues) {
    const answer = answerTo(answered, queueLook(facts, name));
    if (answer.kind === 'unseen') return no(`I could not read ${shortQueue(name)}: ${answer.because}`);
    if (answer.byNode.length < wanted) {
      return no(
        `Only ${counted(answer.byNode.length, 'node')} answered about ${shortQueue(name)}; I want two views.`,
      );
    }
    const rows = rowsOf(answered, facts, name);
    if (rows.length === 0) continue;
    const refusal = whyKeep(rows);
    if (refusal) return no(`${shortQueue(name)}: ${refusal}`);
    remaining += 1;
  }
  return remaining === 0 ? no('They are gone already; nothing is left to delete.') : { go: true };
}

/** Why this queue must not be deleted; undefined when nothing speaks for it. */
function whyKeep(rows: readonly QueueDetail[]): string | undefined {
  if (rows.some(({ type }) => type === 'stream')) {
    return 'it is a stream: what it holds is its log, limited by its retention. Nothing to clean.';
  }
  if (rows.some(({ type }) => type === 'quorum')) {
    return 'it is a quorum queue, and the broker does not protect those with if-unused. I will not delete it.';
  }
  if (rows.some(({ type }) => type !== 'classic')) return 'its type is not known, so I will not delete it.';
  if (rows.some(({ consumers }) => consumers === undefined)) return 'its consumers could not be counted.';
  if (sumConsumers(rows) > 0) return 'a consumer has come back: it is healthy.';
  return undefined;
}

/** The approved number and a little more: it may grow while people read, but not become another queue. */
export function ceilingOf({ facts, before, answered }: Context, name: string): number {
  const approved =
    highestReady(rowsOf(before, facts, name)) ??
    highestReady(rowsOf(answered, facts, name)) ??
    facts.queues.find((queue) => queue.name === name)?.ready ??
    0;
  return approved + Math.max(Math.ceil(approved * 0.05), 100);
}

/** Asked on fresh data just before each deletion. */
export function mayDelete(context: Context): StepVerdict {
  const { facts, answered, target = '', now } = context;
  const answer = answerTo(answered, queueLook(facts, target));
  if (answer.kind === 'unseen') return { kind: 'stop', because: `I could not read it: ${answer.because}` };
  if (answer.byNode.length < Math.min(2, configured(now.snapshot).length)) {
    return { kind: 'stop', because: `only ${counted(answer.byNode.length, 'node')} answered about it` };
  }
  const rows = rowsOf(answered, facts, target);
  if (rows.length === 0) return { kind: 'skip', because: 'it is gone already' };
  if (sumConsumers(rows) > 0) return { kind: 'skip', because: 'a consumer has come back: it is healthy' };
  const refusal = whyKeep(rows);
  if (refusal) return { kind: 'stop', because: refusal };
  const ready = highestReady(rows);
  if (ready === undefined) return { kind: 'stop', because: 'its messages could not be counted' };
  const ceiling = ceilingOf(context, target);
  if (ready > ceiling) {
    return {
      kind: 'stop',
      because: `it holds ${count(ready)} messages now, more than the ${count(ceiling)} approved. Diagnose again.`,
    };
  }
  return { kind: 'go' };
}

/** Are the deleted queues gone on every node that answers, and the siblings as they were? */
export function isClean({ facts, answered, now }: Context, names: readonly string[]): Verdict {
  const wanted = Math.min(2, configured(now.snapshot).length);
  for (const name of names) {
    const answer = answerTo(answered, queueLook(facts, name));
    if (answer.kind === 'unseen') return no(`I could not look for ${shortQueue(name)}: ${answer.because}`);
    if (answer.byNode.length < wanted) {
      return no(`only ${counted(answer.byNode.length, 'node')} answered about ${shortQueue(name)}`);
    }
    const rows = rowsOf(answered, facts, name);
    // One that was left alone because a consumer came back is healthy, and stays.
    if (rows.length > 0 && sumConsumers(rows) === 0) return no(`${shortQueue(name)} is still there`);
  }
  return areSiblingsUntouched(facts, now, names);
}

function areSiblingsUntouched(facts: DeadFacts, now: Observation, gone: readonly string[]): Verdict {
  if (speaking(now.snapshot).length === 0) return no('no node answers');
  const rows = now.snapshot.queues.rows.filter(({ vhost }) => vhost === facts.vhost);
  const read = new Set(rows.filter(isRead).map(({ name }) => name));
  const lost = facts.siblings.filter((name) => !read.has(name));
  const inFamily = rows.filter((row) => isRead(row) && familyOf(row.name) === facts.family).length;
  // A process that restarts meanwhile takes its queue along and brings a new one.
  if (lost.length > 0 && inFamily < facts.siblingsTotal) {
    return no(`${counted(lost.length, 'sibling')} lost its reader: ${some(lost.map(shortQueue), NAMED)}`);
  }
  return {
    go: true,
    because: `${counted(gone.length, 'queue')} gone; ${counted(inFamily, 'sibling')} with a reader, as before`,
  };
}

const isRead = ({ consumers }: QueueSeen): boolean => (consumers ?? 0) > 0;

/** The family that a queue's name puts it in. */
export function familyOf(name: string): string | undefined {
  const parsed = parseQueueName(name);
  if (parsed.kind === 'reply') return 'reply';
  return parsed.kind === 'fanout' ? parsed.family : undefined;
}

/** What is thrown away, one line a queue that holds something. */
export function deadLost({ facts, answered }: Context): readonly string[] {
  return facts.queues.flatMap(({ name, ready }) => {
    const messages = highestReady(rowsOf(answered, facts, name)) ?? ready ?? 0;
    return messages === 0 ? [] : [`${count(messages)} unread messages in ${name}`];
  });
}

const rowsOf = (answered: Answered, facts: DeadFacts, name: string): readonly QueueDetail[] => {
  const answer = answerTo(answered, queueLook(facts, name));
  return answer.kind === 'queue' ? answer.byNode.flatMap(({ row }) => (row ? [row] : [])) : [];
};

const sumConsumers = (rows: readonly QueueDetail[]): number =>
  rows.reduce((sum, { consumers }) => sum + (consumers ?? 0), 0);

function highestReady(rows: readonly QueueDetail[]): number | undefined {
  const ready = rows.flatMap((row) => (row.ready === undefined ? [] : [row.ready]));
  return ready.length === 0 ? undefined : Math.max(...ready);
}

const no = (because: string): Verdict => ({ go: false, because });
