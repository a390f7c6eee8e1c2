import type { Deletion, Impact, PlanLimits } from '../../limits.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { count, counted } from '../../snapshot/words.ts';
import type { EngineTools } from '../common/tools.ts';

/** What all deletions of a plan take together; undefined when it deletes nothing. */
export function impactOf(deletions: readonly Deletion[]): Impact | undefined {
  return deletions.length === 0
    ? undefined
    : { queues: deletions.length, messages: deletions.reduce((sum, { messages }) => sum + messages, 0) };
}

/**
 * Which limits a plan goes over, one sentence each. Over any of them it needs the votes of many things at once; that it does
 * only a part of what is `wanted` changes nothing about it.
 */
export function whatIsOver(
  deletions: readonly Deletion[],
  wanted: number,
  now: Observation,
  { limits, deletedLastHour }: Pick<EngineTools, 'limits' | 'deletedLastHour'>,
): readonly string[] {
  const toll = impactOf(deletions);
  if (toll === undefined) return [];
  const { queues, messages } = toll;
  return [
    ...(Math.max(queues, wanted) > limits.queuesPerRun
      ? [
          `${wanted > queues ? `It begins with ${count(queues)} of` : 'It deletes'} ${counted(Math.max(queues, wanted), 'queue')}; ` +
            `a run may delete ${count(limits.queuesPerRun)}`,
        ]
      : []),
    ...(messages > limits.messagesPerRun
      ? [`It loses up to ${counted(messages, 'message')}; a run may lose ${count(limits.messagesPerRun)}`]
      : []),
    ...sharesOver(deletions, now, limits),
    ...(deletedLastHour + queues > limits.deletionsPerHour
      ? [
          `With the ${count(deletedLastHour)} of the last hour it deletes ${count(deletedLastHour + queues)} queues; ` +
            `an hour may see ${count(limits.deletionsPerHour)}`,
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
    // One queue is never a share: else a small vhost would make everybody used to the way around the limits.
    if (ours <= 1) return [];
    // What could not be counted is not many.
    if (snapshot.queues.missing.length > 0) return [`The queues of vhost ${vhost} could not all be counted`];
    const all = snapshot.queues.rows.filter((queue) => queue.vhost === vhost).length;
    return ours * 100 > all * vhostPercent
      ? [
          `It deletes ${count(ours)} of the ${count(all)} queues of vhost ${vhost}; a run may delete ${vhostPercent} %`,
        ]
      : [];
  });
}
