import { counted } from '../wording/words.ts';
import type { DeletionDigest } from './deletions.ts';
import type { Digest } from './digest-of.ts';

/** What became of the repairs, in one sentence. */
export function runsLine({ runs, refusals }: Digest): string {
  const parts = [
    [runs.done, 'done'],
    [runs.failed, 'failed'],
    [runs.stopped, 'stopped before changing anything'],
    [runs.expired, 'expired without approval'],
    [runs.cancelled, 'cancelled'],
    [runs.underWay, 'running'],
    [runs.waiting, runs.waiting === 1 ? 'waits for approval' : 'wait for approval'],
    [refusals, refusals === 1 ? 'click refused' : 'clicks refused'],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`);
  return told.length === 0 ? 'None.' : `${told.join(', ')}.`;
}

/** What a run has deleted for good: never left to be read between the lines. */
export const deletionLine = ({ cluster, incident, run, queues, messages }: DeletionDigest): string =>
  `${cluster}: ${counted(queues, 'queue')}, at most ${counted(messages, 'message')} (${run}, ${incident})`;
