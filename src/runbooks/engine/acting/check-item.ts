import type { Item, Run } from '../../run.ts';
import type { Runbook, StepContext, VerifyStep } from '../../runbook.ts';
import { span } from '../../wording/words.ts';
import { effectsOf } from '../common/effects.ts';
import { end, failedWith } from '../common/ending.ts';
import type { InputOf } from '../common/input.ts';
import { contextOf, distinct, MAX_ROUNDS, stepOf, unanswered } from '../common/steps.ts';
import { type Current, closeItem, currentOf, goOn, isSpared, withItem } from './ledger.ts';

/** The run after a fresh look for its current item: may the action go, does the check pass? */
export function checkItem(runbook: Runbook, run: Run, input: InputOf<'looked'>): Run {
  const current = currentOf(run);
  if (current === undefined || current.planned.kind === 'manual') {
    return run;
  }
  const { planned, item } = current;
  if (planned.kind === 'act' && item.state !== 'waiting') {
    return run;
  }
  const step = stepOf(runbook, planned);
  if (step === undefined) {
    const because = `This version of the runbook no longer has the step "${planned.title}".`;
    const failed = closeItem(run, current, 'failed', because, input.atMs);
    return end(failed, failedWith('version-changed', because), input.atMs);
  }

  const earlier = item.rounds === undefined ? {} : run.answered;
  const answered: Run = { ...run, answered: { ...earlier, ...input.answered } };
  const context = contextOf(answered, input.now, planned.target);
  const looks = distinct(step.looks?.(context) ?? []);
  const open = unanswered(looks, context);
  const rounds = (item.rounds ?? 0) + 1;
  if (open.length > 0 && rounds < MAX_ROUNDS) {
    return withItem(answered, current.index, { ...item, looks: open, rounds });
  }

  const { rounds: _taken, ...rest } = item;
  const ready: Current = { ...current, item: { ...rest, looks } };
  return step.kind === 'act'
    ? clear(answered, ready, step.when?.(context) ?? { kind: 'go' }, input.atMs)
    : judge(answered, ready, step, context, input.atMs);
}

function clear(
  run: Run,
  current: Current,
  verdict: { readonly kind: 'go' } | { readonly kind: 'skip' | 'stop'; readonly because: string },
  atMs: number,
): Run {
  const { index, item, planned } = current;
  switch (verdict.kind) {
    case 'go':
      return withItem(run, index, { ...item, clearedAtMs: atMs });
    case 'skip':
      return goOn(closeItem(run, current, 'skipped', verdict.because, atMs), atMs);
    case 'stop': {
      const refused = closeItem(run, current, 'refused', verdict.because, atMs);
      if (isSpared(run, current)) {
        return goOn(refused, atMs);
      }
      const state = effectsOf(run).length > 0 ? 'failed' : 'stopped';
      const because = `${planned.title}: ${verdict.because}`;
      return end(refused, { state, endedBy: { kind: 'step-refused' }, because }, atMs);
    }
  }
}

function judge(
  run: Run,
  { index, item, planned }: Current,
  step: VerifyStep<unknown>,
  context: StepContext<unknown>,
  atMs: number,
): Run {
  const withinMs = planned.kind === 'verify' ? planned.withinMs : step.withinMs;
  const elapsedMs = atMs - (item.startedAtMs ?? atMs);
  const verdict = step.holds(context);
  const held = verdict.go ? (item.held ?? 0) + 1 : 0;
  const wanted = step.looksInARow ?? 1;
  const seen: Item = { ...item, state: 'watching', held, judged: (item.judged ?? 0) + 1 };
  if (verdict.go && held >= wanted) {
    const because = verdict.because ?? 'the check passed';
    return goOn(closeItem(run, { index, item: seen }, 'held', because, atMs), atMs);
  }
  // A streak that has begun may finish: a look that holds is no reason to fail.
  if (verdict.go || elapsedMs <= withinMs) {
    const told = verdict.go ? `passed ${held} of ${wanted} checks in a row` : verdict.because;
    const detail = `${told} (${span(elapsedMs)} of ${span(withinMs)})`;
    return withItem(run, index, { ...seen, detail });
  }
  const because = `${verdict.because} (after ${span(elapsedMs)})`;
  const failed = closeItem(run, { index, item: seen }, 'failed', because, atMs);
  return step.otherwise === 'fall-through'
    ? goOn(failed, atMs)
    : end(failed, failedWith('check-failed', `${planned.title}: ${because}`), atMs);
}
