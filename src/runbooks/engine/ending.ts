import type { Run, RunState } from '../run.ts';
import { activeStates } from '../run.ts';

/** Does the run still want something? */
export const isActive = (run: Run): boolean => activeStates.includes(run.state);

/** Ends a run: every end has its time and its reason. */
export function end(run: Run, state: RunState, because: string, atMs: number): Run {
  return { ...run, state, because, endedAtMs: atMs };
}
