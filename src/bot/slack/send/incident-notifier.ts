import { createHash, randomUUID } from 'node:crypto';
import { activeStates, type Incident, type Run } from '../../../runbooks/index.ts';
import { createPeople } from '../../approvals/people.ts';
import type { SlackPort, Urgency } from '../../ports/slack.ts';
import { NotifiedElsewhere } from '../../ports/slack-errors.ts';
import { acquireLease } from '../../stores/lease.ts';
import type { CardPlace } from '../../stores/stores.ts';
import { threadLines } from '../cards/thread-lines.ts';
import { type Rendered, withId } from '../message/blocks.ts';
import { createHomes } from './homes.ts';
import {
  type MessageModel,
  type NotifierContext,
  readMessageModel,
  renderCard,
  renderProgress,
} from './message-model.ts';
import { createPoster } from './poster.ts';

/** Lease of a notifier, renewed while it works; a notifier that died is replaced after it. */
const LEASE_MS = 10_000;
/** How long another notifier is waited for, and how often it is asked. */
const LEASE_WAITS = 20;
const LEASE_WAIT_MS = 250;

/** Shows an incident's present state in Slack: one message edited in place, and its thread. */
export interface IncidentNotifier {
  /** Brings Slack up to date with the stores. Throws when Slack did not take it, so that the job comes again. */
  tell(incident: string): Promise<void>;
}

export function createIncidentNotifier({
  context,
  slack,
}: {
  readonly context: NotifierContext;
  readonly slack: SlackPort;
}): IncidentNotifier {
  const { leases } = context.stores;
  const people = createPeople({ slack, clock: context.clock, people: context.config.people });
  const { postOnce, wasUpdated } = createPoster({ slack, once: context.stores.once });
  const homes = createHomes({ context, people, slack });

  return {
    async tell(id) {
      const name = `tell:${id}`;
      const holder = randomUUID();
      let lease = await acquireLease(leases, name, holder, LEASE_MS);
      for (let wait = 0; lease === undefined; wait += 1) {
        if (wait >= LEASE_WAITS) {
          throw new NotifiedElsewhere(`${id} is being posted by another process`);
        }
        await context.clock.sleep(LEASE_WAIT_MS);
        lease = await acquireLease(leases, name, holder, LEASE_MS);
      }
      try {
        const model = await readMessageModel(context, people, id, lease);
        if (model !== undefined) {
          await show(model);
        }
        // Not waited for: a card is not held up by somebody's tab.
        void homes.soon();
      } finally {
        await lease.release();
      }
    },
  };

  async function show(model: MessageModel): Promise<void> {
    const root = await showRoot(model);
    const told = await tellLines(model, root);
    if (model.run !== undefined) {
      await showProgress(model, told, model.run);
    }
  }

  async function showRoot(model: MessageModel): Promise<CardPlace> {
    const { incident, place } = model;
    const card = await renderCard(context, model);
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
      model.lease,
      { ...card, channel, urgency: 'decision' },
      { marker: `card:${incident.id}`, blocks: `${incident.id}.` },
    );
    if (isOld && !(await wasUpdated(channel, ts, card))) {
      // Taken away again by a person in this very moment: the next telling posts anew.
      throw new NotifiedElsewhere(`The card of ${incident.id} no longer exists`);
    }
    return await keep(incident.id, { channel, ts, shown, told: 0 });
  }

  async function tellLines(model: MessageModel, place: CardPlace): Promise<CardPlace> {
    const { incident, timeline, names, maintenance } = model;
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
      const { ts, isOld } = await postOnce(model.lease, message, { marker: `${blocks}${place.ts}`, blocks });
      if (isOld) {
        // It was posted before, perhaps with fewer lines than there are by now.
        await wasUpdated(place.channel, ts, { text: message.text, blocks: message.blocks });
      }
      told = await keep(incident.id, { ...told, told: told.told + batch.lines });
    }
    return told;
  }

  async function showProgress(model: MessageModel, place: CardPlace, run: Run): Promise<void> {
    const { progress } = place;
    const message = renderProgress(context, model, run);
    const shown = hashOf(message);
    const { channel } = place;
    if (progress !== undefined && progress.run !== run.id) {
      await closeOlder(model, channel, progress);
    }
    if (progress?.run === run.id) {
      if (progress.shown === shown) {
        return;
      }
      if (await wasUpdated(channel, progress.ts, message, urgencyOf(run))) {
        await keep(model.incident.id, { ...place, progress: { ...progress, shown } });
        return;
      }
    }
    const { ts, isOld } = await postOnce(
      model.lease,
      { ...message, channel, threadTs: place.ts, urgency: urgencyOf(run) },
      { marker: `progress:${run.id}:${place.ts}`, blocks: `${run.id}.` },
    );
    if (isOld) {
      await wasUpdated(channel, ts, message, urgencyOf(run));
    }
    await keep(model.incident.id, { ...place, progress: { run: run.id, ts, shown } });
  }

  /** The message of an earlier run shows how that one ended, and has no buttons any more. */
  async function closeOlder(
    model: MessageModel,
    channel: string,
    { run, ts, shown }: NonNullable<CardPlace['progress']>,
  ): Promise<void> {
    const older = await context.stores.runs.get(run);
    if (older === undefined) {
      return;
    }
    const message = renderProgress(context, model, older);
    if (hashOf(message) !== shown) {
      await wasUpdated(channel, ts, message);
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

/** What waits for a person goes before news; what changes every few seconds may be left out. */
function urgencyOf({ state }: Run): Urgency {
  if (state === 'proposed' || state === 'unknown') {
    return 'decision';
  }
  return activeStates.includes(state) ? 'progress' : 'normal';
}

const hashOf = (message: Rendered): string =>
  createHash('sha256').update(JSON.stringify(message)).digest('base64url').slice(0, 22);
