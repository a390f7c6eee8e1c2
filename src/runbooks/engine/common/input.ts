import type { Outcome, Settled } from '../../action.ts';
import type { Answered } from '../../look.ts';
import type { Vote } from '../../run.ts';
import type { Observation } from '../../snapshot/observation.ts';

/** Something that happened to a run. `advance` turns a run and an input into the next run. */
export type RunInput =
  /** The look that `nextOrder` asked for: a fresh observation and the answers of its looks. */
  | { readonly kind: 'looked'; readonly now: Observation; readonly answered: Answered; readonly atMs: number }
  /** The approver wants another way: a new plan, with a new hash and no votes. */
  | {
      readonly kind: 'chose';
      readonly choice: string;
      readonly now: Observation;
      readonly by: string;
      readonly atMs: number;
    }
  /** An entitled vote for exactly this plan. `isEnough`: the approvals have counted, and the tier is satisfied. */
  | { readonly kind: 'voted'; readonly vote: Vote; readonly isEnough: boolean }
  /** About to execute item `index`: stored before the call. */
  | { readonly kind: 'intended'; readonly index: number; readonly atMs: number }
  | { readonly kind: 'acted'; readonly index: number; readonly outcome: Outcome; readonly atMs: number }
  | { readonly kind: 'settled'; readonly index: number; readonly settled: Settled; readonly atMs: number }
  /** A person did the manual step. */
  | { readonly kind: 'confirmed'; readonly index: number; readonly by: string; readonly atMs: number }
  /** A person says what became of an interrupted action that could not be settled by looking. */
  | {
      readonly kind: 'ruled';
      readonly index: number;
      readonly ruling: 'it-happened' | 'do-it-again' | 'give-up';
      /** Which execution it is about; an answer to an earlier one does not count. Absent: the newest. */
      readonly attempt?: number;
      readonly by: string;
      readonly atMs: number;
    }
  | { readonly kind: 'cancelled'; readonly by: string; readonly atMs: number }
  /** The trouble is gone or has changed before anything was done. */
  | { readonly kind: 'overtaken'; readonly because: string; readonly atMs: number }
  /** People who approved may no longer approve: the votes are no longer enough. */
  | {
      readonly kind: 'approvalLost';
      readonly because: string;
      /** Those who may no longer: their ids. */
      readonly voters: readonly string[];
      readonly atMs: number;
    }
  /** It may act now, and had to wait for that: for a resume, for the cluster lock, for a bot that was away. */
  | { readonly kind: 'waited'; readonly atMs: number }
  /** Time has passed: a plan may have expired. */
  | { readonly kind: 'ticked'; readonly atMs: number };

/** The inputs of one kind. */
export type InputOf<Kind extends RunInput['kind']> = Extract<RunInput, { kind: Kind }>;
