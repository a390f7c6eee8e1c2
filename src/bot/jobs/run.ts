import { randomUUID } from 'node:crypto';
import {
  type ActionCall,
  advance,
  type EngineTools,
  ledgerEntryOf,
  nextOrder,
  type Order,
  type Outcome,
  type Run,
  type Runbook,
  type RunInput,
} from '../../runbooks/index.ts';
import type { BotContext, ClusterHandle } from '../context.ts';
import { standsNow } from '../desk/ballot.ts';
import { engineTools } from '../engine-tools.ts';
import { pageOwners } from '../page-owners.ts';
import type { RunGuard } from '../stores/stores.ts';
import { strainOf } from './breaker.ts';
import { type Held, hold } from './hold.ts';
import { entry, storyOf } from './run-story.ts';
import { tellSoon } from './tell-soon.ts';

/*
 * Carries a run from one state to the next. What is to be done follows from the stored value alone (`nextOrder`), so it does not
 * matter who carried it so far, or whether they died: whoever holds the lease asks again and goes on.
 */

const LEASE_MS = 10_000;
const RETRY_MS = 1_000;
const HALTED_RETRY_MS = 5_000;
/** Between two looks at an interrupted action that may still be on its way. */
const SETTLE_RETRY_MS = 2_000;
/** One run at a time acts on a cluster; longer than any pause between two steps. */
const TURN_MS = 60_000;
/** What `execute` gets beyond its own limit before it is given up from outside. */
const GRACE_MS = 5_000;
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

/** Everything one step needs. */
interface Passage {
  readonly context: BotContext;
  readonly cluster: ClusterHandle;
  readonly runbook: Runbook;
  readonly run: Run;
  readonly held: Held;
  readonly tools: EngineTools;
}

/** Somebody else was granted the run meanwhile: this runner must write and do nothing more. */
class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

async function passageOf(context: BotContext, run: Run, held: Held): Promise<Passage | undefined> {
  const cluster = context.clusters.get(run.cluster);
  const runbook = context.book.find(({ id }) => id === run.runbook);
  if (cluster && runbook)
    return { context, cluster, runbook, run, held, tools: await engineTools(context, cluster) };
  const missing = cluster ? `runbook ${run.runbook}` : `cluster ${run.cluster}`;
  context.log.error({ run: run.id }, `${run.id} cannot go on: this installation has no ${missing}`);
  return undefined;
}

/** Leave the run alone for now; without `ms` until somebody calls. */
interface Wait {
  readonly ms?: number;
  readonly why: 'pause' | 'until' | 'retry';
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

/** The one place where something is done to a cluster. */
async function act(passage: Passage, index: number): Promise<Wait | undefined> {
  const { context, cluster, runbook, run, held } = passage;
  const { stores, clock } = context;
  const call = callOf(run, index);
  // An unreadable halt throws, and nothing is done.
  if (await stores.halts.isHalted(run.cluster)) {
    await noteOnce(passage, 'halted', 'Halted: it waits. An approver resumes with /rabbit resume.');
    return { ms: HALTED_RETRY_MS, why: 'retry' };
  }
  if (asksVotersAgain(run)) {
    const standing = await standsNow(context, run);
    if (standing === 'unknown') {
      const text = 'Slack does not say whether those who approved may still approve: it waits.';
      await noteOnce(passage, 'voters', text);
      return { ms: HALTED_RETRY_MS, why: 'retry' };
    }
    if (standing !== 'carried') {
      await take(passage, { kind: 'unseated', because: standing.because, atMs: clock.now() });
      return undefined;
    }
  }
  const turnMs = cluster.actions.timeLimitMs(call) + GRACE_MS + TURN_MS;
  const turn = await stores.leases.take(turnOf(run), run.id, turnMs);
  if (turn === undefined) {
    await noteOnce(passage, 'turn', 'Another run acts on this cluster; this one waits for its turn.');
    return { ms: RETRY_MS, why: 'retry' };
  }

  const verdict = await cluster.actions.precheck(call);
  if (!verdict.go) {
    const outcome: Outcome = { kind: 'refused', because: verdict.because };
    await take(passage, { kind: 'acted', index, outcome, atMs: clock.now() });
    return undefined;
  }

  const over = await whyOverTheHour(passage, call, index);
  if (over !== undefined) {
    const outcome: Outcome = { kind: 'refused', because: over };
    await take(passage, { kind: 'acted', index, outcome, atMs: clock.now() });
    return undefined;
  }

  const input: RunInput = { kind: 'intended', index, atMs: clock.now() };
  const intended = advance(runbook, run, input, passage.tools);
  if (intended === run || !held.isHeld()) return { ms: RETRY_MS, why: 'retry' };
  // In one step with the halt and with both leases: nothing begins after a halt, or by two runners.
  const stored = await store(passage, run, intended, {
    fences: [{ lease: turnOf(run), token: turn.token }],
    unlessHalted: run.cluster,
  });
  // Halted in between: the next passage says so and waits.
  if (stored === 'halted') return { ms: 0, why: 'retry' };
  if (stored !== 'stored') return undefined;
  // A process that slept since then may no longer be the one that acts: what was intended is settled by looking.
  if (!held.isHeld()) return { ms: RETRY_MS, why: 'retry' };

  const outcome = await execute({ ...passage, run: intended }, call, index);
  await takeLatest(passage, { kind: 'acted', index, outcome, atMs: clock.now() });
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

/** One counter an hour for all runs and replicas. Going over it was approved only where the plan says so. */
async function whyOverTheHour(
  { context, cluster, run, tools }: Passage,
  call: ActionCall,
  index: number,
): Promise<string | undefined> {
  if (cluster.actions.describe(call).deletes === undefined) return undefined;
  const limit = tools.limits.deletionsPerHour;
  const options = { limit, isForced: run.plan?.tier === 'mass' };
  const reserved = await context.stores.deletions.reserve(run.cluster, `${run.id}:${index}`, options);
  return reserved === 'reserved'
    ? undefined
    : `${limit} queues were deleted on ${run.cluster} within the last hour, and that is the limit`;
}

async function execute(
  { context, cluster, run }: Passage,
  call: ActionCall,
  index: number,
): Promise<Outcome> {
  const limitMs = cluster.actions.timeLimitMs(call) + GRACE_MS;
  const over = new AbortController();
  const tooLate = context.clock
    .sleep(limitMs, over.signal)
    .then((): Outcome => ({ kind: 'unknown', because: `no answer within ${Math.round(limitMs / 1_000)} s` }));
  // The loser of the race below is nobody's business.
  tooLate.catch(() => {});
  try {
    const acting = cluster.actions.execute(call, reasonOf(run), ledgerEntryOf(run, index));
    return await Promise.race([acting, tooLate]);
  } catch (error) {
    context.log.error({ err: error, run: run.id, action: call.action }, 'An action broke off');
    return { kind: 'unknown', because: error instanceof Error ? error.message : String(error) };
  } finally {
    over.abort();
  }
}

/** An action was written down as intended, and what came of it was not: find out by looking. */
async function settle(passage: Passage, index: number): Promise<Wait | undefined> {
  const { context, cluster, run } = passage;
  const call = callOf(run, index);
  const settled = await cluster.actions.reconcile(call, ledgerEntryOf(run, index));
  const startedAtMs = run.items[index]?.startedAtMs ?? 0;
  const isMaybeUnderWay = context.clock.now() < startedAtMs + cluster.actions.timeLimitMs(call);
  // "Done" is proof. "Not done" is none while a command that outlived its bot may still be at work.
  if (settled.kind !== 'done' && isMaybeUnderWay) return { ms: SETTLE_RETRY_MS, why: 'retry' };
  await take(passage, { kind: 'settled', index, settled, atMs: context.clock.now() });
  return undefined;
}

/** Advances and stores. False: the input does not fit, or somebody else was faster; the caller reads again. */
async function take(passage: Passage, input: RunInput): Promise<boolean> {
  const { runbook, run } = passage;
  const next = advance(runbook, run, input, passage.tools);
  return next !== run && (await store(passage, run, next)) === 'stored';
}

const MAX_CONFLICTS = 20;

/** Advances whatever is stored now: for an outcome, which is true whoever else wrote in between. */
async function takeLatest(passage: Passage, input: RunInput): Promise<void> {
  for (let attempt = 0; attempt < MAX_CONFLICTS; attempt += 1) {
    const run = await passage.context.stores.runs.get(passage.run.id);
    if (run === undefined) return;
    const next = advance(passage.runbook, run, input, passage.tools);
    if (next === run || (await store(passage, run, next)) === 'stored') return;
  }
  throw new Error(`${passage.run.id}: the outcome could not be stored in ${MAX_CONFLICTS} attempts`);
}

/** Every write of a runner carries its lease: one that was overtaken while it slept writes nothing. */
async function store(
  { context, held }: Passage,
  before: Run,
  after: Run,
  { fences = [], ...guard }: Partial<RunGuard> = {},
): Promise<'stored' | 'conflict' | 'halted'> {
  const atMs = context.clock.now();
  const { audit, timeline } = storyOf(before, after, atMs);
  const strain = strainOf(before, after, atMs);
  const stored = await context.stores.runs.put(after, before.version, audit, timeline, {
    fences: [held.fence, ...fences],
    ...guard,
    ...(strain === undefined ? {} : { strain }),
  });
  switch (stored) {
    case 'conflict':
    case 'halted':
      return stored;
    case 'fenced':
      throw new LeaseLost(
        `${after.id} is carried by somebody else by now; what this one saw is left to them`,
      );
    case 'tripped':
      await context.stores.audit.append(entry(after, 'halt.set', strain?.because ?? '', atMs));
      break;
    case 'stored':
      break;
  }
  await tellSoon(context, after.incident);
  return 'stored';
}

const turnOf = (run: Run): string => `turn:${run.cluster}`;

/** Between its actions a run keeps its turn: what it began must be verified before another one acts. */
async function keepTurn({ stores }: BotContext, run: Run): Promise<void> {
  if (run.state === 'acting') await stores.leases.renew(turnOf(run), run.id, TURN_MS);
}

async function finish(context: BotContext, run: Run): Promise<void> {
  await context.stores.leases.release(turnOf(run), run.id);
  // The proof of a repair is a fresh sweep: do not wait for the schedule.
  if (run.state === 'done') await context.courier.sweep(run.cluster);
}

const NOTE_AGAIN_MS = 600_000;

async function noteOnce({ context, run }: Passage, what: string, text: string): Promise<void> {
  const { stores, clock } = context;
  if (!(await stores.once.first(`note:${run.id}:${what}`, NOTE_AGAIN_MS))) return;
  const atMs = clock.now();
  await stores.audit.append(entry(run, `run.${what}`, text, atMs));
  await stores.incidents.note(run.incident, [{ atMs, text: `${run.id}: ${text}` }]);
  await tellSoon(context, run.incident);
}

function callOf(run: Run, index: number): ActionCall {
  const planned = run.plan?.items[index];
  if (planned?.kind === 'act') return planned.call;
  throw new Error(`${run.id}: item ${index} of the plan is no action`);
}

/** What the broker's or the host's own log gets to read. */
function reasonOf(run: Run): string {
  const approvers = run.votes.map(({ by }) => by).join(', ');
  return `Watership ${run.incident} ${run.id}, approved by ${approvers || 'nobody'}`;
}
