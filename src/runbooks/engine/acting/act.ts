import { definite } from '../../../rpc/index.ts';
import type { Item, Plan, Run } from '../../run.ts';
import type { Runbook } from '../../runbook.ts';
import { end, endCancelled, failedWith } from '../common/ending.ts';
import type { InputOf } from '../common/input.ts';
import { contextOf, distinct, stepOf } from '../common/steps.ts';
import { CLEARANCE_MS, isChecked, isCleared } from './clearance.ts';
import { type Current, closeItem, currentOf, goOn, hasActed, isSpared, withItem } from './ledger.ts';

/** Executions of one action, the first included. A further one needs a person's word. */
const MAX_ATTEMPTS = 2;

/** The run with its ledger opened: one entry for each planned item. */
export function beginActing(runbook: Runbook, run: Run, plan: Plan, input: InputOf<'looked'>): Run {
  const items = plan.items.map((planned): Item => {
    if (planned.kind === 'manual') {
      return { state: 'waiting' };
    }
    const step = stepOf(runbook, planned);
    const looks = distinct(step?.looks?.(contextOf(run, input.now, planned.target)) ?? []);
    return { state: 'waiting', ...(looks.length > 0 && { looks }) };
  });
  const { looks: _asked, because: _older, ...rest } = run;
  return goOn({ ...rest, state: 'acting', items, checkedAtMs: input.atMs }, input.atMs);
}

/** The run with the action written down, before the call. Anything but the next, cleared action leaves the run as it is: then do not act. */
export function intend(runbook: Runbook, run: Run, input: InputOf<'intended'>): Run {
  const current = currentAct(run, input.index);
  if (current === undefined || current.item.state !== 'waiting' || run.stopWanted !== undefined) {
    return run;
  }
  // Twice the clearance: the order was given within it, and writing takes a moment.
  if (!isCleared(runbook, current, input.atMs, 2 * CLEARANCE_MS)) {
    return run;
  }
  if (!hasActed(run) && !isChecked(run, input.atMs, 2 * CLEARANCE_MS)) {
    return run;
  }
  const { item } = current;
  return withItem(run, input.index, {
    ...item,
    state: 'intended',
    startedAtMs: input.atMs,
    attempts: (item.attempts ?? 0) + 1,
  });
}

/** The run after the call's outcome; `unknown` leaves the item intended, to be settled by looking. */
export function acted(run: Run, input: InputOf<'acted'>): Run {
  const current = currentAct(run, input.index);
  if (current === undefined) {
    return run;
  }
  const { index, item, planned } = current;
  const { outcome, atMs } = input;
  // A precheck may refuse before anything was intended; nothing else can come of an action that was not begun.
  if (item.state !== 'intended' && !(item.state === 'waiting' && outcome.kind === 'refused')) {
    return run;
  }
  switch (outcome.kind) {
    case 'applied':
      return goOn(closeItem(run, current, 'applied', outcome.detail, atMs), atMs);
    case 'refused': {
      const refused = closeItem(run, current, 'refused', outcome.because, atMs);
      return isSpared(run, current)
        ? goOn(refused, atMs)
        : end(refused, failedWith('step-refused', `${planned.title}: ${outcome.because}`), atMs);
    }
    case 'unknown':
      return withItem(run, index, { ...unsaid(item), detail: outcome.because });
  }
}

/** The run after a look at an action that may or may not have happened. */
export function settle(run: Run, input: InputOf<'settled'>): Run {
  const current = currentAct(run, input.index);
  if (current?.item.state !== 'intended') {
    return run;
  }
  const { index, item, planned } = current;
  const { settled, atMs } = input;
  switch (settled.kind) {
    case 'done':
      return goOn(closeItem(run, current, 'applied', settled.because, atMs), atMs);
    case 'not-done': {
      if ((item.attempts ?? 0) < MAX_ATTEMPTS) {
        return again(run, current, `it has not happened yet: ${settled.because}`, atMs);
      }
      const because = `tried ${item.attempts} times without effect: ${settled.because}`;
      const failed = closeItem(run, current, 'failed', because, atMs);
      return end(failed, failedWith('no-effect', `${planned.title}: ${because}`), atMs);
    }
    case 'unknown': {
      const because = `"${planned.title}" may or may not have happened, and no check can tell: ${settled.because}`;
      const unknown = withItem(run, index, { ...unsaid(item), state: 'unknown', detail: settled.because });
      return { ...unknown, state: 'unknown', because };
    }
  }
}

/** The run after a person's word on an action about which no look can tell. */
export function rule(run: Run, input: InputOf<'ruled'>): Run {
  const current = currentAct(run, input.index);
  if (current?.item.state !== 'unknown') {
    return run;
  }
  const { item, planned } = current;
  if (input.attempt !== undefined && input.attempt !== item.attempts) {
    return run;
  }
  const { because: _question, ...rest } = run;
  const resumed: Run = { ...rest, state: 'acting' };
  const { by, atMs } = input;
  switch (input.ruling) {
    case 'it-happened':
      return goOn(closeItem(resumed, current, 'applied', `${by} says that it happened`, atMs, by), atMs);
    case 'do-it-again':
      return again(resumed, current, `${by} says that it has not happened`, atMs, by);
    case 'give-up': {
      const because = `${by} gave up`;
      return end(
        closeItem(run, current, 'failed', because, atMs, by),
        {
          state: 'failed',
          endedBy: { kind: 'given-up', by },
          because: `${planned.title}: ${because}.`,
        },
        atMs,
      );
    }
  }
}

/** The run after a person did the manual step. */
export function confirm(run: Run, input: InputOf<'confirmed'>): Run {
  const current = currentOf(run);
  if (current?.index !== input.index || current.planned.kind !== 'manual') {
    return run;
  }
  const { by, atMs } = input;
  return goOn(closeItem(run, current, 'applied', `done by ${by}`, atMs, by), atMs);
}

/** The item without the person of whom its former detail spoke. */
function unsaid({ by: _said, ...item }: Item): Item {
  return item;
}

function currentAct(run: Run, index: number): Current | undefined {
  const current = currentOf(run);
  return current?.index === index && current.planned.kind === 'act' ? current : undefined;
}

/** The run with the item waiting again, unless a person wants the run to end: trying again is a further action. */
function again(run: Run, { index, item }: Current, detail: string, atMs: number, by?: string): Run {
  // A clearance that was given for the first attempt does not count for the next.
  const { clearedAtMs: _used, rounds: _taken, ...rest } = unsaid(item);
  const next = withItem(run, index, { ...rest, state: 'waiting', detail, ...definite({ by }) });
  return run.stopWanted === undefined ? next : endCancelled(next, run.stopWanted.by, atMs);
}
