import { definite } from '../../rpc/index.ts';
import type { BotContext } from '../context.ts';
import { runbookText } from '../wording/runbook-text.ts';
import { withNames } from '../wording/words.ts';
import { type Digest, digestOf } from './digest-of.ts';

const DAY_MS = 24 * 3_600_000;
/** The last digest is looked for so far back; before the first one, a digest covers a day. */
export const LOOK_BACK_MS = 8 * DAY_MS;
const READ_AT_MOST = 5_000;

/** Audit event of a digest that the schedule posted: the next one begins where it ended. */
export const DIGEST_POSTED = 'digest.posted';

/** What a digest is read from. */
export type DigestContext = Pick<BotContext, 'config' | 'stores' | 'people' | 'clock' | 'clusters' | 'book'>;

/** Digest with the names of those who used break-glass, as their colleagues know them. */
export async function readForPeople(context: DigestContext): Promise<Digest> {
  const read = await readDigest(context);
  const names = await context.people.names(read.people);
  return { ...read, glass: read.glass.map((line) => withNames(line, names)) };
}

/** Everything since the last digest, from the stores: of the clusters only the names are read, and no broker is asked. */
export async function readDigest(
  context: Pick<DigestContext, 'stores' | 'clock' | 'book'> & {
    readonly clusters: Pick<ReadonlyMap<string, unknown>, 'keys'>;
  },
): Promise<Digest> {
  const { stores, clock, clusters, book } = context;
  const nowMs = clock.now();
  const older = await stores.audit.read({ sinceMs: nowMs - LOOK_BACK_MS, limit: READ_AT_MOST });
  const sinceMs = older.findLast(({ event }) => event === DIGEST_POSTED)?.atMs ?? nowMs - DAY_MS;
  const [incidents, runs] = await Promise.all([
    stores.incidents.recent({ limit: 500, sinceMs }),
    stores.runs.recent({ limit: 500, sinceMs }),
  ]);
  const explained = incidents.filter(({ mutedBy }) => mutedBy !== undefined);
  const places = await Promise.all(explained.map(({ id }) => stores.cards.get(id)));
  return digestOf({
    posted: new Set(explained.flatMap(({ id }, index) => (places[index] === undefined ? [] : [id]))),
    sinceMs,
    nowMs,
    incidents,
    runs,
    audit: older.filter(({ atMs }) => atMs >= sinceMs),
    headline: (incident) => runbookText(book, incident).headline,
    clusters: await Promise.all(
      [...clusters.keys()].map(async (name) => {
        const [memory, open, isHalted] = await Promise.all([
          stores.memory.get(name),
          stores.incidents.open(name),
          stores.halts.isHalted(name),
        ]);
        return {
          name,
          open,
          isHalted,
          ...definite({ sweptAtMs: memory?.sweptAtMs, summary: memory?.summary }),
        };
      }),
    ),
  });
}
