import type { BlockButtonAction } from '@slack/bolt';
import { z } from 'zod';
import type { Caller } from '../../approvals/rules/caller.ts';
import { callerOf } from './click.ts';
import { faultOf } from './fault.ts';
import {
  isFirstDelivery,
  type ListenerContext,
  type Place,
  placeOf,
  sendEphemeral,
} from './listener-context.ts';
import { SECOND_TIME, standingOf } from './since.ts';

/** A pressed button, with what a listener needs of Slack's payload. */
export interface Pressed {
  readonly caller: Caller;
  readonly place: Place;
  readonly value: string;
  readonly actionId: string;
  readonly triggerId: string;
}

/** The parts of the payload that are used; `thread_ts` is there when the button stands in a thread. */
function pressedOf(listener: ListenerContext, body: BlockButtonAction): Pressed {
  const action = body.actions[0];
  const caller = callerOf(listener, body, body.channel?.id ?? '');
  return {
    caller,
    place: placeOf(caller, threadOf(body.message)),
    value: action?.value ?? '',
    actionId: action?.action_id ?? '',
    triggerId: body.trigger_id,
  };
}

const replyMessage = z.object({ thread_ts: z.string() });

function threadOf(message: unknown): string | undefined {
  return replyMessage.safeParse(message).data?.thread_ts;
}

/** Answers a press once; a fault is said to the person in words, and goes on to the log. */
export async function once(
  listener: ListenerContext,
  body: BlockButtonAction,
  answer: (pressed: Pressed) => Promise<string | undefined>,
): Promise<void> {
  const pressed = pressedOf(listener, body);
  const { caller, place, actionId } = pressed;
  try {
    const actionTs = body.actions[0]?.action_ts ?? '';
    const isFirst = await isFirstDelivery(listener, { kind: 'click', actionTs, actionId, user: caller.user });
    const text = isFirst ? await answer(pressed) : await since(listener, pressed);
    if (text !== undefined) {
      await sendEphemeral(listener, place, text);
    }
  } catch (error) {
    await sendEphemeral(listener, place, faultOf(error));
    throw error;
  }
}

/** The first delivery may have been answered by another replica, or may have died with it: so this one is answered too. */
const since = async ({ transitions }: ListenerContext, { value }: Pressed): Promise<string> =>
  `${SECOND_TIME} ${await standingOf(transitions, value.split(' ')[0] ?? '')}`;
