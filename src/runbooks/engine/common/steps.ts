import { definite } from '../../../rpc/index.ts';
import type { Look } from '../../look.ts';
import { lookKey } from '../../look.ts';
import type { PlannedItem, Run } from '../../run.ts';
import type { ActStep, Runbook, SingleStep, StepContext, VerifyStep } from '../../runbook.ts';
import type { Observation } from '../../snapshot/observation.ts';

/** Rounds of looks that one diagnosis, check or item may take: answers may raise further questions, but not for ever. */
export const MAX_ROUNDS = 3;

/** The context that a run's steps see, on the newest observation. */
export function contextOf(run: Run, now: Observation, target?: string): StepContext<unknown> {
  return {
    facts: run.facts,
    now,
    answered: run.answered,
    before: run.before,
    ...definite({ choice: run.choice, target }),
  };
}

/** All steps of a runbook, those inside `each` included, in the order of the file. */
export const allSteps = (runbook: Runbook): readonly SingleStep<unknown>[] =>
  runbook.steps.flatMap((step): readonly SingleStep<unknown>[] =>
    step.kind === 'each' ? step.steps : [step],
  );

/** The step that an item was planned from. Absent when another version of the book made the plan and knew the step. */
export const stepOf = (
  runbook: Runbook,
  { kind, step }: Exclude<PlannedItem, { kind: 'manual' }>,
): ActStep<unknown> | VerifyStep<unknown> | undefined =>
  allSteps(runbook)
    .filter((one) => one.kind === 'act' || one.kind === 'verify')
    .find((one) => one.kind === kind && one.id === step);

/** Each look once, in the order in which the steps ask. */
export function distinct(looks: readonly Look[]): readonly Look[] {
  return [...new Map(looks.map((look) => [lookKey(look), look])).values()];
}

/** Looks that have no answer yet, not even `unseen`. */
export const unanswered = (looks: readonly Look[], context: StepContext<unknown>): readonly Look[] =>
  looks.filter((look) => context.answered[lookKey(look)] === undefined);
