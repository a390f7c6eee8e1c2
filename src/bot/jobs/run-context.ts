import { definite } from '../../rpc/index.ts';
import { advance, type EngineTools, type Run, type Runbook, type RunInput } from '../../runbooks/index.ts';
import { engineTools } from '../approvals/engine-tools.ts';
import { notifySoon } from '../approvals/notify-soon.ts';
import type { BotContext, ClusterHandle } from '../context.ts';
import { entry, runRecordOf } from '../record/run-record.ts';
import type { Lease } from '../stores/lease.ts';
import type { RunGuard } from '../stores/stores.ts';
import { untilStored } from '../stores/until-stored.ts';
import { failureWindowOf } from './circuit-breaker.ts';

/* One step of a run: what it needs, and how what came of it is written down. */

/** Everything one step needs. */
export interface RunContext {
  readonly context: BotContext;
  readonly cluster: ClusterHandle;
  readonly runbook: Runbook;
  readonly run: Run;
  readonly lease: Lease;
  readonly tools: EngineTools;
}

/** Delay before a run that could not continue is resumed. */
export const RETRY_MS = 1_000;

/** Somebody else was granted the run meanwhile: this runner must write and do nothing more. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** Undefined, with a line in the log, when this installation lacks what the run was made with. */
export async function runContextOf(
  context: BotContext,
  run: Run,
  lease: Lease,
): Promise<RunContext | undefined> {
  const cluster = context.clusters.get(run.cluster);
  const runbook = context.book.find(({ id }) => id === run.runbook);
  if (cluster && runbook) {
    return { context, cluster, runbook, run, lease, tools: await engineTools(context, cluster) };
  }
  const missing = cluster ? `runbook ${run.runbook}` : `cluster ${run.cluster}`;
  context.log.error({ run: run.id }, `${run.id} cannot continue: this installation has no ${missing}`);
  return undefined;
}

/** Leave the run alone for now; without `ms` until somebody calls. */
export interface Wait {
  readonly ms?: number;
  readonly why: 'pause' | 'until' | 'retry';
}

/** Advances and stores. False: the input does not fit, or somebody else was faster; the caller reads again. */
export async function apply(runContext: RunContext, input: RunInput): Promise<boolean> {
  const { runbook, run } = runContext;
  const next = advance(runbook, run, input, runContext.tools);
  return next !== run && (await store(runContext, run, next)) === 'stored';
}

/** Advances whatever is stored now: for an outcome, which is true whoever else wrote in between. */
export async function applyLatest(runContext: RunContext, input: RunInput): Promise<void> {
  const { context, runbook, tools } = runContext;
  await untilStored(runContext.run.id, async () => {
    const run = await context.stores.runs.get(runContext.run.id);
    if (run === undefined) {
      return undefined;
    }
    const next = advance(runbook, run, input, tools);
    if (next === run || (await store(runContext, run, next)) === 'stored') {
      return undefined;
    }
    return 'conflict';
  });
}

/** Every write of a runner carries its lease: one that was overtaken while it slept writes nothing. */
export async function store(
  { context, lease }: RunContext,
  before: Run,
  after: Run,
  { fences = [], ...guard }: Partial<RunGuard> = {},
): Promise<'stored' | 'conflict' | 'halted'> {
  const atMs = context.clock.now();
  const { audit, timeline } = runRecordOf(before, after, atMs);
  const failureWindow = failureWindowOf(before, after, atMs);
  const stored = await context.stores.runs.put(after, before.version, audit, timeline, {
    fences: [lease.fence, ...fences],
    ...guard,
    ...definite({ failureWindow }),
  });
  switch (stored) {
    case 'conflict':
    case 'halted':
      return stored;
    case 'fenced':
      throw new LeaseLost(`Another process runs ${after.id} by now; this one leaves it to that process`);
    case 'tripped':
      await context.stores.audit.append(entry(after, 'halt.set', failureWindow?.because ?? '', atMs));
      break;
    case 'stored':
      break;
  }
  await notifySoon(context, after.incident);
  return 'stored';
}

const NOTE_AGAIN_MS = 600_000;

/** Says in the thread and in the audit why a run waits; the same again only after a while. */
export async function noteOnce(
  { context, run }: RunContext,
  what: 'halted' | 'voters' | 'turn',
  text: string,
): Promise<void> {
  const { stores, clock } = context;
  if (!(await stores.once.first(`note:${run.id}:${what}`, NOTE_AGAIN_MS))) {
    return;
  }
  const atMs = clock.now();
  await stores.audit.append(entry(run, `run.${what}`, text, atMs));
  await stores.incidents.note(run.incident, [{ atMs, text: `${run.id}: ${text}` }]);
  await notifySoon(context, run.incident);
}
