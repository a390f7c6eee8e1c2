import type { Click } from '../../approvals/answer.ts';
import type { Counter } from '../../approvals/transitions.ts';
import type { SlackPort } from '../../ports/slack.ts';
import { notification, plainSection } from '../message/blocks.ts';
import type { Adapt } from '../send/stand-in.ts';
import { type Delivery, deliveryKey } from './delivery.ts';

/** How long a delivery is remembered. Slack delivers again within minutes; a captured request is good for six. */
const REMEMBERED_MS = 900_000;

/** What every listener is handed. */
export interface Lobby {
  readonly counter: Counter;
  readonly port: SlackPort;
  /** For answers that do not go through the port. */
  readonly adapt: Adapt;
  /** Work that goes on after the answer: watched, logged, and waited for when the bot stops. */
  readonly later: (what: string, work: Promise<void>) => void;
}

/** Where an answer goes: to one person, in the place they clicked. */
export interface Place {
  readonly user: string;
  readonly channel: string;
  readonly threadTs?: string;
}

/** True for the first delivery of something. Slack may deliver twice, and to two replicas. */
export async function isFirstDelivery({ counter }: Lobby, delivery: Delivery): Promise<boolean> {
  return await counter.context.stores.once.first(deliveryKey(delivery), REMEMBERED_MS);
}

/** Nothing came of it, and the same may be sent again: a modal that was handed back for a correction. */
export async function forgetDelivery({ counter }: Lobby, delivery: Delivery): Promise<void> {
  await counter.context.stores.once.forget(deliveryKey(delivery));
}

/** Says something to one person. That it could not be said changes nothing: what was done is stored. */
export async function whisper({ port, counter }: Lobby, place: Place, text: string): Promise<void> {
  try {
    await port.postEphemeral({ ...place, text: notification(text), blocks: [plainSection(text)] });
  } catch (error) {
    counter.context.log.warn({ err: error, user: place.user }, 'An answer could not be shown');
  }
}

export const placeOf = (click: Click, threadTs?: string): Place => ({
  user: click.user,
  channel: click.channel ?? '',
  ...(threadTs === undefined ? {} : { threadTs }),
});
