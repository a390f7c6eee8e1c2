import type { Run } from '../../runbooks/index.ts';
import type { FailureWindow } from '../stores/stores.ts';

/** Failed or unclear runs within this time that halt the repairs of a cluster. */
const FAILURES = 3;
const WITHIN_MS = 3_600_000;

/**
 * What a run's end means for the circuit breaker; absent when it failed nothing. A proof that failed after everything was
 * done switches off at once: the bot has changed something and does not understand what came of it.
 */
export function failureWindowOf(before: Run, after: Run, atMs: number): FailureWindow | undefined {
  if (before.state === after.state || (after.state !== 'failed' && after.state !== 'unknown')) {
    return undefined;
  }
  const isUnproved = after.state === 'failed' && hasFailedProof(after);
  const { cluster, id } = after;
  const because = isUnproved
    ? `${id} did what was approved, but the check after it failed`
    : `${FAILURES} runs failed or stayed unclear within an hour, the last one is ${id}`;
  return {
    cluster,
    atMs,
    withinMs: WITHIN_MS,
    limit: isUnproved ? 1 : FAILURES,
    because,
    line: {
      atMs,
      text: `Repairs on ${cluster} are switched off: ${because}. An approver can resume with /rabbit resume ${cluster}.`,
      broadcast: true,
    },
  };
}

/** The last check failed, and nothing that was planned before it had been refused. */
function hasFailedProof({ plan, items }: Run): boolean {
  const last = items.findLastIndex(({ state }) => state === 'failed');
  return (
    plan?.items[last]?.kind === 'verify' &&
    items.some(({ state }) => state === 'applied') &&
    !items.some(({ state }) => state === 'refused')
  );
}
