import { z } from 'zod';
import type { Answered, Answers, Look, Unseen } from '../../look.ts';
import { answerTo } from '../../look.ts';
import type { Doubt, StepContext } from '../../runbook.ts';
import { parseQueueName } from '../../snapshot/families.ts';
import { queueKey } from '../../snapshot/history.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { emptyInMs, RATE_WINDOW_MS } from '../../snapshot/trends.ts';
import type { Verdict } from '../../verdict.ts';
import { count, counted, some, span } from '../../wording/words.ts';
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

/**
 * Evidence that tells what a backlog is: draining, never consumed, left by its consumer, consumed slowly, or held by a
 * consumer that hangs.
 */

/** Facts of a backlog. Stored incidents hold them: names of fields and of kinds do not change (`reader-gone`). */
export const backlogFacts = z.object({
  vhost: z.string(),
  name: z.string(),
  ready: z.number(),
  unacknowledged: z.number().optional(),
  /** Absent: the broker gave no count, which is not a count of none. */
  consumers: z.number().optional(),
  perMinute: z.number().optional(),
  /** How long the samples span that `perMinute` was taken from. */
  overMs: z.number().optional(),
  /** Messages acknowledged a second, if a source said so and can be believed. */
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

/** Time within which a draining queue must be empty; a slower one needs a person's attention. */
const DRAINING_MS = 1_800_000;
const NAMED = 4;
/** Most consumers that are called one by one. */
const LIKELY_CONSUMERS = 5;
/**
 * Time for which a rate may still show what was consumed before the consumers hung: a channel counts every 5 s, the node
 * collects that every 5 s, and a rate spans the last 5 s (RabbitMQ's default `collect_statistics_interval`).
 */
const RATE_LAGS_MS = 15_000;

/** Whether the queue drains by itself and will be empty soon, so that it is no finding. */
export function isDraining({ history }: Observation, { vhost, name }: ConsumedQueue): boolean {
  const leftMs = emptyInMs(history.queues[queueKey(vhost, name)]?.ready ?? []);
  return leftMs !== undefined && leftMs <= DRAINING_MS;
}

/** Services to restart. No consumer in the listing means none only where the sweep says so: a missing listing names none either. */
export function targetsOf({ facts: seen, now, answered }: Context): readonly RestartTarget[] {
  const isKnown = seen.kind === 'reader-gone' || consumersOf(now, seen).length > 0;
  return isKnown ? restartTargets(now, seen, answered) : [];
}

/** Looks at the queue itself, at its bindings, and RPC calls to its consumers. */
export function looksFor({ facts: seen, now }: Context): readonly Look[] {
  const mayProbe = seen.kind === 'not-draining' && parseQueueName(seen.name).kind === 'topic';
  const direct = consumersOf(now, seen).flatMap((consumer) => probeOfConsumer(seen, consumer) ?? []);
  return [
    { look: 'queue', vhost: seen.vhost, name: seen.name },
    { look: 'bindings', vhost: seen.vhost, queue: seen.name },
    ...(mayProbe ? [probeOfQueue(seen), ...direct.slice(0, LIKELY_CONSUMERS)] : []),
  ];
}

/** Evidence lines about the queue. */
export function backlogEvidenceLines({ facts: seen, answered, now }: Context): readonly string[] {
  const consumers = consumersOf(now, seen);
  const probe = answerTo(answered, probeOfQueue(seen));
  const bindings = answerTo(answered, { look: 'bindings', vhost: seen.vhost, queue: seen.name });
  const leftMs = emptyInMs(now.history.queues[queueKey(seen.vhost, seen.name)]?.ready ?? []);
  const rates = ratesOf({ facts: seen, answered });
  return [
    `${count(freshReady({ facts: seen, answered }) ?? seen.ready)} ready` +
      (seen.unacknowledged === undefined ? '' : `, ${count(seen.unacknowledged)} unacknowledged`),
    ...(leftMs === undefined
      ? []
      : [`It is draining and will be empty in about ${span(leftMs)} at this rate`]),
    ...(rates === undefined ? [] : [`The broker reports ${rates.words}`]),
    ...(consumers.length === 0 ? ['No consumer is known'] : []),
    ...consumers
      .slice(0, LIKELY_CONSUMERS)
      .map((consumer) => `Consumed by ${consumer.id}${callWords(seen, consumer, answered)}`),
    bindingWords(bindings),
    probe.kind === 'probe'
      ? `${seen.name} ${answerWords(probe)}`
      : `I made no RPC call to ${seen.name}: ${probe.because}`,
  ];
}

function bindingWords(answer: Answers['bindings'] | Unseen): string {
  // Not seen is not none.
  if (answer.kind === 'unseen') {
    return `I could not list its bindings: ${answer.because}`;
  }
  return answer.bindings.length === 0
    ? 'It is bound to no named exchange'
    : `It receives messages from ${some([...new Set(answer.bindings.map(({ exchange }) => exchange))], NAMED)}`;
}

function callWords(seen: Facts, consumer: QueueConsumer, answered: Answered): string {
  const probe = probeOfConsumer(seen, consumer);
  const answer = probe && answerTo(answered, probe);
  return answer?.kind === 'probe' ? `: it ${answerWords(answer)}` : '';
}

/** Result of an RPC call, to follow the name of what was called. */
function answerWords({ verdict, tookMs, how }: Answers['probe']): string {
  switch (verdict) {
    case 'alive':
      return `answered an RPC call (${how})`;
    case 'deaf':
      return `did not answer an RPC call within ${span(tookMs)}`;
    case 'absent':
      return `has no RPC server to call (${how})`;
    case 'unreachable':
      return `could not be called (${how})`;
  }
}

/** Verdict on what the backlog is; harmless explanations come first. */
export function judge(context: Context): Verdict | Doubt {
  const { facts: seen, answered, now } = context;
  const { backlogReady } = now.settings.detection;
  const fresh = answerTo(answered, { look: 'queue', vhost: seen.vhost, name: seen.name });
  if (fresh.kind === 'unseen') {
    return no(`I could not query the queue: ${fresh.because}`);
  }
  const rows = fresh.byNode.flatMap(({ row }) => (row ? [row] : []));
  if (rows.length === 0) {
    return no('The queue no longer exists.');
  }
  if (rows.some(({ type }) => type === 'stream')) {
    return no('The queue is a stream: what it holds is its log.');
  }
  const ready = freshReady(context);
  if (ready === undefined) {
    return no('The broker reports no message count for it.');
  }
  if (ready <= backlogReady) {
    return no(`It holds only ${counted(ready, 'ready message')} now.`);
  }
  const leftMs = emptyInMs(now.history.queues[queueKey(seen.vhost, seen.name)]?.ready ?? []);
  if (leftMs !== undefined && leftMs <= DRAINING_MS) {
    return no(`It is draining and will be empty in about ${span(leftMs)}. There is nothing to repair.`);
  }
  if (seen.kind === 'nobody-reads') {
    return no(
      `No service consumes ${seen.name}: it collects notifications that no service asks for. Turn notifications off in ` +
        'the services, set a message TTL by a policy, or add the queue to `ignoreQueues`. I delete nothing here.',
    );
  }
  return seen.kind === 'reader-gone' ? judgeGone(context) : judgeConsumers(context, leftMs !== undefined);
}

function judgeGone(context: Context): Verdict {
  const { facts: seen } = context;
  const [target] = targetsOf(context);
  return target
    ? { go: true, because: `${seen.name} has no consumer, although ${target.service} should consume it.` }
    : no(
        `${seen.name} has no consumer, and I do not know where its service runs. ` +
          'Is the service up? Is its host still in use? If not, the queue can be deleted.',
      );
}

function judgeConsumers(context: Context, isFalling: boolean): Verdict | Doubt {
  const { facts: seen, answered, now } = context;
  const consumers = consumersOf(now, seen);
  const deaf = consumers.filter((consumer) => isHung(seen, consumer, answered) === true);
  const alive = consumers.filter((consumer) => isHung(seen, consumer, answered) === false);
  const probe = answerTo(answered, probeOfQueue(seen));
  const verdict = probe.kind === 'probe' ? probe.verdict : undefined;
  const rates = ratesOf(context);
  const isConsuming = isFalling || (rates?.ack ?? 0) > 0;
  // While messages are acknowledged not all consumers hang: a busy process lets a call wait too.
  const hung = isConsuming && deaf.length === consumers.length ? [] : deaf;
  // A call to the queue itself waits behind the whole backlog: no answer does not prove that a consumer hangs.
  if (hung.length === 0 && (verdict === 'alive' || alive.length > 0 || isConsuming)) {
    const speeds = rates === undefined ? '' : ` (${rates.words})`;
    const slow = no(
      `Its consumers are alive, but messages arrive faster than they are consumed${speeds}. Add workers, or find out ` +
        'what makes the consumers slow; a restart would not help.',
    );
    const isSeenAlive = verdict === 'alive' || alive.length > 0 || isFalling;
    return isSeenAlive ? slow : { ...slow, againAfterMs: RATE_LAGS_MS };
  }
  const isStuck = (seen.unacknowledged ?? 0) > 0 && rates?.ack === 0;
  if (hung.length === 0 && verdict !== 'deaf' && !isStuck) {
    const why = probe.kind === 'unseen' ? probe.because : probe.how;
    return no(
      `I cannot tell whether its consumer hangs or is only slow: the RPC call proved nothing (${why}). I keep watching.`,
    );
  }
  if (targetsOf(context).length === 0) {
    const ids = (hung.length > 0 ? hung : consumers).map(({ id }) => id);
    const who =
      ids.length === 0 ? 'Its consumers hang' : `${some(ids, NAMED)} ${ids.length === 1 ? 'hangs' : 'hang'}`;
    return no(
      `${who}, and no entry under “services” says how to restart the consumers of ${seen.name}. ` +
        'Restart them by hand, or add an entry for next time.',
    );
  }
  if (hung.length > 0) {
    return {
      go: true,
      because: `${some(
        hung.map(({ id }) => id),
        NAMED,
      )} did not answer an RPC call.`,
    };
  }
  const stuck = `ts consumers hold ${counted(seen.unacknowledged ?? 0, 'unacknowledged message')} and acknowledge none`;
  if (verdict !== 'deaf') {
    return { go: true, because: `I${stuck}: they hang.` };
  }
  return {
    go: true,
    because: isStuck
      ? `No server answered an RPC call, and i${stuck}: they hang.`
      : `No server answered an RPC call to ${seen.name}: its consumers probably hang. This is not certain: the call waits behind ${counted(seen.ready, 'ready message')}.`,
  };
}

/** Rates of acknowledging and publishing, from the queue itself or from the listing; undefined where neither has them. */
function ratesOf({ facts: seen, answered }: Pick<Context, 'facts' | 'answered'>) {
  const answer = answerTo(answered, { look: 'queue', vhost: seen.vhost, name: seen.name });
  const rows = answer.kind === 'queue' ? answer.byNode.flatMap(({ row }) => (row ? [row] : [])) : [];
  const ack = highest(rows.map(({ ackRate }) => ackRate)) ?? seen.ackRate;
  const publish = highest(rows.map(({ publishRate }) => publishRate)) ?? seen.publishRate;
  if (ack === undefined) {
    return undefined;
  }
  const published = publish === undefined ? '' : `, ${publish.toFixed(1)}/s published`;
  return { ack, words: `${ack.toFixed(1)}/s acknowledged${published}` };
}

function highest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Ready messages of the queue itself, asked fresh: the highest number that a node reports. */
export function freshReady({
  facts: seen,
  answered,
}: Pick<Context, 'facts' | 'answered'>): number | undefined {
  const answer = answerTo(answered, { look: 'queue', vhost: seen.vhost, name: seen.name });
  if (answer.kind === 'unseen') {
    return undefined;
  }
  return highest(answer.byNode.map(({ row }) => row?.ready));
}

/** Trend such as `, growing 12/min over the last 45 s`; empty where the number hardly moves, or was not watched long enough. */
export const trendWords = ({
  perMinute: growth = 0,
  overMs = 0,
}: Pick<Facts, 'perMinute' | 'overMs'>): string => {
  if (Math.abs(growth) < 1 || overMs < RATE_WINDOW_MS) {
    return '';
  }
  const rate = growth > 0 ? `growing ${count(growth)}` : `falling ${count(-growth)}`;
  return `, ${rate}/min over the last ${span(overMs)}`;
};

const no = (because: string) => ({ go: false, because }) as const;
