import { count, counted } from '../../snapshot/words.ts';
import { type DeadContext, highestReady, queueDetailsOf } from './dead-rows.ts';

/** What is lost when queues that nobody reads are deleted: the number that people agree to. */

/** An approval may take five minutes, and its check and the deletions some more. */
const MINUTES_TO_APPROVE = 10;
const LOST_LINES = 5;

/**
 * So many messages people agree to lose: what is there, and what comes while they read and approve. It may grow
 * meanwhile, but not become another queue.
 */
export function ceilingOf(context: DeadContext, name: string): number {
  const ready = readyOf(context, name);
  const queue = context.facts.queues.find((candidate) => candidate.name === name);
  const growth = Math.max(0, queue?.perMinute ?? 0) * MINUTES_TO_APPROVE;
  return ready + Math.ceil(Math.max(ready * 0.05, 100, growth));
}

/** Messages in it: its own row may be seconds older than the listing, so the higher number counts. */
export function readyOf({ facts, before, answered }: DeadContext, name: string): number {
  const listed = facts.queues.find((queue) => queue.name === name)?.ready ?? 0;
  const approved =
    highestReady(queueDetailsOf(before, facts, name)) ?? highestReady(queueDetailsOf(answered, facts, name));
  return Math.max(listed, approved ?? 0);
}

/** What is thrown away: one line a queue, or one for all of many. */
export function deadLost(context: DeadContext): readonly string[] {
  const { queues, family } = context.facts;
  const atMost = queues.map(({ name }) => ceilingOf(context, name));
  if (queues.length > LOST_LINES) {
    const sum = atMost.reduce((all, one) => all + one, 0);
    return [
      `At most ${count(sum)} unread messages in ${counted(queues.length, 'queue')} of ${family}, with what still comes before it is deleted`,
    ];
  }
  return queues.map(
    ({ name }, index) =>
      `At most ${count(atMost[index] ?? 0)} unread messages in ${name}, with what still comes before it is deleted`,
  );
}
