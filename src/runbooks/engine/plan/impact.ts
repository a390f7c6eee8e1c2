import type { Deletion, Impact, PlanLimits } from '../../limits.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { count, counted } from '../../wording/words.ts';
import type { EngineTools } from '../common/tools.ts';

/** Impact of all deletions of a plan; undefined when it deletes nothing. */
export function impactOf(deletions: readonly Deletion[]): Impact | undefined {
  return deletions.length === 0
    ? undefined
    : { queues: deletions.length, messages: deletions.reduce((sum, { messages }) => sum + messages, 0) };
}

/**
 * Limits that a plan goes over, one sentence each. Over any of them it needs the votes of many things at once; that it does
 * only a part of what is `wanted` changes nothing about it.
 */
export function whatIsOver(
  deletions: readonly Deletion[],
  wanted: number,
  now: Observation,
  { limits, deletedLastHour }: Pick<EngineTools, 'limits' | 'deletedLastHour'>,
): readonly string[] {
  const toll = impactOf(deletions);
  if (toll === undefined) {
    return [];
  }
  const { queues, messages } = toll;
  return [
    ...(Math.max(queues, wanted) > limits.queuesPerRun
      ? [
          `${wanted > queues ? `It begins with ${count(queues)} of` : 'It deletes'} ${counted(Math.max(queues, wanted), 'queue')}; ` +
            `one run may delete at most ${count(limits.queuesPerRun)}`,
        ]
      : []),
    ...(messages > limits.messagesPerRun
      ? [
          `It loses up to ${counted(messages, 'message')}; one run may lose at most ${count(limits.messagesPerRun)}`,
        ]
      : []),
    ...sharesOver(deletions, now, limits),
    ...(deletedLastHour + queues > limits.deletionsPerHour
      ? [
          `With the ${count(deletedLastHour)} deleted in the last hour, this makes ${count(deletedLastHour + queues)} deleted queues; ` +
            `at most ${count(limits.deletionsPerHour)} may be deleted in an hour`,
        ]
      : []),
  ];
}

function sharesOver(
  deletions: readonly Deletion[],
  { snapshot }: Observation,
  { vhostPercent }: PlanLimits,
): readonly string[] {
  return [...new Set(deletions.map(({ vhost }) => vhost))].flatMap((vhost) => {
    const ours = deletions.filter((deletion) => deletion.vhost === vhost).length;
    // One queue is always allowed: else people with a small vhost would get used to the way around the limits.
    if (ours <= 1) {
      return [];
    }
    // No count is not a high count.
    if (snapshot.queues.missing.length > 0) {
      return [`I could not count all queues of vhost ${vhost}`];
    }
    const all = snapshot.queues.rows.filter((queue) => queue.vhost === vhost).length;
    return ours * 100 > all * vhostPercent
      ? [
          `It deletes ${count(ours)} of the ${count(all)} queues of vhost ${vhost}; one run may delete at most ${vhostPercent} %`,
        ]
      : [];
  });
}
