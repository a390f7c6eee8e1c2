import type { Verdict } from '../verdict.ts';
import type { Snapshot } from './snapshot.ts';
import { answeringNodes, partitionsSeen, rowOf } from './views.ts';

/** Is the cluster whole and without alarms? Nothing is deleted while it is not: a queue without a consumer may get one afterwards. */
export function isCalm(snapshot: Snapshot): Verdict {
  const [apart] = partitionsSeen(snapshot).keys();
  if (apart !== undefined) {
    return { go: false, because: `${apart} lists a partition.` };
  }
  for (const { name, answer } of answeringNodes(snapshot)) {
    const own = rowOf(answer, name);
    if (own?.hasMemoryAlarm === true) {
      return { go: false, because: `${name} has a memory alarm.` };
    }
    if (own?.hasDiskAlarm === true) {
      return { go: false, because: `${name} has a disk alarm.` };
    }
    if (own?.hasMemoryAlarm === undefined || own.hasDiskAlarm === undefined) {
      return { go: false, because: `${name} does not report whether it has an alarm.` };
    }
  }
  return { go: true };
}
