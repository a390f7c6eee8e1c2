import { createHash, randomUUID } from 'node:crypto';
import { activeStates, type Incident, type Run } from '../../runbooks/index.ts';
import type { BotContext } from '../context.ts';
import { createPeople } from '../desk/people.ts';
import { hold } from '../jobs/hold.ts';
import { type Announced, maintenanceOf } from '../maintenance.ts';
import type { CardPlace, Halt, TimelineEntry } from '../stores/stores.ts';
import type { Rendered } from './blocks.ts';
import { incidentCard } from './cards/incident-card.ts';
import { progressMessage } from './cards/progress-message.ts';
import { threadLines } from './cards/thread-lines.ts';
import { SlackRefused, ToldElsewhere } from './errors.ts';
import { createHomes } from './listeners/home.ts';
import type { SlackPort } from './port.ts';
import { bookOf, speak } from './spoken.ts';
import type { Names } from './words.ts';

/** Renewed while telling lasts; a teller that died is replaced after it. */
const LEASE_MS = 10_000;
/** How long another teller is waited for, and how often it is asked. */
const LEASE_WAITS = 20;
const LEASE_WAIT_MS = 250;
/** How long the marker of a post stands: a crash is followed by a retry much sooner. */
const POSTING_MARKER_MS = 3_600_000;

/** Slack's words for "this message is not there any more, or can no longer be edited". */
const lostCodes = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

/** Shows an incident's present state in Slack: one message edited in place, and its thread. */
export interface Teller {
  /** Brings Slack up to date with the stores. Throws when Slack did not take it, so that the job comes again. */
  tell(incident: string): Promise<void>;
}

export function createTeller({
  context,
  slack,
}: {
  readonly context: Pick<BotContext, 'config' | 'stores' | 'clock' | 'clusters' | 'book'>;
  readonly slack: SlackPort;
}): Teller {
  const { leases } = context.stores;
  const people = createPeople({ slack, clock: context.clock, people: context.config.people });

  const homes = createHomes({ context, people, slack });

  return {
    async tell(id) {
      const name = `tell:${id}`;
      const holder = randomUUID();
      let held = await hold(leases, name, holder, LEASE_MS);
      for (let wait = 0; held === undefined; wait += 1) {
        if (wait >= LEASE_WAITS) {
          throw new ToldElsewhere(`${id} is being told by another process`);
        }
        await context.clock.sleep(LEASE_WAIT_MS);
        held = await hold(leases, name, holder, LEASE_MS);
      }
      try {
        const scene = await look(id);
        if (scene !== undefined) {
          await show(scene);
        }
        // Not waited for: a card is not held up by somebody's tab.
        void homes.soon();
      } finally {
        await held.release();
      }
    },
  };

  async function look(id: string): Promise<Scene | undefined> {
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
    const names = await people.names(idsIn(incident, run, halt));
    const maintenance = await maintenanceOf(context, incident.cluster);
    return {
      incident,
      timeline: await stores.incidents.timeline(id),
      names,
      ...(place === undefined ? {} : { place }),
      ...(run === undefined ? {} : { run }),
      ...(halt === undefined ? {} : { halt }),
      ...(maintenance === undefined ? {} : { maintenance }),
    };
  }

  async function show(scene: Scene): Promise<void> {
    const root = await showRoot(scene);
    const told = await tellLines(scene, root);
    if (scene.run !== undefined) {
      await showProgress(scene, told, scene.run);
    }
  }

  async function showRoot(scene: Scene): Promise<CardPlace> {
    const { incident, place } = scene;
    const card = await rootOf(scene);
    const shown = hashOf(card);
    if (place !== undefined) {
      if (place.shown === shown) {
        return place;
      }
      if (await wasUpdated(place.channel, place.ts, card)) {
        return await keep(incident.id, { ...place, shown });
      }
    }
    const channel = place?.channel ?? channelOf(incident);
    const ts = await postOnce(incident.id, channel, card);
    return await keep(incident.id, { channel, ts, shown, told: 0 });
  }

  /**
   * A process that died between posting and writing down where would post a second card. The marker says that somebody has
   * tried before; then the channel is asked first.
   */
  async function postOnce(id: string, channel: string, card: Rendered): Promise<string> {
    const isFirst = await context.stores.once.first(`card:${id}`, POSTING_MARKER_MS);
    const found = isFirst ? undefined : await slack.findMessage(channel, `${id}.`);
    if (found !== undefined && (await wasUpdated(channel, found, card))) {
      return found;
    }
    const { ts } = await slack.postMessage({ ...card, channel, urgency: 'decision' });
    return ts;
  }

  async function tellLines(
    { incident, timeline, names, maintenance }: Scene,
    place: CardPlace,
  ): Promise<CardPlace> {
    let told = place;
    for (const batch of threadLines(timeline.slice(place.told), names, context.clock.now())) {
      await slack.postMessage({
        ...batch.message,
        channel: place.channel,
        threadTs: place.ts,
        // Planned work makes no noise; whom a message calls by name is called all the same.
        ...(batch.broadcast && (maintenance === undefined || batch.isCall) ? { broadcast: true } : {}),
      });
      told = await keep(incident.id, { ...told, told: told.told + batch.lines });
    }
    return told;
  }

  async function showProgress(scene: Scene, place: CardPlace, run: Run): Promise<void> {
    const { progress } = place;
    const message = progressOf(scene, run);
    const shown = hashOf(message);
    const { channel } = place;
    if (progress !== undefined && progress.run !== run.id) {
      await closeOlder(scene, channel, progress);
    }
    if (progress?.run === run.id) {
      if (progress.shown === shown) {
        return;
      }
      if (await wasUpdated(channel, progress.ts, message, 'progress')) {
        await keep(scene.incident.id, { ...place, progress: { ...progress, shown } });
        return;
      }
    }
    const { ts } = await slack.postMessage({ ...message, channel, threadTs: place.ts });
    await keep(scene.incident.id, { ...place, progress: { run: run.id, ts, shown } });
  }

  /** The message of an earlier run shows how that one ended, and has no buttons any more. */
  async function closeOlder(
    scene: Scene,
    channel: string,
    { run, ts, shown }: NonNullable<CardPlace['progress']>,
  ): Promise<void> {
    const older = await context.stores.runs.get(run);
    if (older === undefined) {
      return;
    }
    const message = progressOf(scene, older);
    if (hashOf(message) !== shown) {
      await wasUpdated(channel, ts, message, 'progress');
    }
  }

  async function rootOf({ incident, run, halt, names, maintenance }: Scene): Promise<Rendered> {
    const open = await context.stores.incidents.open(incident.cluster);
    const muted: Record<string, number> = {};
    for (const below of open.filter(({ mutedBy }) => mutedBy === incident.id)) {
      muted[below.runbook] = (muted[below.runbook] ?? 0) + 1;
    }
    const detection = context.clusters.get(incident.cluster)?.config.settings.detection;
    return incidentCard({
      incident,
      spoken: speak(bookOf(context.book), incident),
      muted,
      resolveAfterSweeps: detection?.resolveAfterSweeps ?? 1,
      names,
      ...(run === undefined ? {} : { run }),
      ...(halt === undefined ? {} : { halt }),
      ...(maintenance === undefined ? {} : { maintenance }),
    });
  }

  function progressOf({ names, halt }: Scene, run: Run): Rendered {
    const { headline, hasFix } = speak(bookOf(context.book), run);
    return progressMessage({
      run,
      headline,
      hasFix,
      ...(halt === undefined ? {} : { halt }),
      approvalsNeeded: run.plan === undefined ? 0 : context.config.people.approvals[run.plan.tier],
      names,
      nowMs: context.clock.now(),
    });
  }

  /** False when the message is gone, so that it is posted anew. */
  async function wasUpdated(
    channel: string,
    ts: string,
    message: Rendered,
    urgency: 'normal' | 'progress' = 'normal',
  ): Promise<boolean> {
    try {
      await slack.updateMessage({ ...message, channel, ts, urgency });
      return true;
    } catch (error) {
      if (error instanceof SlackRefused && lostCodes.has(error.code)) {
        return false;
      }
      throw error;
    }
  }

  async function keep(id: string, place: CardPlace): Promise<CardPlace> {
    await context.stores.cards.put(id, place);
    return place;
  }

  function channelOf({ cluster }: Incident): string {
    return context.clusters.get(cluster)?.config.channel ?? context.config.slack.channel;
  }
}

/** Everything a telling needs, read once at its beginning. */
interface Scene {
  readonly incident: Incident;
  readonly run?: Run;
  readonly halt?: Halt;
  readonly maintenance?: Announced;
  readonly timeline: readonly TimelineEntry[];
  readonly place?: CardPlace;
  readonly names: Names;
}

function idsIn(incident: Incident, run: Run | undefined, halt: Halt | undefined): readonly string[] {
  const ids = [incident.owner, halt?.by, run?.requestedBy, ...(run?.votes.map(({ by }) => by) ?? [])];
  const cancelled = /^(\S+) cancelled it/.exec(run?.because ?? '')?.[1];
  return [...new Set([...ids, cancelled])].filter((id) => id !== undefined);
}

const hashOf = (message: Rendered): string =>
  createHash('sha256').update(JSON.stringify(message)).digest('base64url').slice(0, 22);
