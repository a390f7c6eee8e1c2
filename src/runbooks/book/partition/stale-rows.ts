import type { Observation } from '../../snapshot/observation.ts';
import { answeringNodes, disagreements, partitionsSeen, rowOf, viewOf } from '../../snapshot/views.ts';

/** A node younger than this may still be listed as cut off by rows that have not caught up (about 6 s, measured). */
const RESIDUE_MS = 15_000;

/**
 * Is what lists a partition only old rows? They stay for about six seconds after a split has healed. While it lasts the
 * sides also say that the other does not run; so where all views agree that all run, and a node of each pair has just
 * started, it is over.
 */
export function isStaleRow(now: Observation): boolean {
  const { snapshot, settings } = now;
  const allRun = answeringNodes(snapshot).every(({ answer }) =>
    answer.peers.every(({ isRunning }) => isRunning),
  );
  if (!allRun || disagreements(snapshot).length > 0) {
    return false;
  }
  // Autoheal restarts the losing side by itself, and leaves the rows behind.
  if (settings.partitionHandling === 'autoheal') {
    return true;
  }
  return [...partitionsSeen(snapshot)].every(([name, others]) =>
    [name, ...others].some((node) => hasJustStarted(now, node)),
  );
}

/** Is the node so young that the others' views of it may not have caught up? */
export function hasJustStarted({ snapshot, history }: Observation, name: string): boolean {
  const answer = viewOf(snapshot, name)?.answer;
  const uptimeMs = answer?.kind === 'answered' ? rowOf(answer, name)?.uptimeMs : undefined;
  const restartedAtMs = history.nodes[name]?.restartedAtMs;
  return (
    (uptimeMs !== undefined && uptimeMs < RESIDUE_MS) ||
    (restartedAtMs !== undefined && snapshot.takenAtMs - restartedAtMs < RESIDUE_MS)
  );
}
