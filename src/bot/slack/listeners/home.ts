import type { App } from '@slack/bolt';
import type { HomeView } from '../../ports/slack-blocks.ts';
import { context as contextBlock, plainSection, small } from '../message/blocks.ts';
import { faultOf } from '../requests/fault.ts';
import { isFirstDelivery, type ListenerContext } from '../requests/listener-context.ts';
import { homeOf } from '../send/homes.ts';

/** The Home tab: each cluster, and what this person has taken. Made anew whenever it is opened. */
export function registerHome(app: App, listener: ListenerContext): void {
  app.event('app_home_opened', async ({ event, body }) => {
    // Slack tries an event again when its answer was lost; the tab is made once.
    if (event.tab !== 'home') {
      return;
    }
    const { context, people } = listener.transitions;
    const made = async (): Promise<HomeView | undefined> => {
      const isFirst = await isFirstDelivery(listener, { kind: 'event', eventId: body.event_id });
      return isFirst ? await homeOf(context, people, event.user) : undefined;
    };
    const home = await made().catch(async (error: unknown) => {
      await listener.port.publishHome(event.user, brokenHome(error));
      throw error;
    });
    if (home === undefined) {
      return;
    }
    await listener.port.publishHome(event.user, home);
    await context.stores.homes.opened(event.user);
  });
}

/** Home tab of somebody who opened it while something of ours was broken: the old one would look like a new one. */
const brokenHome = (error: unknown): HomeView => ({
  type: 'home',
  blocks: [plainSection(faultOf(error)), contextBlock([small('Open this tab again to try again.')])],
});
