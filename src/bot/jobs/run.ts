import { randomUUID } from 'node:crypto';
import { nextOrder, type Order, type Run } from '../../runbooks/index.ts';
import type { BotContext } from '../context.ts';
import { pageOwners } from '../notify/page-owners.ts';
import { acquireLease, type Lease } from '../stores/lease.ts';
import { keepClusterLock, releaseClusterLock } from './cluster-lock.ts';
import { act, settleItem } from './run-act.ts';
import { apply, LeaseLost, RETRY_MS, type RunContext, runContextOf, type Wait } from './run-context.ts';

/*
 * Moves a run from one state to the next. What is to be done follows from the stored value alone (`nextOrder`), so it does not
 * matter which process did so before, or whether it died: whoever holds the lease asks again and continues.
 */

const LEASE_MS = 10_000;
/** Steps of one job; a run that needs more takes another. */
const MAX_STEPS = 200;

/** One job: resumes the run until it must wait. `pauseServed`: the pause that the run last asked for is over. */
export async function resumeRun(
  context: BotContext,
  id: string,
  { pauseServed }: { readonly pauseServed: boolean },
): Promise<void> {
  const { stores, jobQueue } = context;
  const lease = await acquireLease(stores.leases, `run:${id}`, randomUUID(), LEASE_MS);
  if (lease === undefined) {
    return jobQueue.carryOn(id, RETRY_MS, 'retry');
  }
  let leftAt: number | undefined;
  try {
    leftAt = await runLoop(context, id, lease, pauseServed);
  } catch (error) {
    if (!(error instanceof LeaseLost)) {
      throw error;
    }
    // Whoever holds it now goes on; asked again in case nobody does.
    context.log.warn({ run: id }, error.message);
    return jobQueue.carryOn(id, RETRY_MS, 'retry');
  } finally {
    await lease.release();
  }
  // A vote that came while the lease was held found nobody to take it up.
  if (leftAt !== undefined && (await stores.runs.get(id))?.version !== leftAt) {
    await jobQueue.carryOn(id);
  }
}

/** Goes on until the run ends or has to wait. Answers with the version it was left at; undefined once it has ended. */
async function runLoop(
  context: BotContext,
  id: string,
  lease: Lease,
  pauseServed: boolean,
): Promise<number | undefined> {
  let isPauseServed = pauseServed;
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const run = await context.stores.runs.get(id);
    if (run === undefined) {
      return undefined;
    }
    const runContext = await runContextOf(context, run, lease);
    if (runContext === undefined) {
      return undefined;
    }
    if (await apply(runContext, { kind: 'ticked', atMs: context.clock.now() })) {
      continue;
    }

    await keepClusterLock(context, run);
    if (run.state === 'checking' || run.state === 'acting') {
      await pageOwners(context, run);
    }
    const order = nextOrder(runContext.runbook, run, context.clock.now());
    if (order === undefined) {
      await finish(context, run);
      return undefined;
    }
    const wait = await carryOut(runContext, order, isPauseServed);
    if (wait !== undefined) {
      if (wait.ms !== undefined) {
        await context.jobQueue.carryOn(id, wait.ms, wait.why);
      }
      return run.version;
    }
    isPauseServed = false;
  }
  await context.jobQueue.carryOn(id, RETRY_MS, 'retry');
  return undefined;
}

async function carryOut(
  runContext: RunContext,
  order: Order,
  isPauseServed: boolean,
): Promise<Wait | undefined> {
  const { clock } = runContext.context;
  switch (order.kind) {
    case 'wait':
      return {
        ...(order.untilMs === undefined ? {} : { ms: Math.max(0, order.untilMs - clock.now()) + 100 }),
        why: 'until',
      };
    case 'look': {
      if (order.afterMs !== undefined && !isPauseServed) {
        return { ms: order.afterMs, why: 'pause' };
      }
      const [now, answered] = await Promise.all([
        runContext.cluster.observe('named'),
        runContext.cluster.answer(order.looks),
      ]);
      await apply(runContext, { kind: 'looked', now, answered, atMs: clock.now() });
      return undefined;
    }
    case 'act':
      return act(runContext, order.index);
    case 'settle':
      return settleItem(runContext, order.index);
  }
}

async function finish(context: BotContext, run: Run): Promise<void> {
  await releaseClusterLock(context, run);
  // The proof of a repair is a fresh sweep: do not wait for the schedule.
  if (run.state === 'done') {
    await context.jobQueue.sweep(run.cluster);
  }
}
