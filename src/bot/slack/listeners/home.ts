import type { App } from '@slack/bolt';
import { isFirstDelivery, type Lobby } from '../requests/lobby.ts';
import { homeOf } from '../send/homes.ts';

/** The Home tab: each cluster, and what this person has taken. Made anew whenever it is opened. */
export function register(app: App, lobby: Lobby): void {
  app.event('app_home_opened', async ({ event, body }) => {
    // Slack tries an event again when its answer was lost; the tab is made once.
    const isFirst = await isFirstDelivery(lobby, { kind: 'event', eventId: body.event_id });
    if (event.tab === 'home' && isFirst) {
      const { context, people } = lobby.counter;
      await lobby.port.publishHome(event.user, await homeOf(context, people, event.user));
      await context.stores.homes.opened(event.user);
    }
  });
}
