import type { Run } from '../../runbooks/index.ts';
import type { BotContext } from '../context.ts';
import type { Fence } from '../stores/stores.ts';

/* One run at a time acts on a cluster. */

/** Longer than any pause between two steps. */
const TURN_MS = 60_000;

const lockNameOf = (run: Run): string => `turn:${run.cluster}`;

export type ClusterLock =
  | { readonly kind: 'granted'; readonly fence: Fence }
  /** `by`: who is in the way, as the beginning of a sentence. */
  | { readonly kind: 'taken'; readonly by: string };

/** Lasts for one action of that time, and for the pause after it. */
export async function takeClusterLock(
  { stores }: BotContext,
  run: Run,
  actionMs: number,
): Promise<ClusterLock> {
  // The lease of one that stands still for longer runs out; what it has begun on the cluster is nevertheless unfinished.
  const unfinished = (await stores.runs.active(run.cluster)).find(
    (other) => other.id !== run.id && hasBegun(other),
  );
  if (unfinished !== undefined && !hasBegun(run)) {
    const how = unfinished.state === 'unknown' ? 'waits for someone to check what happened' : 'is running';
    return { kind: 'taken', by: `${unfinished.id} ${how}` };
  }
  const lease = lockNameOf(run);
  const turn = await stores.leases.take(lease, run.id, actionMs + TURN_MS);
  return turn === undefined
    ? { kind: 'taken', by: 'Another run is active' }
    : { kind: 'granted', fence: { lease, token: turn.token } };
}

const hasBegun = ({ state, items }: Run): boolean =>
  state === 'unknown' || items.some(({ attempts }) => attempts !== undefined);

/** Renews the cluster lock of a run between its actions: what it began must be verified before another one acts. */
export async function keepClusterLock({ stores }: BotContext, run: Run): Promise<void> {
  if (run.state === 'acting') {
    await stores.leases.renew(lockNameOf(run), run.id, TURN_MS);
  }
}

/** Lets the next run act. */
export async function releaseClusterLock({ stores }: BotContext, run: Run): Promise<void> {
  await stores.leases.release(lockNameOf(run), run.id);
}
