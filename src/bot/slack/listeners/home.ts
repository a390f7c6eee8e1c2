import type { App } from '@slack/bolt';
import { isFirstDelivery, type ListenerContext } from '../requests/listener-context.ts';
import { homeOf } from '../send/homes.ts';

/** The Home tab: each cluster, and what this person has taken. Made anew whenever it is opened. */
export function registerHome(app: App, listener: ListenerContext): void {
  app.event('app_home_opened', async ({ event, body }) => {
    // Slack tries an event again when its answer was lost; the tab is made once.
    const isFirst = await isFirstDelivery(listener, { kind: 'event', eventId: body.event_id });
    if (event.tab === 'home' && isFirst) {
      const { context, people } = listener.transitions;
      await listener.port.publishHome(event.user, await homeOf(context, people, event.user));
      await context.stores.homes.opened(event.user);
    }
  });
}
