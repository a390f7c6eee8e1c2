import type { Run, RunState } from '../../run.ts';
import { activeStates } from '../../run.ts';
import { leftBehind, whatItDid } from './effects.ts';

/** Does the run still want something? */
export const isActive = (run: Run): boolean => activeStates.includes(run.state);

/** Ends a run: every end has its time and its reason, and says what it leaves behind for people to do. */
export function end(run: Run, state: RunState, because: string, atMs: number): Run {
  const left = state === 'done' ? undefined : leftBehind(run);
  const full = /[.!?]$/.test(because) ? because : `${because}.`;
  return { ...run, state, because: left === undefined ? because : `${full} ${left}`, endedAtMs: atMs };
}

/** A person has stopped it: what was done stays done. */
export const endCancelled = (run: Run, by: string, atMs: number): Run => ({
  ...end(run, 'cancelled', `${by} cancelled it${whatItDid(run)}`, atMs),
  endedBy: by,
});
