import type { Item, Run } from '../../../runbooks/index.ts';

const openStates: readonly Item['state'][] = ['waiting', 'intended', 'watching', 'unknown'];

/** Index of the item whose turn it is; the number of items when all are over. */
export function currentItemOf(run: Run): number {
  const index = run.items.findIndex((item) => openStates.includes(item.state));
  return index < 0 ? run.items.length : index;
}

/** Whether the run waits to begin something, so that a halt stops it. */
export function isAboutToAct(run: Run): boolean {
  const turn = currentItemOf(run);
  return (
    run.state === 'acting' && run.plan?.items[turn]?.kind === 'act' && run.items[turn]?.state === 'waiting'
  );
}
