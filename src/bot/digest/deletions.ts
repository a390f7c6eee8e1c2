import type { Run } from '../../runbooks/index.ts';

/** What one run has deleted for good. */
export interface DeletionDigest {
  readonly cluster: string;
  readonly incident: string;
  readonly run: string;
  readonly queues: number;
  /** At most so many were in them: the bound that was approved. */
  readonly messages: number;
}

/** Counts what was really deleted, not what was planned. */
export function deletionsOf(runs: readonly Run[]): readonly DeletionDigest[] {
  return runs.flatMap((run) => {
    const deleted = (run.plan?.items ?? []).flatMap((item, index) =>
      item.kind === 'act' && item.isDeletion === true && run.items[index]?.state === 'applied' ? [item] : [],
    );
    const bounds = deleted.map(({ call }) => call.args['maxReady']);
    const messages = bounds.reduce<number>((sum, most) => sum + (typeof most === 'number' ? most : 0), 0);
    const { cluster, incident, id } = run;
    return deleted.length === 0 ? [] : [{ cluster, incident, run: id, queues: deleted.length, messages }];
  });
}
