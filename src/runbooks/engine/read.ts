import { definite } from '../../rpc/index.ts';
import type { Item, Run } from '../run.ts';
import { currentOf } from './acting/ledger.ts';

/** One step of a run as a view shows it: plain text, to be escaped where it is rendered. */
export interface ProgressLine {
  readonly state: 'waiting' | 'running' | 'done' | 'skipped' | 'failed' | 'unknown';
  readonly title: string;
  readonly detail?: string;
}

/** The plan's items with what became of them so far; empty before there is a plan. */
export function progressLines(run: Run): readonly ProgressLine[] {
  const current = run.state === 'acting' ? currentOf(run)?.index : undefined;
  return (run.plan?.items ?? []).map(({ title }, index) => {
    const item = run.items[index] ?? { state: 'waiting' };
    return {
      state: index === current ? 'running' : shownAs(item.state),
      title,
      ...definite({ detail: item.detail }),
    };
  });
}

function shownAs(state: Item['state']): ProgressLine['state'] {
  switch (state) {
    case 'waiting':
      return 'waiting';
    case 'intended':
    case 'watching':
      return 'running';
    case 'applied':
    case 'held':
      return 'done';
    case 'skipped':
      return 'skipped';
    case 'refused':
    case 'failed':
      return 'failed';
    case 'unknown':
      return 'unknown';
  }
}
