import type { BotContext } from '../../context.ts';
import type { People } from '../../ports/people.ts';
import type { SlackPort } from '../../ports/slack.ts';
import type { HomeView } from '../../ports/slack-blocks.ts';
import { SlackRefused } from '../../ports/slack-errors.ts';
import { clusterStatus, incidentLines } from '../cards/cluster-status.ts';
import { context as contextBlock, header, linesSection, small } from '../message/blocks.ts';
import { limits } from '../message/limits.ts';

/** For so long after it was opened a Home tab is kept up to date: a night on call. */
const OPEN_MS = 12 * 3_600_000;
const PEOPLE_SERVED = 20;
/** Changes come in groups: they are gathered for so long and shown together. */
const GATHER_MS = 5_000;
/** A person's tab that Slack goes on refusing for the same reason is logged once in so long. */
const WARN_AGAIN_MS = 3_600_000;

/** What Home tabs are made from. */
type Sources = Pick<BotContext, 'config' | 'stores' | 'clock' | 'clusters' | 'book'>;
type HomesContext = Sources & Pick<BotContext, 'log'>;

/** Keeps the Home tabs that were opened lately from growing old. */
export function createHomes({
  context,
  people,
  slack,
}: {
  readonly context: HomesContext;
  readonly people: People;
  readonly slack: Pick<SlackPort, 'publishHome'>;
}): {
  /** Something changed: shown a little later, together with what else changes until then. Never rejects. */
  soon(): Promise<void>;
} {
  let pending: Promise<void> | undefined;

  const showTo = async (user: string): Promise<void> =>
    slack.publishHome(user, await homeOf(context, people, user));

  async function publish(): Promise<void> {
    await context.clock.sleep(GATHER_MS);
    pending = undefined;
    const users = await context.stores.homes.recent({ withinMs: OPEN_MS, limit: PEOPLE_SERVED });
    for (const user of users) {
      // Whoever has left the workspace since must not keep the tabs of those behind them from being shown.
      await showTo(user).catch((error: unknown) => warn(context, user, error));
    }
  }

  return {
    soon() {
      // A tab that could not be shown is made anew with the next change, or when it is opened again.
      pending ??= publish().catch(() => {
        pending = undefined;
      });
      return pending;
    },
  };
}

async function warn({ stores, log }: HomesContext, user: string, error: unknown): Promise<void> {
  const kind = error instanceof SlackRefused ? error.code : error instanceof Error ? error.name : 'unknown';
  // Without Redis nobody knows whether it was logged; that Redis is away is logged where it is noticed.
  const isFirst = await stores.once.first(`home-failed:${user}:${kind}`, WARN_AGAIN_MS).catch(() => false);
  if (isFirst) {
    log.warn({ err: error, user, kind }, 'A Home tab could not be updated');
  }
}

/** Content of a person's Home tab: each cluster, and the incidents that are theirs. */
export async function homeOf(context: Sources, people: People, user: string): Promise<HomeView> {
  const names = [...context.clusters.keys()];
  const parts = await Promise.all(names.map((name) => clusterStatus(context, people, name, 'lasting')));
  const open = (await Promise.all(names.map((name) => context.stores.incidents.open(name)))).flat();
  const mine = open.filter(({ owner }) => owner === user);
  return {
    type: 'home',
    blocks: [
      ...parts.flatMap(({ blocks }) => blocks).slice(0, limits.viewBlocks - 4),
      header('Your incidents'),
      linesSection(
        undefined,
        mine.length === 0 ? ['You own no incident now.'] : incidentLines(context, mine, 'lasting'),
      ),
      contextBlock([small('Type /rabbit help in any channel to see the commands.')]),
    ],
  };
}
