import { randomUUID } from 'node:crypto';
import {
  advance,
  type Detected,
  detect,
  type Incident,
  type News,
  type Observation,
  type Reconciled,
  type Run,
  reconcile,
  restartedBy,
  summaryOf,
} from '../../runbooks/index.ts';
import { engineTools } from '../approvals/engine-tools.ts';
import { notifySoon } from '../approvals/notify-soon.ts';
import type { BotContext, ClusterHandle } from '../context.ts';
import type { SweepOutcome } from '../health/sweep-outcome.ts';
import { incidentRecordsOf, rebase } from '../record/incident-record.ts';
import { runRecordOf } from '../record/run-record.ts';
import { acquireLease } from '../stores/lease.ts';
import type { Fence } from '../stores/stores.ts';
import { TooManyConflicts, untilStored } from '../stores/until-stored.ts';
import { span } from '../wording/words.ts';

/** Renewed while the sweep lasts, so that a dead bot's sweep blocks the next one's no longer than this. */
const LEASE_MS = 6_000;
/** Longer than this without a sweep, in intervals, is a gap that people hear of. */
const MISSED_INTERVALS = 3;

/**
 * One sweep of one cluster: look at every node, find what is wrong, compare it with what is already known, write down what is
 * new, and queues the updates of its messages. It changes nothing on the cluster.
 */
export async function sweep(context: BotContext, cluster: ClusterHandle): Promise<SweepOutcome> {
  const { name } = cluster.config.settings;
  const lease = await acquireLease(context.stores.leases, `sweep:${name}`, randomUUID(), LEASE_MS);
  if (lease === undefined) {
    return { kind: 'skipped' };
  }
  try {
    await noticeGap(context, name);

    const observation = await cluster.observe('counted');
    const detected = detect(context.book, observation);
    for (const { runbook, error } of detected.failures) {
      context.log.error({ err: error, runbook }, `The detector of ${runbook} failed; the others continued`);
    }
    const { news, open } = await compare(context, observation, detected, lease.fence);
    const causes = new Map([...open, ...news.map(({ incident }) => incident)].map((one) => [one.id, one]));
    for (const piece of news) {
      await store(context, piece, open, causes);
    }

    await carryRunsOn(context, name);
    await tellUntold(context);
    return { kind: 'swept', observation, findings: detected.findings, news };
  } finally {
    await lease.release();
  }
}

interface Compared {
  readonly news: readonly News[];
  readonly open: readonly Incident[];
}

/** What was found against what is known. The memory of it is written down for the next sweep. */
async function compare(
  { stores, book, log }: BotContext,
  observation: Observation,
  { findings, failures }: Detected,
  fence: Fence,
): Promise<Compared> {
  const { snapshot, history, probes, settings } = observation;
  const { cluster, takenAtMs } = snapshot;
  const [open, before, runs] = await Promise.all([
    stores.incidents.open(cluster),
    stores.memory.get(cluster),
    stores.runs.active(cluster),
  ]);
  const reconciled = (newId: () => string): Reconciled =>
    reconcile({
      book,
      open,
      pending: before?.pending ?? [],
      findings,
      snapshot,
      probes,
      resolveAfterSweeps: settings.detection.resolveAfterSweeps,
      nowMs: takenAtMs,
      newId,
      treated: new Set(runs.filter(isTreating).map(({ incident }) => incident)),
      restarting: restartedBy(runs),
      failed: new Set(failures.map(({ runbook }) => runbook)),
    });

  // Comparing is pure: the first time counts the numbers it needs, the second time hands them out.
  let wanted = 0;
  reconciled(() => `new-${wanted++}`);
  const ids = await Promise.all(Array.from({ length: wanted }, () => stores.incidents.nextId()));
  const { news, pending } = reconciled(() => ids.shift() ?? '');

  const summary = summaryOf(observation);
  const stored = await stores.memory.put(cluster, { history, pending, summary, sweptAtMs: takenAtMs }, fence);
  // A newer sweep has begun: what this one saw is out of date.
  if (stored === 'conflict') {
    log.warn({ cluster, news: news.length }, 'A newer sweep has started and takes over from this one');
  }
  return { news: stored === 'conflict' ? [] : news, open };
}

/** From the approval on, the run itself says when the trouble is over. */
const isTreating = ({ state }: Run): boolean =>
  state === 'checking' || state === 'acting' || state === 'unknown';

/** Writes one piece of news. Where a person was faster, their change stays and the sweep's is laid over it. */
async function store(
  context: BotContext,
  news: News,
  open: readonly Incident[],
  causes: ReadonlyMap<string, Incident>,
): Promise<void> {
  const { stores, log } = context;
  const before = open.find(({ id }) => id === news.incident.id);
  const { audit, timeline, isShown } = incidentRecordsOf(
    news,
    before,
    context.book,
    causes.get(news.incident.mutedBy ?? ''),
  );
  const { id } = news.incident;
  let incident: Incident | undefined = news.incident;
  let expectedVersion = news.kind === 'opened' ? 0 : news.incident.version - 1;
  const stored = await untilStored(id, async () => {
    if (incident === undefined) {
      return 'nothing to store';
    }
    if ((await stores.incidents.put(incident, expectedVersion, audit, timeline)) === 'stored') {
      return 'stored';
    }
    const current = await stores.incidents.get(id);
    incident = current && rebase(current, news.incident);
    expectedVersion = current?.version ?? 0;
    return 'conflict';
  }).catch((error: unknown) => {
    if (error instanceof TooManyConflicts) {
      return 'too many conflicts';
    }
    throw error;
  });
  if (stored !== 'stored') {
    log.warn({ incident: id, news: news.kind }, 'The next sweep stores what this one could not');
    return;
  }
  if (isShown) {
    await notifySoon(context, id);
  }
  // How many are muted below it stands on the cause's card.
  for (const cause of causesTouched(news, before)) {
    await notifySoon(context, cause);
  }
}

/** The incidents that explain one more, or one fewer, than before. */
function causesTouched({ kind, incident }: News, before: Incident | undefined): readonly string[] {
  const [was, is] = [before?.mutedBy, incident.mutedBy];
  return was === is && kind === 'changed' ? [] : [...new Set([was, is])].filter((id) => id !== undefined);
}

/** Runs whose trouble went away by itself are withdrawn; every other one is asked whether it was forgotten. */
async function carryRunsOn(context: BotContext, cluster: string): Promise<void> {
  const { stores, jobQueue, clock, book, clusters } = context;
  for (const run of await stores.runs.active(cluster)) {
    const incident = await stores.incidents.get(run.incident);
    const runbook = book.find(({ id }) => id === run.runbook);
    const handle = clusters.get(cluster);
    const because = incident && whyOvertaken(incident, run.runbook);
    if (because !== undefined && runbook && handle) {
      const tools = await engineTools(context, handle);
      const atMs = clock.now();
      const next = advance(runbook, run, { kind: 'overtaken', because, atMs }, tools);
      if (next !== run) {
        const { audit, timeline } = runRecordOf(run, next, atMs);
        await stores.runs.put(next, run.version, audit, timeline);
        await notifySoon(context, run.incident);
        continue;
      }
    }
    await jobQueue.carryOn(run.id, 0, 'nudge');
  }
}

function whyOvertaken(incident: Incident, runbook: string): string | undefined {
  if (incident.state === 'resolved') {
    return 'It healed by itself; there is nothing to approve.';
  }
  return incident.runbook === runbook ? undefined : 'The problem has changed and needs another treatment.';
}

/** More than this is a storm, or Slack is away. */
const MANY_UNTOLD = 50;

/** Changes that were stored and not yet posted: Slack was away, or the process died in between. */
async function tellUntold(context: BotContext): Promise<void> {
  const { stores, config } = context;
  const pendingUpdates = await stores.pendingUpdates.list();
  // They are of all clusters: with many of each, one sweep of an interval asks for all, and not every cluster's own.
  if (
    pendingUpdates.length > MANY_UNTOLD &&
    !(await stores.once.first('tell-untold', config.schedule.sweepMs))
  ) {
    return;
  }
  for (const { incident } of pendingUpdates) {
    await notifySoon(context, incident);
  }
}

async function noticeGap({ stores, clock, config, log }: BotContext, cluster: string): Promise<void> {
  const sweptAtMs = await stores.memory.sweptAtMs(cluster);
  if (sweptAtMs === undefined) {
    return;
  }
  const gapMs = clock.now() - sweptAtMs;
  if (gapMs <= MISSED_INTERVALS * config.schedule.sweepMs) {
    return;
  }
  const text = `${cluster} was not swept for ${span(gapMs)}.`;
  log.warn({ cluster, gapMs }, text);
  await stores.audit.append({
    atMs: clock.now(),
    actor: 'watership',
    event: 'sweep.missed',
    cluster,
    text,
  });
}
