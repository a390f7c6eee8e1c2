import type { Look } from '../look.ts';
import type { Plan, Run } from '../run.ts';
import type { Choice, Doubt, Evidence, Runbook, StepContext } from '../runbook.ts';
import type { Observation } from '../snapshot/observation.ts';
import type { Verdict } from '../verdict.ts';
import { beginActing } from './acting/act.ts';
import { type Ending, end } from './common/ending.ts';
import type { InputOf } from './common/input.ts';
import { allSteps, contextOf, distinct, MAX_ROUNDS, unanswered } from './common/steps.ts';
import type { EngineTools } from './common/tools.ts';
import { whatChanged } from './plan/change.ts';
import { makePlan } from './plan/plan.ts';

type Looked = InputOf<'looked'>;

/** The run after a look of its diagnosis, which is read-only: answers gathered, evidence shown, a decision, and perhaps a plan. */
export function diagnose(runbook: Runbook, run: Run, input: Looked, tools: EngineTools): Run {
  if (isTooEarly(run, input)) {
    return run;
  }
  const gathered = gather(runbook, run, input);
  if (gathered.kind === 'not-yet') {
    return gathered.run;
  }
  const { looks } = gathered;
  const found = { ...gathered.run, looks, before: gathered.run.answered };
  const context = contextOf(found, input.now);
  const { evidence, verdict } = study(runbook, context);
  const studied = { ...found, evidence };
  if (!verdict.go) {
    return putOff(studied, verdict, input) ?? end(studied, decided(verdict.because), input.atMs);
  }
  if (!allSteps(runbook).some(({ kind }) => kind === 'act' || kind === 'manual')) {
    return end(studied, decided(verdict.because ?? 'There is nothing to repair here.'), input.atMs);
  }

  const choices = runbook.choices?.(context) ?? [];
  const proposal = propose(runbook, { ...studied, choices }, choices[0]?.id, input, tools);
  return proposal.kind === 'proposed'
    ? proposal.run
    : end({ ...studied, choices }, decided(proposal.because), input.atMs);
}

/** The run with another choice: a new decision, a new plan, no votes. A choice that a decide step refuses leaves the plan as it was. */
export function chooseAgain(runbook: Runbook, run: Run, input: InputOf<'chose'>, tools: EngineTools): Run {
  const choice = run.choices.find(({ id }) => id === input.choice);
  if (choice === undefined) {
    return run;
  }
  const proposal = propose(runbook, run, choice.id, input, tools);
  return proposal.kind === 'proposed'
    ? proposal.run
    : { ...run, because: `"${choice.label}" is not possible: ${proposal.because}` };
}

/** The run after the check between the last vote and the first action: the same questions again, and the plan must still be the plan. */
export function check(runbook: Runbook, run: Run, input: Looked, tools: EngineTools): Run {
  const { plan } = run;
  if (plan === undefined) {
    return end(
      run,
      {
        state: 'failed',
        endedBy: { kind: 'runbook-fault' },
        because: 'The run was approved without a plan.',
      },
      input.atMs,
    );
  }
  // An approval is for now: a bot that was away for longer than a plan is valid must ask again.
  if (input.atMs >= plan.expiresAtMs + tools.planExpiresMs) {
    return end(
      run,
      {
        state: 'expired',
        endedBy: { kind: 'timeout' },
        because: 'It was approved, but I could not check it again in time. Nothing was done.',
      },
      input.atMs,
    );
  }
  if (isTooEarly(run, input)) {
    return run;
  }
  const gathered = gather(runbook, run, input);
  if (gathered.kind === 'not-yet') {
    return gathered.run;
  }
  const fresh = { ...gathered.run, before: gathered.run.answered };
  const context = contextOf(fresh, input.now);
  const { verdict } = study(runbook, context);
  if (!verdict.go) {
    return putOff(fresh, verdict, input) ?? end(fresh, decided(verdict.because), input.atMs);
  }
  const change = planChange(runbook, fresh, plan, context, input, tools);
  return change === undefined
    ? beginActing(runbook, fresh, plan, input)
    : end(
        fresh,
        {
          state: 'superseded',
          endedBy: { kind: 'plan-changed' },
          because: `The plan changed after it was approved: ${change}. Nothing was done.`,
        },
        input.atMs,
      );
}

/** End of a run to which the runbook said no. */
const decided = (because: string): Ending => ({ state: 'stopped', endedBy: { kind: 'decided' }, because });

/** Too early to count as a second look. */
const isTooEarly = ({ state, plan, againAtMs = 0 }: Run, { atMs }: Looked): boolean =>
  atMs < Math.max(againAtMs, state === 'checking' ? (plan?.notBeforeMs ?? 0) : 0);

/** Asks everything again after a while, once; undefined where the verdict stands as it is. */
function putOff(run: Run, verdict: Verdict | Doubt, { atMs }: Looked): Run | undefined {
  return 'againAfterMs' in verdict && run.againAtMs === undefined
    ? { ...run, answered: {}, againAtMs: atMs + verdict.againAfterMs }
    : undefined;
}

function planChange(
  runbook: Runbook,
  run: Run,
  approved: Plan,
  context: StepContext<unknown>,
  input: Looked,
  tools: EngineTools,
): string | undefined {
  const offered: readonly Choice[] = runbook.choices?.(context) ?? [];
  if (run.choice !== undefined && !offered.some(({ id }) => id === run.choice)) {
    const label = run.choices.find(({ id }) => id === run.choice)?.label ?? run.choice;
    return `"${label}" is no longer offered`;
  }
  const fresh = makePlan(runbook, run, context, tools, input.atMs);
  return fresh === undefined ? 'nothing is left to do' : whatChanged(approved, fresh, tools);
}

type Proposal =
  | { readonly kind: 'proposed'; readonly run: Run }
  | { readonly kind: 'refused'; readonly because: string };

function propose(
  runbook: Runbook,
  run: Run,
  choice: string | undefined,
  input: { readonly now: Observation; readonly atMs: number },
  tools: EngineTools,
): Proposal {
  const chosen: Run = choice === undefined ? run : { ...run, choice };
  const context = contextOf(chosen, input.now);
  if (choice !== undefined) {
    const { verdict } = study(runbook, context);
    if (!verdict.go) {
      return { kind: 'refused', because: verdict.because };
    }
  }
  const plan = makePlan(runbook, chosen, context, tools, input.atMs);
  if (plan === undefined) {
    return { kind: 'refused', because: 'There is nothing to do.' };
  }
  const { because: _outdated, ...rest } = chosen;
  return { kind: 'proposed', run: { ...rest, state: 'proposed', plan, votes: [], items: [] } };
}

type Gathered =
  | { readonly kind: 'not-yet'; readonly run: Run }
  /** All answers are in, as far as they can be; `looks` are all the questions, for the next time. */
  | { readonly kind: 'complete'; readonly run: Run; readonly looks: readonly Look[] };

/** Refreshes the facts, adds the answers, and asks on while the answers raise questions. */
function gather(runbook: Runbook, run: Run, input: Looked): Gathered {
  const refreshed = refreshFacts(runbook, run, input);
  if (refreshed.kind === 'over') {
    return { kind: 'not-yet', run: refreshed.run };
  }
  const rounds = (run.rounds ?? 0) + 1;
  const { rounds: _taken, ...before } = refreshed.run;
  const answered: Run = { ...before, answered: { ...run.answered, ...input.answered } };
  const context = contextOf(answered, input.now);
  const looks = distinct(questions(runbook, context));
  const open = unanswered(looks, context);
  return open.length > 0 && rounds <= MAX_ROUNDS
    ? { kind: 'not-yet', run: { ...answered, looks: open, rounds } }
    : { kind: 'complete', run: answered, looks };
}

const questions = (runbook: Runbook, context: StepContext<unknown>): readonly Look[] =>
  allSteps(runbook)
    .filter(({ kind }) => kind === 'inspect' || kind === 'decide')
    .flatMap((step) => step.looks?.(context) ?? []);

/** The newest facts, if the detector still finds the trouble. Gone is gone only for a sweep that could see it. */
function refreshFacts(
  runbook: Runbook,
  run: Run,
  input: Looked,
): { readonly kind: 'here'; readonly run: Run } | { readonly kind: 'over'; readonly run: Run } {
  const found = runbook.detect(input.now).find(({ key }) => key === run.key);
  const parsed = runbook.facts.safeParse(found?.facts ?? run.facts);
  if (!parsed.success) {
    const because = `The facts of ${run.incident} do not fit this version of the runbook "${runbook.title}".`;
    return {
      kind: 'over',
      run: end(run, { state: 'failed', endedBy: { kind: 'version-changed' }, because }, input.atMs),
    };
  }
  if (found === undefined && isOver(runbook, input.now, parsed.data)) {
    const because =
      'The trouble went away by itself before anything was done: a new sweep no longer finds it.';
    return {
      kind: 'over',
      run: end(run, { state: 'stopped', endedBy: { kind: 'gone' }, because }, input.atMs),
    };
  }
  return { kind: 'here', run: { ...run, facts: parsed.data } };
}

/** A silent detector proves nothing by itself: the sweep must have been able to see the trouble. */
const isOver = (runbook: Runbook, now: Observation, facts: unknown): boolean =>
  runbook.isOver === undefined ? sawEverything(now) : runbook.isOver(now.snapshot, facts, now.probes).go;

function sawEverything({ snapshot }: Observation): boolean {
  return (
    snapshot.nodes.length > 0 &&
    snapshot.nodes.every(({ answer }) => answer.kind === 'answered') &&
    [snapshot.queues, snapshot.connections, snapshot.consumers].every(({ missing }) => missing.length === 0)
  );
}

/** Inspects and decides in the order of the file, as far as the first no. */
function study(
  runbook: Runbook,
  context: StepContext<unknown>,
): { readonly evidence: readonly Evidence[]; readonly verdict: Verdict | Doubt } {
  const evidence: Evidence[] = [];
  let verdict: Verdict = { go: true };
  for (const step of runbook.steps) {
    if (step.kind === 'inspect') {
      evidence.push(step.show(context));
    }
    if (step.kind !== 'decide') {
      continue;
    }
    const decided = step.decide(context);
    if (!decided.go) {
      return { evidence, verdict: decided };
    }
    if (decided.because !== undefined) {
      verdict = decided;
    }
  }
  return { evidence, verdict };
}
