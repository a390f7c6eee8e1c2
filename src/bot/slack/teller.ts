import { createHash, randomUUID } from 'node:crypto';
import { activeStates, type Incident, type Run } from '../../runbooks/index.ts';
import type { BotContext } from '../context.ts';
import { createPeople } from '../desk/people.ts';
import { type Held, hold } from '../jobs/hold.ts';
import { type Announced, maintenanceOf } from '../maintenance.ts';
import type { CardPlace, Halt, TimelineEntry } from '../stores/stores.ts';
import { type Rendered, withId } from './blocks.ts';
import { incidentCard } from './cards/incident-card.ts';
import { progressMessage } from './cards/progress-message.ts';
import { threadLines } from './cards/thread-lines.ts';
import { SlackRefused, ToldElsewhere } from './errors.ts';
import { createHomes } from './listeners/home.ts';
import type { OutgoingMessage, SlackPort, Urgency } from './port.ts';
import { bookOf, speak } from './spoken.ts';
import type { Names } from './words.ts';

/** Renewed while telling lasts; a teller that died is replaced after it. */
const LEASE_MS = 10_000;
/** How long another teller is waited for, and how often it is asked. */
const LEASE_WAITS = 20;
const LEASE_WAIT_MS = 250;
/** How long the marker of a post stands: longer than a message that Slack does not take is tried. */
const POSTING_MARKER_MS = 24 * 3_600_000;

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
        const scene = await look(id, held);
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

  async function look(id: string, held: Held): Promise<Scene | undefined> {
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
      held,
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
    const { ts, isOld } = await postOnce(
      scene,
      { ...card, channel, urgency: 'decision' },
      { marker: `card:${incident.id}`, blocks: `${incident.id}.` },
    );
    if (isOld && !(await wasUpdated(channel, ts, card))) {
      // Taken away again by a person in this very moment: the next telling posts anew.
      throw new ToldElsewhere(`The card of ${incident.id} was there and is gone`);
    }
    return await keep(incident.id, { channel, ts, shown, told: 0 });
  }

  /**
   * A process that died between posting and writing down where, or that heard no answer, would post a second time. The marker
   * says that somebody has tried before; then the channel or the thread is asked first.
   */
  async function postOnce(
    { held }: Scene,
    message: OutgoingMessage,
    { marker, blocks }: { readonly marker: string; readonly blocks: string },
  ): Promise<{ readonly ts: string; readonly isOld: boolean }> {
    const isFirst = await context.stores.once.first(marker, POSTING_MARKER_MS);
    const found = isFirst ? undefined : await slack.findMessage(message.channel, blocks, message.threadTs);
    if (found !== undefined) {
      return { ts: found, isOld: true };
    }
    if (!held.isHeld()) {
      throw new ToldElsewhere('This process stood still; another one may be telling by now');
    }
    return { ...(await slack.postMessage(message)), isOld: false };
  }

  async function tellLines(scene: Scene, place: CardPlace): Promise<CardPlace> {
    const { incident, timeline, names, maintenance } = scene;
    let told = place;
    for (const batch of threadLines(timeline.slice(place.told), names, context.clock.now())) {
      const blocks = `line.${incident.id}.${told.told}.`;
      const message = {
        ...batch.message,
        blocks: withId(batch.message.blocks, blocks),
        channel: place.channel,
        threadTs: place.ts,
        // Planned work makes no noise; whom a message calls by name is called all the same.
        ...(batch.broadcast && (maintenance === undefined || batch.isCall) ? { broadcast: true } : {}),
      };
      const { ts, isOld } = await postOnce(scene, message, { marker: `${blocks}${place.ts}`, blocks });
      if (isOld) {
        // It was posted before, perhaps with fewer lines than there are by now.
        await wasUpdated(place.channel, ts, { text: message.text, blocks: message.blocks });
      }
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
      if (await wasUpdated(channel, progress.ts, message, urgencyOf(run))) {
        await keep(scene.incident.id, { ...place, progress: { ...progress, shown } });
        return;
      }
    }
    const { ts, isOld } = await postOnce(
      scene,
      { ...message, channel, threadTs: place.ts, urgency: urgencyOf(run) },
      { marker: `progress:${run.id}:${place.ts}`, blocks: `${run.id}.` },
    );
    if (isOld) {
      await wasUpdated(channel, ts, message, urgencyOf(run));
    }
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
      await wasUpdated(channel, ts, message);
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
    urgency: Urgency = 'normal',
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
  /** While it is held nobody else tells this incident. */
  readonly held: Held;
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

/** What waits for a person goes before news; what changes every few seconds may be left out. */
function urgencyOf({ state }: Run): Urgency {
  if (state === 'proposed' || state === 'unknown') {
    return 'decision';
  }
  return activeStates.includes(state) ? 'progress' : 'normal';
}

const hashOf = (message: Rendered): string =>
  createHash('sha256').update(JSON.stringify(message)).digest('base64url').slice(0, 22);
