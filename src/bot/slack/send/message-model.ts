import { definite } from '../../../rpc/index.ts';
import { activeStates, type Incident, type Run } from '../../../runbooks/index.ts';
import { type Announced, maintenanceOf } from '../../approvals/maintenance-window.ts';
import type { BotContext } from '../../context.ts';
import type { People } from '../../ports/people.ts';
import type { TimelineEntry } from '../../record/entry.ts';
import { peopleOfRun } from '../../record/people-of.ts';
import type { Lease } from '../../stores/lease.ts';
import type { CardPlace, Halt } from '../../stores/stores.ts';
import { stopperOf } from '../../wording/how-it-ended.ts';
import { runbookText } from '../../wording/runbook-text.ts';
import type { Names } from '../../wording/words.ts';
import { incidentCard } from '../cards/incident-card.ts';
import { progressMessage } from '../cards/progress-message.ts';
import type { Rendered } from '../message/blocks.ts';

/** What telling reads. */
export type NotifierContext = Pick<BotContext, 'config' | 'stores' | 'clock' | 'clusters' | 'book' | 'log'>;

/** Everything a telling needs, read once at its beginning. */
export interface MessageModel {
  /** While this lease is held, no other process updates the messages of this incident. */
  readonly lease: Lease;
  readonly incident: Incident;
  readonly run?: Run;
  /** All its runs, the oldest first; read once it is over. */
  readonly runs?: readonly Run[];
  /** A run of another incident that left its node stopped. */
  readonly stopper?: Run;
  readonly halt?: Halt;
  readonly maintenance?: Announced;
  readonly timeline: readonly TimelineEntry[];
  readonly place?: CardPlace;
  readonly names: Names;
}

/** Undefined when there is nothing to post: no such incident, or one that is muted by another. */
export async function readMessageModel(
  context: NotifierContext,
  people: Pick<People, 'names'>,
  id: string,
  lease: Lease,
): Promise<MessageModel | undefined> {
  const { stores } = context;
  const incident = await stores.incidents.get(id);
  if (incident === undefined) {
    return undefined;
  }
  const place = await stores.cards.get(id);
  if (place === undefined && incident.mutedBy !== undefined) {
    return undefined;
  }
  const run = incident.run === undefined ? undefined : await stores.runs.get(incident.run);
  const isUnderWay = run !== undefined && activeStates.includes(run.state);
  const halt = isUnderWay ? await stores.halts.find(incident.cluster) : undefined;
  const around = await runsAround(context, incident);
  const timeline = await stores.incidents.timeline(id);
  const names = await people.names([
    ...new Set([
      ...[incident.owner, halt?.by].filter((by) => by !== undefined),
      ...[run, around.stopper].flatMap((one) => (one === undefined ? [] : peopleOfRun(one))),
      ...timeline.slice(place?.told ?? 0).flatMap(({ people: named = [] }) => named),
    ]),
  ]);
  const maintenance = await maintenanceOf(context, incident.cluster);
  return {
    lease,
    incident,
    timeline,
    names,
    ...around,
    ...definite({ place, run, halt, maintenance }),
  };
}

const RUNS_READ = 100;
/** A node that a run left stopped is seen to be down within this; later it has another cause. */
const STOPPER_MS = 600_000;

/** The other runs that a card speaks of: few cards do, so that most are rendered without reading any. */
async function runsAround(
  { stores }: NotifierContext,
  incident: Incident,
): Promise<Pick<MessageModel, 'runs' | 'stopper'>> {
  const recent = (sinceMs: number) => stores.runs.recent({ limit: RUNS_READ, sinceMs });
  if (incident.state === 'resolved') {
    const runs = incident.run === undefined ? [] : await recent(incident.openedAtMs);
    return { runs: runs.filter((one) => one.incident === incident.id).toReversed() };
  }
  if (!incident.key.startsWith('node:')) {
    return {};
  }
  const stopper = stopperOf(incident, await recent(incident.openedAtMs - STOPPER_MS));
  return stopper === undefined ? {} : { stopper };
}

/** The incident's message as it should be now. */
export async function renderCard(
  context: NotifierContext,
  { incident, run, runs, stopper, halt, names, maintenance }: MessageModel,
): Promise<Rendered> {
  const open = await context.stores.incidents.open(incident.cluster);
  const muted: Record<string, number> = {};
  for (const below of open.filter(({ mutedBy }) => mutedBy === incident.id)) {
    muted[below.runbook] = (muted[below.runbook] ?? 0) + 1;
  }
  const detection = context.clusters.get(incident.cluster)?.config.settings.detection;
  return incidentCard({
    incident,
    spoken: runbookText(context.book, incident),
    muted,
    resolveAfterSweeps: detection?.resolveAfterSweeps ?? 1,
    sweepMs: context.config.schedule.sweepMs,
    names,
    ...definite({ run, runs, stopper, halt, maintenance }),
  });
}

/** The message of one of its runs as it should be now. */
export function renderProgress(context: NotifierContext, { names, halt }: MessageModel, run: Run): Rendered {
  const { headline, hasFix } = runbookText(context.book, run);
  return progressMessage({
    run,
    headline,
    hasFix,
    ...definite({ halt }),
    approvalsNeeded: run.plan === undefined ? 0 : context.config.people.approvals[run.plan.tier],
    names,
    nowMs: context.clock.now(),
  });
}
