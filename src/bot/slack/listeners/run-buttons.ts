import type { App, BlockButtonAction } from '@slack/bolt';
import type { CallerAnswer } from '../../approvals/rules/caller.ts';
import { cancel, confirmStep, type Ruling, settleByPerson } from '../../approvals/runs.ts';
import { actionIds, parseRunValue } from '../message/ids.ts';
import type { ListenerContext } from '../requests/listener-context.ts';
import { once, type Pressed } from '../requests/pressed.ts';

const rulings: readonly Ruling[] = ['it-happened', 'do-it-again', 'give-up'];

/** Cancel, "I have done it", and a person's word about an interrupted step. */
export function registerRunButtons(app: App, listener: ListenerContext): void {
  const { transitions } = listener;
  listen(app, listener, actionIds.cancel, (reference, { caller }) => cancel(transitions, reference, caller));
  listen(app, listener, actionIds.confirm, (reference, { caller }) =>
    confirmStep(transitions, reference, caller),
  );
  for (const ruling of rulings) {
    listen(app, listener, `${actionIds.rule}:${ruling}`, (reference, { caller }) =>
      settleByPerson(transitions, reference, ruling, caller),
    );
  }
}

type Reference = NonNullable<ReturnType<typeof parseRunValue>>;

function listen(
  app: App,
  listener: ListenerContext,
  actionId: string,
  answer: (reference: Reference, pressed: Pressed) => Promise<CallerAnswer>,
): void {
  app.action<BlockButtonAction>(actionId, async ({ ack, body }) => {
    await ack();
    await once(listener, body, async (pressed) => {
      const reference = parseRunValue(pressed.value);
      return reference === undefined
        ? 'This button is from an older version; the newest message in the thread has the current buttons.'
        : (await answer(reference, pressed)).text;
    });
  });
}
