import { reasonOf } from '../../rpc/index.ts';
import {
  type ActionCall,
  advance,
  ledgerEntryOf,
  type Outcome,
  type Run,
  type RunInput,
} from '../../runbooks/index.ts';
import { recheckApproval } from '../approvals/tally.ts';
import { span } from '../wording/words.ts';
import { takeClusterLock } from './cluster-lock.ts';
import { apply, applyLatest, noteOnce, RETRY_MS, type RunContext, store, type Wait } from './run-context.ts';

const HALTED_RETRY_MS = 5_000;
/** Time between two looks at an interrupted action that may still be under way. */
const SETTLE_RETRY_MS = 2_000;
/** What `execute` gets beyond its own limit before it is given up from outside. */
const GRACE_MS = 5_000;

/** The one place where something is done to a cluster. */
export async function act(runContext: RunContext, index: number): Promise<Wait | undefined> {
  const { context, cluster, runbook, run, lease } = runContext;
  const { stores, clock } = context;
  const call = callOf(run, index);
  // An unreadable halt throws, and nothing is done.
  if (await stores.halts.isHalted(run.cluster)) {
    await noteOnce(
      runContext,
      'halted',
      'Halted: the run waits. An approver can resume with /rabbit resume.',
    );
    return { ms: HALTED_RETRY_MS, why: 'retry' };
  }
  if (asksVotersAgain(run)) {
    const standing = await recheckApproval(context, run);
    if (standing === 'unknown') {
      const text = 'Slack does not say whether those who approved may still approve: the run waits.';
      await noteOnce(runContext, 'voters', text);
      return { ms: HALTED_RETRY_MS, why: 'retry' };
    }
    if (standing !== 'approved') {
      await apply(runContext, { kind: 'approvalLost', ...standing, atMs: clock.now() });
      return undefined;
    }
  }
  const lock = await takeClusterLock(context, run, cluster.actions.timeLimitMs(call) + GRACE_MS);
  if (lock.kind === 'taken') {
    await noteOnce(runContext, 'turn', `${lock.by} on this cluster; this run waits until that one is over.`);
    return { ms: RETRY_MS, why: 'retry' };
  }

  if (await apply(runContext, { kind: 'waited', atMs: clock.now() })) {
    return undefined;
  }

  const refusal = await whyRefused(runContext, call, index);
  if (refusal !== undefined) {
    const outcome: Outcome = { kind: 'refused', because: refusal };
    await apply(runContext, { kind: 'acted', index, outcome, atMs: clock.now() });
    return undefined;
  }
  // The script that stores it knows the halts in Redis; a file on this machine may have been laid meanwhile.
  if (await stores.halts.isHalted(run.cluster)) {
    return { ms: 0, why: 'retry' };
  }

  const input: RunInput = { kind: 'intended', index, atMs: clock.now() };
  const intended = advance(runbook, run, input, runContext.tools);
  if (intended === run || !lease.isHeld()) {
    return { ms: RETRY_MS, why: 'retry' };
  }
  // In one step with the halt and with both leases: nothing begins after a halt, or by two runners.
  const stored = await store(runContext, run, intended, {
    fences: [lock.fence],
    unlessHalted: run.cluster,
  });
  // Halted in between: the next round of the loop says so and waits.
  if (stored === 'halted') {
    return { ms: 0, why: 'retry' };
  }
  if (stored !== 'stored') {
    return undefined;
  }
  // A process that slept since then may no longer be the one that acts: what was intended is settled by looking.
  if (!lease.isHeld()) {
    return { ms: RETRY_MS, why: 'retry' };
  }

  const outcome = await execute({ ...runContext, run: intended }, call, index);
  await applyLatest(runContext, { kind: 'acted', index, outcome, atMs: clock.now() });
  return undefined;
}

/**
 * What was begun on a node is completed, whatever becomes of those who approved it: half-way is the worst place to stop,
 * and a halt stops it. Everything else asks again before each thing that it does.
 */
function asksVotersAgain({ plan, items }: Run): boolean {
  const hasBegun = items.some(({ state }) => state === 'applied' || state === 'held');
  return plan?.tier !== 'node' || !hasBegun;
}

/** The action's own look at the cluster, and then the hour's limit: what is not begun must not be counted. */
async function whyRefused(
  runContext: RunContext,
  call: ActionCall,
  index: number,
): Promise<string | undefined> {
  const verdict = await runContext.cluster.actions.precheck(call);
  return verdict.go ? whyOverTheHour(runContext, call, index) : verdict.because;
}

/** One counter an hour for all runs and replicas. Going over it was approved only where the plan says so. */
async function whyOverTheHour(
  { context, cluster, run, tools }: RunContext,
  call: ActionCall,
  index: number,
): Promise<string | undefined> {
  if (cluster.actions.describe(call).deletes === undefined) {
    return undefined;
  }
  const limit = tools.limits.deletionsPerHour;
  const options = { limit, isForced: run.plan?.tier === 'mass' };
  const reserved = await context.stores.deletions.reserve(run.cluster, `${run.id}:${index}`, options);
  return reserved === 'reserved'
    ? undefined
    : `${limit} queues were deleted on ${run.cluster} within the last hour, and that is the limit`;
}

async function execute(
  { context, cluster, run }: RunContext,
  call: ActionCall,
  index: number,
): Promise<Outcome> {
  const limitMs = cluster.actions.timeLimitMs(call) + GRACE_MS;
  const over = new AbortController();
  const tooLate = context.clock
    .sleep(limitMs, over.signal)
    .then((): Outcome => ({ kind: 'unknown', because: `no answer within ${span(limitMs)}` }));
  // The loser of the race below is nobody's business.
  tooLate.catch(() => {});
  try {
    const acting = cluster.actions.execute(call, approvedBy(run), ledgerEntryOf(run, index));
    return await Promise.race([acting, tooLate]);
  } catch (error) {
    context.log.error({ err: error, run: run.id, action: call.action }, 'An action failed with an error');
    return { kind: 'unknown', because: reasonOf(error) };
  } finally {
    over.abort();
  }
}

/** An action was written down as intended, and what came of it was not: find out by looking. */
export async function settleItem(runContext: RunContext, index: number): Promise<Wait | undefined> {
  const { context, cluster, run } = runContext;
  const call = callOf(run, index);
  const settled = await cluster.actions.reconcile(call, ledgerEntryOf(run, index));
  const startedAtMs = run.items[index]?.startedAtMs ?? 0;
  const isMaybeUnderWay = context.clock.now() < startedAtMs + cluster.actions.timeLimitMs(call);
  // "Done" is proof. "Not done" is none while a command that outlived its bot may still be at work.
  if (settled.kind !== 'done' && isMaybeUnderWay) {
    return { ms: SETTLE_RETRY_MS, why: 'retry' };
  }
  await apply(runContext, { kind: 'settled', index, settled, atMs: context.clock.now() });
  return undefined;
}

function callOf(run: Run, index: number): ActionCall {
  const planned = run.plan?.items[index];
  if (planned?.kind === 'act') {
    return planned.call;
  }
  throw new Error(`${run.id}: item ${index} of the plan is no action`);
}

/** What the broker's or the host's own log gets to read. */
function approvedBy(run: Run): string {
  const approvers = run.votes.map(({ by }) => by).join(', ');
  return `Watership ${run.incident} ${run.id}, approved by ${approvers || 'nobody'}`;
}
