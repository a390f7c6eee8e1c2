import { definite } from '../../../rpc/index.ts';
import type { Item, PlannedItem, Run } from '../../run.ts';
import { end, endCancelled, failedWith } from '../common/ending.ts';

/* The items of a run with what became of each, and the current one. */

/** The current item: the one to be treated next. */
export interface Current {
  readonly index: number;
  readonly planned: PlannedItem;
  readonly item: Item;
}

const openStates: readonly Item['state'][] = ['waiting', 'intended', 'watching', 'unknown'];

/** The first item that is not finished; undefined when all are. */
export function currentOf(run: Run): Current | undefined {
  const index = run.items.findIndex(({ state }) => openStates.includes(state));
  const planned = run.plan?.items[index];
  const item = run.items[index];
  return planned === undefined || item === undefined ? undefined : { index, planned, item };
}

/** Whether anything was begun, by us or by hand. */
export const hasActed = ({ items }: Run): boolean =>
  items.some(({ state, attempts }) => attempts !== undefined || state === 'applied');

/** The ledger with another entry for one item. */
export const withItem = (run: Run, index: number, item: Item): Run => ({
  ...run,
  items: run.items.with(index, item),
});

/** Closes the entry of an item: what became of it, and when. `by`: the person of whom `detail` speaks. */
export const closeItem = (
  run: Run,
  { index, item }: Pick<Current, 'index' | 'item'>,
  state: Item['state'],
  detail: string,
  atMs: number,
  by?: string,
): Run => withItem(run, index, { ...finished(item, state, detail, atMs), ...definite({ by }) });

function finished(item: Item, state: Item['state'], detail: string, atMs: number): Item {
  const { startedAtMs, attempts, held } = item;
  return {
    state,
    startedAtMs: startedAtMs ?? atMs,
    endedAtMs: atMs,
    detail,
    ...definite({ attempts, held }),
  };
}

/** Whether the run may go on although this deletion was refused. Several in a row say that something else is wrong. */
export function isSpared(run: Run, { index, planned }: Current): boolean {
  if (planned.kind !== 'act' || planned.isDeletion !== true) {
    return false;
  }
  const before = run.items.slice(0, index).toReversed();
  const streak = before.findIndex(({ state }) => state !== 'refused' && state !== 'failed');
  const failed = (streak < 0 ? before.length : streak) + 1;
  const isLast = run.plan?.items[index + 1]?.kind !== 'act';
  return !isLast && failed < (run.plan?.limits.failuresInARow ?? 1);
}

/** The run with the next item as the current one, or at its end. */
export function goOn(run: Run, atMs: number): Run {
  const next = currentOf(run);
  if (next === undefined) {
    return finish(run, atMs);
  }
  if (run.stopWanted !== undefined) {
    return endCancelled(run, run.stopWanted.by, atMs);
  }
  const { index, item, planned } = next;
  const state = planned.kind === 'verify' ? 'watching' : item.state;
  return planned.kind === 'act' ? run : withItem(run, index, { ...item, state, startedAtMs: atMs });
}

/** The run at its end. Only the last verify proves it done: a fallback's verify that fell through proves nothing. */
function finish(run: Run, atMs: number): Run {
  const verifies = (run.plan?.items ?? []).flatMap((planned, index) =>
    planned.kind === 'verify' ? [{ planned, item: run.items[index] }] : [],
  );
  const last = verifies.at(-1);
  if (last?.item?.state === 'failed') {
    const why = last.item.detail ?? 'the check did not pass';
    return end(run, failedWith('check-failed', `${last.planned.title}: ${why}`), atMs);
  }
  const because =
    last === undefined ? 'Every step is done.' : 'Every step is done, and the result was verified.';
  return end(run, { state: 'done', endedBy: { kind: 'completed' }, because }, atMs);
}
