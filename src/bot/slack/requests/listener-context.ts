import { definite } from '../../../rpc/index.ts';
import { type Caller, channelOf } from '../../approvals/rules/caller.ts';
import type { Transitions } from '../../approvals/transitions.ts';
import type { SlackPort } from '../../ports/slack.ts';
import { notification, plainSection } from '../message/blocks.ts';
import type { Adapt } from '../send/local-slack.ts';
import { deliveryKey, type SlackDelivery } from './delivery.ts';

/** How long a delivery is remembered. Slack delivers again within minutes; a captured request is good for six. */
const REMEMBERED_MS = 900_000;

/** What every listener is handed. */
export interface ListenerContext {
  readonly transitions: Transitions;
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
export async function isFirstDelivery(
  { transitions }: ListenerContext,
  delivery: SlackDelivery,
): Promise<boolean> {
  return await transitions.context.stores.once.first(deliveryKey(delivery), REMEMBERED_MS);
}

/** Nothing came of it, and the same may be sent again: a modal that was handed back for a correction. */
export async function forgetDelivery(
  { transitions }: ListenerContext,
  delivery: SlackDelivery,
): Promise<void> {
  await transitions.context.stores.once.forget(deliveryKey(delivery));
}

/** Says something to one person. That it could not be said changes nothing: what was done is stored. */
export async function sendEphemeral(
  { port, transitions }: ListenerContext,
  place: Place,
  text: string,
): Promise<void> {
  try {
    await port.postEphemeral({ ...place, text: notification(text), blocks: [plainSection(text)] });
  } catch (error) {
    transitions.context.log.warn({ err: error, user: place.user }, 'An answer could not be shown');
  }
}

export const placeOf = (caller: Caller, threadTs?: string): Place => ({
  user: caller.user,
  channel: channelOf(caller),
  ...definite({ threadTs }),
});
