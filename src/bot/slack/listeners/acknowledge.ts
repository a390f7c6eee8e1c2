import type { App, BlockButtonAction } from '@slack/bolt';
import { acknowledge } from '../../approvals/incidents.ts';
import { actionIds } from '../message/ids.ts';
import type { ListenerContext } from '../requests/listener-context.ts';
import { once } from '../requests/pressed.ts';

/** "I'm on it". */
export function registerAcknowledge(app: App, listener: ListenerContext): void {
  app.action<BlockButtonAction>(actionIds.acknowledge, async ({ ack, body }) => {
    await ack();
    await once(
      listener,
      body,
      async ({ value, caller }) => (await acknowledge(listener.transitions, value, caller)).text,
    );
  });
}
