import { randomUUID } from 'node:crypto';
import { nextOrder, type Order, type Run } from '../../runbooks/index.ts';
import type { BotContext } from '../context.ts';
import { pageOwners } from '../notify/page-owners.ts';
import { type Held, hold } from '../stores/hold.ts';
import { act, settle } from './run-act.ts';
import { LeaseLost, type Passage, passageOf, RETRY_MS, take, type Wait } from './run-passage.ts';
import { endTurn, keepTurn } from './run-turn.ts';

/*
 * Carries a run from one state to the next. What is to be done follows from the stored value alone (`nextOrder`), so it does not
 * matter who carried it so far, or whether they died: whoever holds the lease asks again and goes on.
 */

const LEASE_MS = 10_000;
/** Steps of one job; a run that needs more takes another. */
const MAX_STEPS = 200;

/** One passage: a job. `pauseServed`: the pause that the run last asked for is over. */
export async function carryRun(
  context: BotContext,
  id: string,
  { pauseServed }: { readonly pauseServed: boolean },
): Promise<void> {
  const { stores, courier } = context;
  const held = await hold(stores.leases, `run:${id}`, randomUUID(), LEASE_MS);
  if (held === undefined) return courier.carryOn(id, RETRY_MS, 'retry');
  let leftAt: number | undefined;
  try {
    leftAt = await drive(context, id, held, pauseServed);
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
    // Whoever holds it now goes on; asked again in case nobody does.
    context.log.warn({ run: id }, error.message);
    return courier.carryOn(id, RETRY_MS, 'retry');
  } finally {
    await held.release();
  }
  // A vote that came while the lease was held found nobody to take it up.
  if (leftAt !== undefined && (await stores.runs.get(id))?.version !== leftAt) await courier.carryOn(id);
}

/** Goes on until the run ends or has to wait. Answers with the version it was left at; undefined once it has ended. */
async function drive(
  context: BotContext,
  id: string,
  held: Held,
  pauseServed: boolean,
): Promise<number | undefined> {
  let isPauseServed = pauseServed;
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const run = await context.stores.runs.get(id);
    if (run === undefined) return undefined;
    const passage = await passageOf(context, run, held);
    if (passage === undefined) return undefined;
    if (await take(passage, { kind: 'ticked', atMs: context.clock.now() })) continue;

    await keepTurn(context, run);
    if (run.state === 'checking' || run.state === 'acting') await pageOwners(context, run);
    const order = nextOrder(passage.runbook, run, context.clock.now());
    if (order === undefined) {
      await finish(context, run);
      return undefined;
    }
    const wait = await carryOut(passage, order, isPauseServed);
    if (wait !== undefined) {
      if (wait.ms !== undefined) await context.courier.carryOn(id, wait.ms, wait.why);
      return run.version;
    }
    isPauseServed = false;
  }
  await context.courier.carryOn(id, RETRY_MS, 'retry');
  return undefined;
}

async function carryOut(passage: Passage, order: Order, isPauseServed: boolean): Promise<Wait | undefined> {
  const { clock } = passage.context;
  switch (order.kind) {
    case 'wait':
      return {
        ...(order.untilMs === undefined ? {} : { ms: Math.max(0, order.untilMs - clock.now()) + 100 }),
        why: 'until',
      };
    case 'look': {
      if (order.afterMs !== undefined && !isPauseServed) return { ms: order.afterMs, why: 'pause' };
      const [now, answered] = await Promise.all([
        passage.cluster.observe('named'),
        passage.cluster.answer(order.looks),
      ]);
      await take(passage, { kind: 'looked', now, answered, atMs: clock.now() });
      return undefined;
    }
    case 'act':
      return act(passage, order.index);
    case 'settle':
      return settle(passage, order.index);
  }
}

async function finish(context: BotContext, run: Run): Promise<void> {
  await endTurn(context, run);
  // The proof of a repair is a fresh sweep: do not wait for the schedule.
  if (run.state === 'done') await context.courier.sweep(run.cluster);
}
