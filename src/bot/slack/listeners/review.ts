import type { App, BlockButtonAction } from '@slack/bolt';
import { actionIds } from '../message/ids.ts';
import type { Lobby } from '../requests/lobby.ts';
import { once } from '../requests/pressed.ts';
import { doorOf, openReview } from './review-window.ts';

/** "Review fix": opens the plan. */
export function register(app: App, lobby: Lobby): void {
  app.action<BlockButtonAction>(actionIds.review, async ({ ack, body }) => {
    await ack();
    await once(lobby, body, async ({ value, click, triggerId }) => {
      const opened = await openReview(lobby.counter, doorOf(lobby.port, triggerId), value, click);
      if (opened.later !== undefined) {
        lobby.later(`the plan of ${value} in its modal`, opened.later);
      }
      return opened.text;
    });
  });
}
