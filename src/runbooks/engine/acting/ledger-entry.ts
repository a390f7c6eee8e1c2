import type { LedgerEntry } from '../../hosts/common/host.ts';
import type { Run } from '../../run.ts';

/**
 * Ledger entry of an intended item, as hosts get to know it: the same whichever bot carries the run,
 * another one for each attempt, and never that of a run of another life with the same number.
 */
export function ledgerEntryOf(run: Run, index: number): LedgerEntry | undefined {
  const item = run.items[index];
  if (item?.state !== 'intended' || item.startedAtMs === undefined) {
    return undefined;
  }
  const id = [run.cluster, run.id, run.startedAtMs, index, item.attempts ?? 1].join('/');
  return { id, intendedAtMs: item.startedAtMs };
}
