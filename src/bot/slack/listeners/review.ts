import type { App, BlockButtonAction } from '@slack/bolt';
import { actionIds } from '../message/ids.ts';
import type { ListenerContext } from '../requests/listener-context.ts';
import { once } from '../requests/pressed.ts';
import { doorOf, openReview } from './review-window.ts';

/** "Review fix": opens the plan. */
export function registerReview(app: App, listener: ListenerContext): void {
  app.action<BlockButtonAction>(actionIds.review, async ({ ack, body }) => {
    await ack();
    await once(listener, body, async ({ value, caller, triggerId }) => {
      const opened = await openReview(listener.transitions, doorOf(listener.port, triggerId), value, caller);
      if (opened.later !== undefined) {
        listener.later(`the plan of ${value} in its modal`, opened.later);
      }
      return opened.text;
    });
  });
}
