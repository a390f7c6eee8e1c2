import type { BlockButtonAction } from '@slack/bolt';
import { z } from 'zod';
import type { Click } from '../../approvals/answer.ts';
import { NotCopied } from '../../stores/connection/copies.ts';
import { clickOf } from './click.ts';
import { isFirstDelivery, type Lobby, type Place, placeOf, whisper } from './lobby.ts';
import { SECOND_TIME, standingOf } from './since.ts';

/** A pressed button, with what a listener needs of Slack's payload. */
export interface Pressed {
  readonly click: Click;
  readonly place: Place;
  readonly value: string;
  readonly actionId: string;
  readonly triggerId: string;
}

/** The parts of the payload that are used; `thread_ts` is there when the button stands in a thread. */
function pressedOf(body: BlockButtonAction): Pressed {
  const action = body.actions[0];
  const click = clickOf(body, body.channel?.id ?? '');
  return {
    click,
    place: placeOf(click, threadOf(body.message)),
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
  lobby: Lobby,
  body: BlockButtonAction,
  answer: (pressed: Pressed) => Promise<string | undefined>,
): Promise<void> {
  const pressed = pressedOf(body);
  const { click, place, actionId } = pressed;
  try {
    const actionTs = body.actions[0]?.action_ts ?? '';
    const isFirst = await isFirstDelivery(lobby, { kind: 'click', actionTs, actionId, user: click.user });
    const text = isFirst ? await answer(pressed) : await since(lobby, pressed);
    if (text !== undefined) {
      await whisper(lobby, place, text);
    }
  } catch (error) {
    await whisper(lobby, place, faultOf(error));
    throw error;
  }
}

/** The first delivery may have been answered by another replica, or may have died with it: so this one is answered too. */
const since = async ({ counter }: Lobby, { value }: Pressed): Promise<string> =>
  `${SECOND_TIME} ${await standingOf(counter, value.split(' ')[0] ?? '')}`;

/** What a person reads when something of ours broke; the log has the rest. */
export const faultOf = (error: unknown): string => (error instanceof NotCopied ? UNCOPIED : FAULT);

const UNCOPIED =
  'This is written down, but no replica of Redis has a copy yet: if Redis fails now, it is lost. Nothing is done on it before. Please look again in a minute.';

const FAULT =
  'Something went wrong on my side and I cannot say whether your click was counted. Nothing is done twice: please look at the thread and try again.';
