import { counted } from '../../wording/words.ts';
import { type DeadContext, highestReady, queueDetailsOf } from './dead-rows.ts';

/** Loss when queues without a consumer are deleted: the number that people agree to. */

/** Minutes from a plan to its last deletion: an approval may take five, its check and the deletions some more. */
const MINUTES_TO_APPROVE = 10;
const LOST_LINES = 5;

/**
 * Most messages that people agree to lose: what the queue holds, and what arrives while they read and approve. The queue
 * may grow meanwhile, but not become another queue.
 */
export function ceilingOf(context: DeadContext, name: string): number {
  const ready = readyOf(context, name);
  const queue = context.facts.queues.find((candidate) => candidate.name === name);
  const growth = Math.max(0, queue?.perMinute ?? 0) * MINUTES_TO_APPROVE;
  return ready + Math.ceil(Math.max(ready * 0.05, 100, growth));
}

/** Ready messages of a queue: its own row may be seconds older than the listing, so the higher number counts. */
export function readyOf({ facts, before, answered }: DeadContext, name: string): number {
  const listed = facts.queues.find((queue) => queue.name === name)?.ready ?? 0;
  const approved =
    highestReady(queueDetailsOf(before, facts, name)) ?? highestReady(queueDetailsOf(answered, facts, name));
  return Math.max(listed, approved ?? 0);
}

/** Lines about what is discarded: one line a queue, or one for all of many. */
export function deadLost(context: DeadContext): readonly string[] {
  const { queues, family } = context.facts;
  const atMost = queues.map(({ name }) => ceilingOf(context, name));
  if (queues.length > LOST_LINES) {
    const sum = atMost.reduce((all, one) => all + one, 0);
    return [
      `At most ${counted(sum, 'ready message')} in ${counted(queues.length, 'queue')} of ${family}, including what arrives before the deletion`,
    ];
  }
  return queues.map(
    ({ name }, index) =>
      `At most ${counted(atMost[index] ?? 0, 'ready message')} in ${name}, including what arrives before the deletion`,
  );
}
