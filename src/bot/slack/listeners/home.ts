import type { App } from '@slack/bolt';
import type { HomeView } from '@slack/types';
import { context as contextBlock, header, linesSection, small } from '../blocks.ts';
import { clusterStatus, incidentLines } from '../commands/status.ts';
import { limits } from '../limits.ts';
import type { Lobby } from '../lobby.ts';

/** The Home tab: each cluster, and what this person has taken. Made anew whenever it is opened. */
export function register(app: App, lobby: Lobby): void {
  app.event('app_home_opened', async ({ event }) => {
    if (event.tab === 'home') {
      await lobby.port.publishHome(event.user, await homeOf(lobby, event.user));
    }
  });
}

async function homeOf({ counter }: Lobby, user: string): Promise<HomeView> {
  const { context } = counter;
  const names = [...context.clusters.keys()];
  const parts = await Promise.all(names.map((name) => clusterStatus(context, name)));
  const open = (await Promise.all(names.map((name) => context.stores.incidents.open(name)))).flat();
  const mine = open.filter(({ owner }) => owner === user);
  return {
    type: 'home',
    blocks: [
      ...parts.flatMap(({ blocks }) => blocks).slice(0, limits.viewBlocks - 4),
      header('What you have taken'),
      linesSection(
        undefined,
        mine.length === 0 ? ['Nothing is yours just now.'] : incidentLines(context, mine),
      ),
      contextBlock([small('Type /rabbit help in any channel to see what you can ask.')]),
    ],
  };
}
