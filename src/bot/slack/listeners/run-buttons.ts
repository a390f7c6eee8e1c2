import type { App, BlockButtonAction } from '@slack/bolt';
import type { Answer } from '../../approvals/answer.ts';
import { cancel, confirm, type Ruling, rule } from '../../approvals/runs.ts';
import { actionIds, parseRunValue } from '../message/ids.ts';
import type { Lobby } from '../requests/lobby.ts';
import { once, type Pressed } from '../requests/pressed.ts';

const rulings: readonly Ruling[] = ['it-happened', 'do-it-again', 'give-up'];

/** Cancel, "I have done it", and a person's word about an interrupted step. */
export function register(app: App, lobby: Lobby): void {
  const { counter } = lobby;
  listen(app, lobby, actionIds.cancel, (reference, { click }) => cancel(counter, reference, click));
  listen(app, lobby, actionIds.confirm, (reference, { click }) => confirm(counter, reference, click));
  for (const ruling of rulings) {
    listen(app, lobby, `${actionIds.rule}:${ruling}`, (reference, { click }) =>
      rule(counter, reference, ruling, click),
    );
  }
}

type Reference = NonNullable<ReturnType<typeof parseRunValue>>;

function listen(
  app: App,
  lobby: Lobby,
  actionId: string,
  answer: (reference: Reference, pressed: Pressed) => Promise<Answer>,
): void {
  app.action<BlockButtonAction>(actionId, async ({ ack, body }) => {
    await ack();
    await once(lobby, body, async (pressed) => {
      const reference = parseRunValue(pressed.value);
      return reference === undefined
        ? 'This button is of an older version; the newest message in the thread has the current ones.'
        : (await answer(reference, pressed)).text;
    });
  });
}
