import type { ActionCall, Tier } from './action.ts';
import type { Impact, PlanLimits } from './limits.ts';
import type { Answered, Look } from './look.ts';
import type { Choice, Evidence } from './runbook.ts';

/**
 * One treatment of one incident: a value in Redis, changed only by compare-and-set. What is to be done next follows
 * from the value alone (`nextOrder`), so a restart needs no special path.
 */
export interface Run {
  /** `RUN-0193`. */
  readonly id: string;
  readonly incident: string;
  readonly cluster: string;
  readonly runbook: string;
  /** The finding's key: by it a fresh sweep is asked whether the trouble is still there. */
  readonly key: string;
  readonly subject: string;
  readonly facts: unknown;
  readonly state: RunState;
  /** Why it is in this state, for people: the reason of a stop, a failure, a refusal. */
  readonly because?: string;
  /** Who asked for it: a Slack user id, `cli:<user>`, or `watership` itself. */
  readonly requestedBy: string;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  /** What ended it, for programs. Absent while it is under way, and in runs that 0.1.0 ended. */
  readonly endedBy?: RunEnd;
  readonly evidence: readonly Evidence[];
  readonly answered: Answered;
  /** What the next look of a diagnosis or a check asks. Absent at first: a sweep alone. */
  readonly looks?: readonly Look[];
  /** Looks already taken in this diagnosis or check; answers may raise further questions, a bounded number of times. */
  readonly rounds?: number;
  /** Its signs contradicted each other: they are judged for good by a look that comes no earlier than this. */
  readonly againAtMs?: number;
  /** The answers the plan was made from. */
  readonly before: Answered;
  readonly choices: readonly Choice[];
  readonly choice?: string;
  readonly plan?: Plan;
  readonly votes: readonly Vote[];
  readonly items: readonly Item[];
  /** When the check after the approval passed: an action that begins long after it is checked anew. */
  readonly checkedAtMs?: number;
  /** A person wants it to end once the action that is running is settled: no further one begins. */
  readonly stopWanted?: { readonly by: string; readonly atMs: number };
  readonly version: number;
}

export type RunState =
  /** Inspect and decide steps: read-only. */
  | 'diagnosing'
  /** A plan is on the table; waits for votes until it expires. */
  | 'proposed'
  /** Approved: decide steps once more on fresh data. */
  | 'checking'
  /** Items, one after the other. */
  | 'acting'
  /** An interrupted action could not be settled by looking; a person must say. */
  | 'unknown'
  | 'done'
  | 'failed'
  /** A decide step said no, before anything was done: nothing to repair, or not safe. */
  | 'stopped'
  | 'expired'
  | 'cancelled'
  /** A newer plan took its place. */
  | 'superseded';

/** What ended a run. `because` says the same to people, and nothing but people reads it. */
export type RunEnd =
  /** Every step is done, and the last check passed. */
  | { readonly kind: 'completed' }
  /** A person cancelled it, or gave up on a step of which nobody can tell whether it ran: their id. */
  | { readonly kind: 'cancelled' | 'given-up'; readonly by: string }
  /** Voters may no longer approve: their ids. */
  | { readonly kind: 'approval-lost'; readonly voters: readonly string[] }
  /** Nobody approved the plan in time, or it could not be checked again in time. */
  | { readonly kind: 'timeout' }
  /** The trouble went away by itself, or another incident took its place. */
  | { readonly kind: 'gone' | 'overtaken' }
  /** The runbook decided that there is nothing to repair, or nothing that is safe. */
  | { readonly kind: 'decided' }
  /** The last look made another plan. */
  | { readonly kind: 'plan-changed' }
  /** A step was refused, had no effect, or its check did not pass in time. */
  | { readonly kind: 'step-refused' | 'no-effect' | 'check-failed' }
  /** The runbook of this version cannot continue it: it has a fault, or does not know its facts or its step. */
  | { readonly kind: 'runbook-fault' | 'version-changed' };

/** States in which a run still wants something. */
export const activeStates: readonly RunState[] = ['diagnosing', 'proposed', 'checking', 'acting', 'unknown'];

/** Exactly what people approve. Hashed as canonical JSON; approval binds the hash. */
export interface Plan {
  readonly hash: string;
  readonly choice?: string;
  readonly tier: Tier;
  readonly items: readonly PlannedItem[];
  readonly lost: readonly string[];
  /** What it takes away for good; absent when it deletes nothing. */
  readonly toll?: Impact;
  /** Messages in what it deletes at the moment when it was made; not part of the hash. */
  readonly unreadNow?: number;
  /** The limits it was measured by. */
  readonly limits: PlanLimits;
  /** The limits that it goes over, one sentence each: that makes it `mass`. Absent: none. */
  readonly over?: readonly string[];
  readonly undo: string;
  readonly madeAtMs: number;
  readonly expiresAtMs: number;
  /** The second look comes no earlier than this, so that what is deleted was seen twice, some time apart. */
  readonly notBeforeMs?: number;
}

export type PlannedItem =
  | {
      readonly kind: 'act';
      readonly step: string;
      readonly title: string;
      readonly target?: string;
      readonly call: ActionCall;
      /** The action's own words, with the exact call or argv. */
      readonly describe: string;
      /** A fallback: it runs only if what comes before it was not enough. */
      readonly onlyIfNeeded: boolean;
      /** It stands by itself: where it fails, its siblings may still be done. */
      readonly isDeletion?: true;
    }
  | {
      readonly kind: 'verify';
      readonly step: string;
      readonly title: string;
      readonly target?: string;
      readonly withinMs: number;
    }
  | {
      readonly kind: 'manual';
      readonly step: string;
      readonly title: string;
      readonly instructions: readonly string[];
    };

/** The ledger entry of a planned item, same index. `intended` is written before the call, `applied` after. */
export interface Item {
  readonly state:
    | 'waiting'
    | 'intended'
    | 'applied'
    | 'skipped'
    | 'refused'
    | 'unknown'
    | 'watching'
    | 'held'
    | 'failed';
  readonly startedAtMs?: number;
  readonly endedAtMs?: number;
  /** What was seen or answered, newest; shown as progress. */
  readonly detail?: string;
  /** The person of whom `detail` speaks: who did it by hand, or said what became of it. */
  readonly by?: string;
  /** For verify: consecutive looks that held. */
  readonly held?: number;
  /** How often it was executed; more than once only after `reconcile` has shown that it had not happened. */
  readonly attempts?: number;
  /** What its next look asks. */
  readonly looks?: readonly Look[];
  /** Looks taken for the judgement that is being made. */
  readonly rounds?: number;
  /** Judgements made so far: the first look of a verify comes at once, the next after a pause. */
  readonly judged?: number;
  /** When its `when` said go, on fresh data; it is asked again if the call does not follow soon. */
  readonly clearedAtMs?: number;
}

export interface Vote {
  readonly by: string;
  readonly planHash: string;
  readonly reason: string;
  readonly atMs: number;
  /** Cast alone in an emergency: it stands for the second vote, and the owners are paged. */
  readonly breakGlass?: true;
}

/** What the run wants from the world next. */
export type Order =
  /** A fresh sweep and these looks, after a pause if one is given. */
  | { readonly kind: 'look'; readonly looks: readonly Look[]; readonly afterMs?: number }
  /** Nothing until somebody votes, confirms or cancels, or the clock says so. */
  | { readonly kind: 'wait'; readonly untilMs?: number }
  /** Execute item `index`, which is written down as intended first. */
  | { readonly kind: 'act'; readonly index: number }
  /** Item `index` was intended before a crash: find out. */
  | { readonly kind: 'settle'; readonly index: number };
