import type { App, BlockButtonAction } from '@slack/bolt';
import { acknowledge } from '../../approvals/incidents.ts';
import { actionIds } from '../message/ids.ts';
import type { Lobby } from '../requests/lobby.ts';
import { once } from '../requests/pressed.ts';

/** "I'm on it". */
export function register(app: App, lobby: Lobby): void {
  app.action<BlockButtonAction>(actionIds.acknowledge, async ({ ack, body }) => {
    await ack();
    await once(
      lobby,
      body,
      async ({ value, click }) => (await acknowledge(lobby.counter, value, click)).text,
    );
  });
}
