import type { z } from 'zod';
import type { ActionCall } from './action.ts';
import type { Answered, Look } from './look.ts';
import type { Observation } from './snapshot/observation.ts';
import type { ProbeHistory } from './snapshot/probe-history.ts';
import type { Snapshot } from './snapshot/snapshot.ts';
import type { Verdict } from './verdict.ts';

export type Severity = 'info' | 'warning' | 'critical';

/**
 * A no that rests on a sign which may be older than the others: the same questions are asked once more, so much later.
 * The second no counts.
 */
export interface Doubt {
  readonly go: false;
  readonly because: string;
  readonly againAfterMs: number;
}

/** What a detector found, before it has a name and a message. */
export interface Found<Facts> {
  /**
   * What the trouble is about, so that the same trouble stays one incident: `network`, `queue:/:name`, `connection:name`.
   * Different runbooks may share a key: a link that is down and the split brain it leaves are one incident in two phases.
   */
  readonly key: string;
  /** The one thing it is about, as a person would type it: a node, a queue, a connection. */
  readonly subject: string;
  readonly severity: Severity;
  readonly facts: Facts;
}

export interface Finding<Facts = unknown> extends Found<Facts> {
  /** Id of the runbook that found it and can treat it. */
  readonly runbook: string;
}

/** One label and one short value: a card shows at most four. Values are plain text; rendering escapes them. */
export interface FactLine {
  readonly label: string;
  readonly value: string;
}

/** Gathered evidence for the thread: a title and lines of plain text. */
export interface Evidence {
  readonly title: string;
  readonly lines: readonly string[];
}

/** A way to go that the approver may choose; the first one is proposed. */
export interface Choice {
  readonly id: string;
  readonly label: string;
  /** Why it is offered, or proposed. */
  readonly because: string;
}

/** What a step may look at. */
export interface StepContext<Facts> {
  readonly facts: Facts;
  /** The newest observation: the one the step was called for. */
  readonly now: Observation;
  readonly answered: Answered;
  /** Id of the chosen way; absent where the runbook offers none. */
  readonly choice?: string;
  /** The member of `each` that this step is about. */
  readonly target?: string;
  /** Before the first action: the answers the plan was made from. Lets `verify` compare siblings before and after. */
  readonly before: Answered;
}

interface StepBase<Facts> {
  readonly id: string;
  readonly title: (context: StepContext<Facts>) => string;
  /** What to look at first, beyond a fresh sweep. */
  readonly looks?: (context: StepContext<Facts>) => readonly Look[];
}

/** Gathers evidence and shows it. Read-only: anybody may start it. */
export interface InspectStep<Facts> extends StepBase<Facts> {
  readonly kind: 'inspect';
  readonly show: (context: StepContext<Facts>) => Evidence;
}

/** Go or stop, with the reason. Made at diagnosis and again, on fresh data, just before acting. */
export interface DecideStep<Facts> extends StepBase<Facts> {
  readonly kind: 'decide';
  readonly decide: (context: StepContext<Facts>) => Verdict | Doubt;
}

/** One named action with typed arguments. */
export interface ActStep<Facts> extends StepBase<Facts> {
  readonly kind: 'act';
  /** The exact call; undefined when the chosen way does not need this step. Called when the plan is made. */
  readonly call: (context: StepContext<Facts>) => ActionCall | undefined;
  /** Of a deletion: how many messages are in it now, as its title says. @default not told */
  readonly unreadNow?: (context: StepContext<Facts>) => number;
  /**
   * Asked on fresh data just before the call. `skip` passes over a fallback that is not needed, `stop` ends the run.
   * Absent: always go.
   */
  readonly when?: (context: StepContext<Facts>) => StepVerdict;
}

export type StepVerdict =
  | { readonly kind: 'go' }
  | { readonly kind: 'skip'; readonly because: string }
  | { readonly kind: 'stop'; readonly because: string };

/** A person does something and confirms. */
export interface ManualStep<Facts> extends StepBase<Facts> {
  readonly kind: 'manual';
  readonly instructions: (context: StepContext<Facts>) => readonly string[];
}

/** Looks again until it holds, or the time is over. */
export interface VerifyStep<Facts> extends StepBase<Facts> {
  readonly kind: 'verify';
  readonly withinMs: number;
  /** `go: false` means not yet; the reason is shown as progress and, when time is over, as the failure. */
  readonly holds: (context: StepContext<Facts>) => Verdict;
  /** Consecutive looks for which it must hold. @default 1 */
  readonly looksInARow?: number;
  /** `fall-through`: when time is over go on to the next step (a fallback) instead of failing. @default 'fail' */
  readonly otherwise?: 'fail' | 'fall-through';
}

export type SingleStep<Facts> =
  | InspectStep<Facts>
  | DecideStep<Facts>
  | ActStep<Facts>
  | ManualStep<Facts>
  | VerifyStep<Facts>;

/** Repeats steps for each target, one target after the other. */
export interface EachStep<Facts> {
  readonly kind: 'each';
  readonly id: string;
  readonly over: (context: StepContext<Facts>) => readonly string[];
  readonly steps: readonly (ActStep<Facts> | VerifyStep<Facts>)[];
}

export type Step<Facts> = SingleStep<Facts> | EachStep<Facts>;

/** Everything about one trouble: how it is seen, how it is told, how it is treated. One file of the book. */
export interface Runbook<Facts = unknown> {
  /** Stable: reaches storage and audit. Never renamed or reused. */
  readonly id: string;
  readonly title: string;
  /** Two sentences for `/rabbit runbooks` and the generated docs: the symptom, and what the runbook does about it. */
  readonly summary: string;
  /** The handbook items it covers, `D16`. */
  readonly handbook: readonly string[];
  /** Ids of runbooks whose findings are symptoms of this one and stay silent below it. */
  readonly mutes: readonly string[];
  /**
   * Asked of each finding of a runbook that it mutes: is this one a symptom of these facts? Absent: all of them are. Either
   * way it explains only what comes after it: a trouble that was told first keeps its card and its treatment.
   */
  readonly explains?: (facts: Facts, symptom: Pick<Finding, 'runbook' | 'subject' | 'facts'>) => boolean;
  /** Sweeps in a row that must find it before it is told. */
  readonly confirmSweeps: number;
  readonly facts: z.ZodType<Facts>;
  readonly detect: (now: Observation) => readonly Found<Facts>[];
  /**
   * Asked when the detector is silent about an open incident: does this sweep prove that it is over?
   * `go: false` when the sweep could not have seen it, or when it is on its way and not there yet.
   * Absent: every node must have answered, and every listing must be whole.
   */
  readonly isOver?: (snapshot: Snapshot, facts: Facts, probes: ProbeHistory) => Verdict;
  /**
   * Nodes that could not be read when these facts were made. Facts that were made from less do not take the place of
   * those that were made from more. Absent: the facts do not depend on it.
   */
  readonly unread?: (facts: Facts) => readonly string[];
  /** The sentence of the push notification, without cluster or severity: "ctl3 is cut off from ctl1 and ctl2". Under 100 characters. */
  readonly headline: (facts: Facts) => string;
  /** At most four lines for the card. */
  readonly card: (facts: Facts) => readonly FactLine[];
  /** What `/rabbit run <id> <subject>` and "explain" say about why nothing is offered; absent when there is a fix. */
  readonly choices?: (context: StepContext<Facts>) => readonly Choice[];
  /**
   * Queues that it would delete if a plan had no end. A plan that is part of more needs the votes of all of it: nothing
   * is split into small plans to get around a limit. Absent: what the plan deletes.
   */
  readonly wanted?: (context: StepContext<Facts>) => number;
  /** What is lost for good if the plan runs, one line each; empty: nothing. */
  readonly lost: (context: StepContext<Facts>) => readonly string[];
  /** Can it be undone, and how? One sentence. */
  readonly undo: string;
  /** The same of these facts, where not every plan can do all that the runbook can. @default `undo` */
  readonly undoOf?: (facts: Facts) => string;
  readonly steps: readonly Step<Facts>[];
}

/** Checks a runbook's types against its facts schema; the book holds the result with the facts' type erased. */
export function defineRunbook<Facts>(runbook: Runbook<Facts>): Runbook {
  // The engine parses facts with the schema before it calls any of these functions.
  return runbook as unknown as Runbook;
}
