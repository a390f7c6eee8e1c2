import type { Item, Plan, PlannedItem, Run } from '../run.ts';
import type { Runbook, StepContext, VerifyStep } from '../runbook.ts';
import { end, endCancelled } from './ending.ts';
import type { RunInput } from './input.ts';
import { actStep, contextOf, distinct, MAX_ROUNDS, unanswered, verifyStep } from './steps.ts';

/** How long a step's `when`, and the check before the first action, count as just asked. */
export const CLEARANCE_MS = 15_000;
/** Executions of one action, the first included. A further one needs a person's word. */
const MAX_ATTEMPTS = 2;

type Input<Kind extends RunInput['kind']> = Extract<RunInput, { kind: Kind }>;

/** The item whose turn it is; undefined when all are finished. */
export interface Current {
  readonly index: number;
  readonly planned: PlannedItem;
  readonly item: Item;
}

export function currentOf(run: Run): Current | undefined {
  const index = run.items.findIndex(({ state }) => openStates.includes(state));
  const planned = run.plan?.items[index];
  const item = run.items[index];
  return planned === undefined || item === undefined ? undefined : { index, planned, item };
}

const openStates: readonly Item['state'][] = ['waiting', 'intended', 'watching', 'unknown'];

/** Opens the ledger: one entry for each planned item. */
export function beginActing(runbook: Runbook, run: Run, plan: Plan, input: Input<'looked'>): Run {
  const items = plan.items.map((planned): Item => {
    if (planned.kind === 'manual') return { state: 'waiting' };
    const step = stepOf(runbook, planned);
    const looks = distinct(step?.looks?.(contextOf(run, input.now, planned.target)) ?? []);
    return { state: 'waiting', ...(looks.length > 0 && { looks }) };
  });
  const { looks: _asked, because: _older, ...rest } = run;
  return goOn({ ...rest, state: 'acting', items, checkedAtMs: input.atMs }, input.atMs);
}

/** Nothing was begun, and the check is old: what was approved may no longer be what is wanted. */
export function recheck(run: Run, atMs: number): Run {
  if (run.state !== 'acting' || hasActed(run) || isChecked(run, atMs, CLEARANCE_MS)) return run;
  const { checkedAtMs = atMs, ...rest } = run;
  const because = `It had to wait for ${seconds(atMs - checkedAtMs)} before its first step.`;
  return { ...rest, state: 'checking', because, items: [], answered: {} };
}

/** Has anything been begun, by us or by hand? */
const hasActed = ({ items }: Run): boolean =>
  items.some(({ state, attempts }) => attempts !== undefined || state === 'applied');

const isChecked = ({ checkedAtMs }: Run, atMs: number, withinMs: number): boolean =>
  checkedAtMs !== undefined && atMs - checkedAtMs <= withinMs;

/** A fresh look for the current item: may it go, or does it hold? */
export function itemLooked(runbook: Runbook, run: Run, input: Input<'looked'>): Run {
  const current = currentOf(run);
  if (current === undefined || current.planned.kind === 'manual') return run;
  const { planned, item } = current;
  if (planned.kind === 'act' && item.state !== 'waiting') return run;
  const step = stepOf(runbook, planned);
  if (step === undefined) {
    const because = `This version of the runbook no longer knows the step "${planned.title}".`;
    return end(
      withItem(run, current.index, finished(item, 'failed', because, input.atMs)),
      'failed',
      because,
      input.atMs,
    );
  }

  const earlier = item.rounds === undefined ? {} : run.answered;
  const answered: Run = { ...run, answered: { ...earlier, ...input.answered } };
  const context = contextOf(answered, input.now, planned.target);
  const looks = distinct(step.looks?.(context) ?? []);
  const open = unanswered(looks, context);
  const rounds = (item.rounds ?? 0) + 1;
  if (open.length > 0 && rounds < MAX_ROUNDS)
    return withItem(answered, current.index, { ...item, looks: open, rounds });

  const { rounds: _taken, ...rest } = item;
  const ready: Current = { ...current, item: { ...rest, looks } };
  return step.kind === 'act'
    ? clear(answered, ready, step.when?.(context) ?? { kind: 'go' }, input.atMs)
    : judge(answered, ready, step, context, input.atMs);
}

function clear(
  run: Run,
  { index, item, planned }: Current,
  verdict: { readonly kind: 'go' } | { readonly kind: 'skip' | 'stop'; readonly because: string },
  atMs: number,
): Run {
  switch (verdict.kind) {
    case 'go':
      return withItem(run, index, { ...item, clearedAtMs: atMs });
    case 'skip':
      return goOn(withItem(run, index, finished(item, 'skipped', verdict.because, atMs)), atMs);
    case 'stop': {
      if (planned.kind === 'act' && planned.isDeletion === true && isSpared(run, index))
        return goOn(withItem(run, index, finished(item, 'refused', verdict.because, atMs)), atMs);
      const hasActed = run.items.some(({ state }) => state === 'applied');
      const stopped = withItem(run, index, finished(item, 'refused', verdict.because, atMs));
      return end(stopped, hasActed ? 'failed' : 'stopped', `${planned.title}: ${verdict.because}`, atMs);
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
  if (verdict.go && held >= wanted)
    return goOn(withItem(run, index, finished(seen, 'held', verdict.because ?? 'it holds', atMs)), atMs);
  // A streak that has begun may finish: a look that holds is no reason to fail.
  if (verdict.go || elapsedMs <= withinMs) {
    const told = verdict.go ? `holds, ${held} of ${wanted} looks in a row` : verdict.because;
    const detail = `${told} (${seconds(elapsedMs)} of ${seconds(withinMs)})`;
    return withItem(run, index, { ...seen, detail });
  }
  const because = `${verdict.because} (after ${seconds(elapsedMs)})`;
  const failed = withItem(run, index, finished(seen, 'failed', because, atMs));
  return step.otherwise === 'fall-through'
    ? goOn(failed, atMs)
    : end(failed, 'failed', `${planned.title}: ${because}`, atMs);
}

/** Written down before the call. Anything but the next, cleared action leaves the run as it is: then do not act. */
export function intend(runbook: Runbook, run: Run, input: Input<'intended'>): Run {
  const current = currentAct(run, input.index);
  if (current === undefined || current.item.state !== 'waiting' || run.stopWanted !== undefined) return run;
  // Twice the clearance: the order was given within it, and writing takes a moment.
  if (!isCleared(runbook, current, input.atMs, 2 * CLEARANCE_MS)) return run;
  if (!hasActed(run) && !isChecked(run, input.atMs, 2 * CLEARANCE_MS)) return run;
  const { item } = current;
  return withItem(run, input.index, {
    ...item,
    state: 'intended',
    startedAtMs: input.atMs,
    attempts: (item.attempts ?? 0) + 1,
  });
}

/** Has the action's `when` said go lately, if it has one? */
export function isCleared(
  runbook: Runbook,
  { planned, item }: Current,
  atMs: number,
  withinMs: number,
): boolean {
  const step = actStep(runbook, planned.step);
  if (step === undefined) return false;
  return step.when === undefined || (item.clearedAtMs !== undefined && atMs - item.clearedAtMs <= withinMs);
}

export function acted(run: Run, input: Input<'acted'>): Run {
  const current = currentAct(run, input.index);
  if (current === undefined) return run;
  const { item, planned } = current;
  const { outcome, atMs } = input;
  // A precheck may refuse before anything was intended; nothing else can come of an action that was not begun.
  if (item.state !== 'intended' && !(item.state === 'waiting' && outcome.kind === 'refused')) return run;
  switch (outcome.kind) {
    case 'applied':
      return goOn(withItem(run, input.index, finished(item, 'applied', outcome.detail, atMs)), atMs);
    case 'refused': {
      const refused = withItem(run, input.index, finished(item, 'refused', outcome.because, atMs));
      if (planned.kind === 'act' && planned.isDeletion === true && isSpared(run, input.index))
        return goOn(refused, atMs);
      return end(refused, 'failed', `${planned.title}: ${outcome.because}`, atMs);
    }
    case 'unknown':
      return withItem(run, input.index, { ...item, detail: outcome.because });
  }
}

/** May the run go on although this deletion was refused? So many in a row say that something else is wrong. */
function isSpared(run: Run, index: number): boolean {
  const before = run.items.slice(0, index).toReversed();
  const streak = before.findIndex(({ state }) => state !== 'refused' && state !== 'failed');
  const failed = (streak < 0 ? before.length : streak) + 1;
  const isLast = run.plan?.items[index + 1]?.kind !== 'act';
  return !isLast && failed < (run.plan?.limits.failuresInARow ?? 1);
}

export function settle(run: Run, input: Input<'settled'>): Run {
  const current = currentAct(run, input.index);
  if (current?.item.state !== 'intended') return run;
  const { item, planned } = current;
  const { settled, atMs } = input;
  switch (settled.kind) {
    case 'done':
      return goOn(withItem(run, input.index, finished(item, 'applied', settled.because, atMs)), atMs);
    case 'not-done': {
      if ((item.attempts ?? 0) < MAX_ATTEMPTS)
        return retried(run, input.index, again(item, `not done yet: ${settled.because}`), atMs);
      const because = `tried ${item.attempts} times without effect: ${settled.because}`;
      const failed = withItem(run, input.index, finished(item, 'failed', because, atMs));
      return end(failed, 'failed', `${planned.title}: ${because}`, atMs);
    }
    case 'unknown': {
      const because = `Nobody can tell by looking whether "${planned.title}" happened: ${settled.because}`;
      const unknown = withItem(run, input.index, { ...item, state: 'unknown', detail: settled.because });
      return { ...unknown, state: 'unknown', because };
    }
  }
}

export function rule(run: Run, input: Input<'ruled'>): Run {
  const current = currentAct(run, input.index);
  if (current?.item.state !== 'unknown') return run;
  const { item, planned } = current;
  if (input.attempt !== undefined && input.attempt !== item.attempts) return run;
  const { because: _question, ...rest } = run;
  const resumed: Run = { ...rest, state: 'acting' };
  switch (input.ruling) {
    case 'it-happened': {
      const applied = finished(item, 'applied', `${input.by} says that it happened`, input.atMs);
      return goOn(withItem(resumed, input.index, applied), input.atMs);
    }
    case 'do-it-again':
      return retried(
        resumed,
        input.index,
        again(item, `${input.by} says that it has not happened`),
        input.atMs,
      );
    case 'give-up': {
      const because = `${input.by} gave up`;
      const failed = withItem(run, input.index, finished(item, 'failed', because, input.atMs));
      return end(failed, 'failed', `${planned.title}: ${because}.`, input.atMs);
    }
  }
}

export function confirm(run: Run, input: Input<'confirmed'>): Run {
  const current = currentOf(run);
  if (current?.index !== input.index || current.planned.kind !== 'manual') return run;
  const applied = finished(current.item, 'applied', `done by ${input.by}`, input.atMs);
  return goOn(withItem(run, input.index, applied), input.atMs);
}

function currentAct(run: Run, index: number): Current | undefined {
  const current = currentOf(run);
  return current?.index === index && current.planned.kind === 'act' ? current : undefined;
}

function stepOf(runbook: Runbook, planned: PlannedItem) {
  return planned.kind === 'act' ? actStep(runbook, planned.step) : verifyStep(runbook, planned.step);
}

/** Once more, unless a person wants it to end: trying again is a further action. */
function retried(run: Run, index: number, item: Item, atMs: number): Run {
  const next = withItem(run, index, item);
  return run.stopWanted === undefined ? next : endCancelled(next, run.stopWanted.by, atMs);
}

/** Gives the turn to the next item, or ends the run. */
function goOn(run: Run, atMs: number): Run {
  const next = currentOf(run);
  if (next === undefined) return finish(run, atMs);
  if (run.stopWanted !== undefined) return endCancelled(run, run.stopWanted.by, atMs);
  const { index, item, planned } = next;
  const state = planned.kind === 'verify' ? 'watching' : item.state;
  return planned.kind === 'act' ? run : withItem(run, index, { ...item, state, startedAtMs: atMs });
}

/** Done is what the last verify proved: a fallback's verify that fell through proves nothing. */
function finish(run: Run, atMs: number): Run {
  const verifies = (run.plan?.items ?? []).flatMap((planned, index) =>
    planned.kind === 'verify' ? [{ planned, item: run.items[index] }] : [],
  );
  const last = verifies.at(-1);
  return last?.item?.state === 'failed'
    ? end(run, 'failed', `${last.planned.title}: ${last.item.detail ?? 'it did not hold'}`, atMs)
    : end(
        run,
        'done',
        last === undefined ? 'Every step is done.' : 'Every step is done, and it was verified.',
        atMs,
      );
}

function finished(item: Item, state: Item['state'], detail: string, atMs: number): Item {
  const { startedAtMs, attempts, held } = item;
  return {
    state,
    startedAtMs: startedAtMs ?? atMs,
    endedAtMs: atMs,
    detail,
    ...(attempts !== undefined && { attempts }),
    ...(held !== undefined && { held }),
  };
}

/** Back to waiting: a clearance that was given for the first attempt does not count for the next. */
function again(item: Item, detail: string): Item {
  const { clearedAtMs: _used, rounds: _taken, ...rest } = item;
  return { ...rest, state: 'waiting', detail };
}

const withItem = (run: Run, index: number, item: Item): Run => ({
  ...run,
  items: run.items.with(index, item),
});

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
