import type { Run, RunEnd, RunState } from '../../run.ts';
import { activeStates } from '../../run.ts';
import { leftBehind, whatItDid } from './effects.ts';

/** Does the run still want something? */
export const isActive = (run: Run): boolean => activeStates.includes(run.state);

/** Why a run ends: for programs and for people. */
export interface Ending {
  readonly state: RunState;
  readonly endedBy: RunEnd;
  readonly because: string;
}

/** Ends a run: every end has its time and its reason, and says what it leaves behind for people to do. */
export function end(run: Run, { state, endedBy, because }: Ending, atMs: number): Run {
  const left = state === 'done' ? undefined : leftBehind(run);
  const full = /[.!?]$/.test(because) ? because : `${because}.`;
  return {
    ...run,
    state,
    because: left === undefined ? because : `${full} ${left}`,
    endedBy,
    endedAtMs: atMs,
  };
}

/** The end of a run that did not repair what it was to repair. */
export const failedWith = (
  kind: Exclude<RunEnd['kind'], 'cancelled' | 'given-up' | 'approval-lost'>,
  because: string,
): Ending => ({ state: 'failed', endedBy: { kind }, because });

/** A person has stopped it: what was done stays done. */
export const endCancelled = (run: Run, by: string, atMs: number): Run =>
  end(
    run,
    {
      state: 'cancelled',
      endedBy: { kind: 'cancelled', by },
      because: `${by} cancelled it${whatItDid(run)}`,
    },
    atMs,
  );
