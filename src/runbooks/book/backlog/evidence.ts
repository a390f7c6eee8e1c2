import { z } from 'zod';
import type { Answered, Answers, Look, Unseen } from '../../look.ts';
import { answerTo } from '../../look.ts';
import type { Doubt, StepContext } from '../../runbook.ts';
import { parseQueueName } from '../../snapshot/families.ts';
import { queueKey } from '../../snapshot/history.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { emptyInMs, RATE_WINDOW_MS } from '../../snapshot/trends.ts';
import { count, counted, some, span } from '../../snapshot/words.ts';
import type { Verdict } from '../../verdict.ts';
import {
  type ConsumedQueue,
  consumersOf,
  isHung,
  probeOfConsumer,
  probeOfQueue,
  type QueueConsumer,
  type RestartTarget,
  restartTargets,
} from '../common/consumers.ts';

/** What a pile of ready messages is: draining, never read, left by its reader, read slowly, or read by one that hangs. */

export const backlogFacts = z.object({
  vhost: z.string(),
  name: z.string(),
  ready: z.number(),
  unacknowledged: z.number().optional(),
  /** Absent: they could not be counted, which is not none. */
  consumers: z.number().optional(),
  perMinute: z.number().optional(),
  /** How long the samples span that `perMinute` was taken from. */
  overMs: z.number().optional(),
  /** What was read a second, if a source said so and can be believed. */
  ackRate: z.number().optional(),
  publishRate: z.number().optional(),
  kind: z.enum(['nobody-reads', 'reader-gone', 'not-draining']),
  service: z.string().optional(),
  /** Ready messages above which it is a backlog. */
  level: z.number(),
});
export type BacklogFacts = z.infer<typeof backlogFacts>;
type Facts = BacklogFacts;
type Context = StepContext<Facts>;

/** A queue that will be empty by then is draining; a slower one wants a person's eye. */
const DRAINING_MS = 1_800_000;
const NAMED = 4;
/** At most so many readers are pinged one by one. */
const LIKELY_READERS = 5;
/**
 * So long a rate may tell of what was read before its readers hung: a channel counts every 5 s, the node gathers that
 * every 5 s, and a rate spans the last 5 s (RabbitMQ's default `collect_statistics_interval`).
 */
const RATE_LAGS_MS = 15_000;

/** Draining by itself, and done soon: nothing to tell anybody. */
export function isDraining({ history }: Observation, { vhost, name }: ConsumedQueue): boolean {
  const leftMs = emptyInMs(history.queues[queueKey(vhost, name)]?.ready ?? []);
  return leftMs !== undefined && leftMs <= DRAINING_MS;
}

/** Nobody seen reading is nobody only where the sweep says so; a listing that is missing names no reader either. */
export function targetsOf({ facts: seen, now, answered }: Context): readonly RestartTarget[] {
  const isKnown = seen.kind === 'reader-gone' || consumersOf(now, seen).length > 0;
  return isKnown ? restartTargets(now, seen, answered) : [];
}

/** The queue itself, what feeds it, and pings to who reads it. */
export function looksFor({ facts: seen, now }: Context): readonly Look[] {
  const mayProbe = seen.kind === 'not-draining' && parseQueueName(seen.name).kind === 'topic';
  const direct = consumersOf(now, seen).flatMap((reader) => probeOfConsumer(seen, reader) ?? []);
  return [
    { look: 'queue', vhost: seen.vhost, name: seen.name },
    { look: 'bindings', vhost: seen.vhost, queue: seen.name },
    ...(mayProbe ? [probeOfQueue(seen), ...direct.slice(0, LIKELY_READERS)] : []),
  ];
}

/** What was seen of it, a line each. */
export function backlogEvidenceLines({ facts: seen, answered, now }: Context): readonly string[] {
  const readers = consumersOf(now, seen);
  const probe = answerTo(answered, probeOfQueue(seen));
  const bindings = answerTo(answered, { look: 'bindings', vhost: seen.vhost, queue: seen.name });
  const leftMs = emptyInMs(now.history.queues[queueKey(seen.vhost, seen.name)]?.ready ?? []);
  const rates = ratesOf({ facts: seen, answered });
  return [
    `${count(freshReady({ facts: seen, answered }) ?? seen.ready)} ready` +
      (seen.unacknowledged === undefined ? '' : `, ${count(seen.unacknowledged)} unacknowledged`),
    ...(leftMs === undefined ? [] : [`Draining: empty in about ${span(leftMs)} at this rate`]),
    ...(rates === undefined ? [] : [`As the broker counts it: ${rates.words}`]),
    ...(readers.length === 0 ? ['No reader is known'] : []),
    ...readers
      .slice(0, LIKELY_READERS)
      .map((reader) => `Read by ${reader.id}${pingWords(seen, reader, answered)}`),
    fedWords(bindings),
    probe.kind === 'probe'
      ? `${seen.name} ${answerWords(probe)}`
      : `No ping to ${seen.name}: ${probe.because}`,
  ];
}

function fedWords(answer: Answers['bindings'] | Unseen): string {
  // Not read is not none.
  if (answer.kind === 'unseen') return `Its bindings could not be read: ${answer.because}`;
  return answer.bindings.length === 0
    ? 'Bound to no named exchange'
    : `Fed by ${some([...new Set(answer.bindings.map(({ exchange }) => exchange))], NAMED)}`;
}

function pingWords(seen: Facts, reader: QueueConsumer, answered: Answered): string {
  const probe = probeOfConsumer(seen, reader);
  const answer = probe && answerTo(answered, probe);
  return answer?.kind === 'probe' ? `: it ${answerWords(answer)}` : '';
}

/** What came of a ping, after the name of who was asked. */
function answerWords({ verdict, tookMs, how }: Answers['probe']): string {
  switch (verdict) {
    case 'alive':
      return `answered a ping (${how})`;
    case 'deaf':
      return `did not answer a ping within ${Math.max(1, Math.round(tookMs / 1000))} s`;
    case 'absent':
      return `has nobody to ping (${how})`;
    case 'unreachable':
      return `could not be pinged (${how})`;
  }
}

/** What it is, in the order in which harmless answers come first. */
export function judge(context: Context): Verdict | Doubt {
  const { facts: seen, answered, now } = context;
  const { backlogReady } = now.settings.detection;
  const fresh = answerTo(answered, { look: 'queue', vhost: seen.vhost, name: seen.name });
  if (fresh.kind === 'unseen') return no(`I could not read the queue: ${fresh.because}`);
  const rows = fresh.byNode.flatMap(({ row }) => (row ? [row] : []));
  if (rows.length === 0) return no('The queue is gone.');
  if (rows.some(({ type }) => type === 'stream')) return no('It is a stream: what it holds is its log.');
  const ready = freshReady(context);
  if (ready === undefined) return no('Its messages could not be counted.');
  if (ready <= backlogReady) return no(`It is down to ${counted(ready, 'message')}.`);
  const leftMs = emptyInMs(now.history.queues[queueKey(seen.vhost, seen.name)]?.ready ?? []);
  if (leftMs !== undefined && leftMs <= DRAINING_MS) {
    return no(`It is draining, and empty in about ${span(leftMs)}. Nothing to repair.`);
  }
  if (seen.kind === 'nobody-reads') {
    return no(
      `Nobody reads ${seen.name}: it takes notifications that no service asks for. Turn them off in the services, ` +
        'set a message TTL by a policy, or name it under `ignoreQueues`. I delete nothing here.',
    );
  }
  return seen.kind === 'reader-gone' ? judgeGone(context) : judgeReaders(context, leftMs !== undefined);
}

function judgeGone(context: Context): Verdict {
  const { facts: seen } = context;
  const [target] = targetsOf(context);
  return target
    ? { go: true, because: `Nobody reads ${seen.name}, which ${target.service} should.` }
    : no(
        `Nobody reads ${seen.name}, and I do not know where its service runs. ` +
          'Is the service up? Is its host still in use? If not, the queue can go.',
      );
}

function judgeReaders(context: Context, isFalling: boolean): Verdict | Doubt {
  const { facts: seen, answered, now } = context;
  const readers = consumersOf(now, seen);
  const deaf = readers.filter((reader) => isHung(seen, reader, answered) === true);
  const alive = readers.filter((reader) => isHung(seen, reader, answered) === false);
  const probe = answerTo(answered, probeOfQueue(seen));
  const verdict = probe.kind === 'probe' ? probe.verdict : undefined;
  const rates = ratesOf(context);
  const isReading = isFalling || (rates?.ack ?? 0) > 0;
  // While something is read they do not all hang: a busy process lets a ping wait too.
  const hung = isReading && deaf.length === readers.length ? [] : deaf;
  // A ping to the queue itself waits behind the whole backlog: unanswered, it does not prove that a reader hangs.
  if (hung.length === 0 && (verdict === 'alive' || alive.length > 0 || isReading)) {
    const speeds = rates === undefined ? '' : ` (${rates.words})`;
    const slow = no(
      `Its readers are alive but slower than what comes in${speeds}. Add workers, or look at what makes them slow; ` +
        'a restart would not help.',
    );
    const isSeenAlive = verdict === 'alive' || alive.length > 0 || isFalling;
    return isSeenAlive ? slow : { ...slow, againAfterMs: RATE_LAGS_MS };
  }
  const isStuck = (seen.unacknowledged ?? 0) > 0 && rates?.ack === 0;
  if (hung.length === 0 && verdict !== 'deaf' && !isStuck) {
    const why = probe.kind === 'unseen' ? probe.because : probe.how;
    return no(
      `I cannot tell a hung reader from a slow one: the ping says nothing (${why}). I keep watching.`,
    );
  }
  if (targetsOf(context).length === 0) {
    const ids = (hung.length > 0 ? hung : readers).map(({ id }) => id);
    const who = ids.length === 0 ? 'Its readers hang' : `${some(ids, NAMED)}: hung`;
    return no(
      `${who}, and no entry under “services” says how to restart what reads ${seen.name}. ` +
        'Restart it by hand, or add an entry for next time.',
    );
  }
  if (hung.length > 0) {
    return {
      go: true,
      because: `No answer to a ping: ${some(
        hung.map(({ id }) => id),
        NAMED,
      )}.`,
    };
  }
  const stuck = `${count(seen.unacknowledged ?? 0)} messages are with its readers, and nothing is acknowledged`;
  if (verdict !== 'deaf') return { go: true, because: `${stuck}: they hang.` };
  return {
    go: true,
    because: isStuck
      ? `No answer to a ping, ${stuck}: they hang.`
      : `No answer to a ping behind ${seen.name}: its readers hang, as far as a ping behind ${count(seen.ready)} messages can tell.`,
  };
}

/** What is acknowledged and what comes a second, from the queue itself or from the listing; undefined where nothing says it. */
function ratesOf({ facts: seen, answered }: Pick<Context, 'facts' | 'answered'>) {
  const answer = answerTo(answered, { look: 'queue', vhost: seen.vhost, name: seen.name });
  const rows = answer.kind === 'queue' ? answer.byNode.flatMap(({ row }) => (row ? [row] : [])) : [];
  const ack = highest(rows.map(({ ackRate }) => ackRate)) ?? seen.ackRate;
  const publish = highest(rows.map(({ publishRate }) => publishRate)) ?? seen.publishRate;
  if (ack === undefined) return undefined;
  const comes = publish === undefined ? '' : `, ${publish.toFixed(1)}/s come`;
  return { ack, words: `${ack.toFixed(1)}/s read${comes}` };
}

function highest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Ready messages read from the queue itself: the highest that a node says. */
export function freshReady({
  facts: seen,
  answered,
}: Pick<Context, 'facts' | 'answered'>): number | undefined {
  const answer = answerTo(answered, { look: 'queue', vhost: seen.vhost, name: seen.name });
  if (answer.kind === 'unseen') return undefined;
  return highest(answer.byNode.map(({ row }) => row?.ready));
}

/** `, growing 12/min over the last 45 s`; nothing where it hardly moves, or was not watched long enough. */
export const trendWords = ({
  perMinute: growth = 0,
  overMs = 0,
}: Pick<Facts, 'perMinute' | 'overMs'>): string => {
  if (Math.abs(growth) < 1 || overMs < RATE_WINDOW_MS) return '';
  const rate = growth > 0 ? `growing ${count(growth)}` : `falling ${count(-growth)}`;
  return `, ${rate}/min over the last ${span(overMs)}`;
};

const no = (because: string) => ({ go: false, because }) as const;
