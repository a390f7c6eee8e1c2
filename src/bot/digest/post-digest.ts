import type { BotContext } from '../context.ts';
import type { SlackPort } from '../slack/port.ts';
import { bookOf, speak } from '../slack/spoken.ts';
import { withNames } from '../slack/words.ts';
import { digestMessage } from './digest-message.ts';
import { type Digest, digestOf } from './digest-of.ts';

const DAY_MS = 24 * 3_600_000;
/** The last digest is looked for so far back; before the first one, a digest covers a day. */
const LOOK_BACK_MS = 8 * DAY_MS;
const POSTED = 'digest.posted';
const READ_AT_MOST = 5_000;

type DigestContext = Pick<BotContext, 'config' | 'stores' | 'people' | 'clock' | 'clusters' | 'book'>;

/** Posts the digest. With a `slot`, once for that slot, whichever replica comes first; without one, always. */
export async function postDigest(
  context: DigestContext,
  slack: SlackPort,
  options: { readonly slot?: string; readonly channel?: string },
): Promise<void> {
  const { once } = context.stores;
  if (options.slot === undefined) return post(context, slack, options.channel);
  const slot = `digest-slot:${options.slot}`;
  if (!(await once.first(slot, LOOK_BACK_MS))) return;
  try {
    await post(context, slack, options.channel);
  } catch (error) {
    // Slack was away: the job is tried again, and must find the slot free.
    await once.forget(slot);
    throw error;
  }
}

async function post(context: DigestContext, slack: SlackPort, wanted: string | undefined): Promise<void> {
  const { stores, clock, config, people } = context;
  const read = await readDigest(context);
  const ids = read.glass.flatMap((line) => line.match(/\b[UW][A-Z0-9_]{2,}\b/g) ?? []);
  const names = await people.names([...new Set(ids)]);
  const digest = { ...read, glass: read.glass.map((line) => withNames(line, names)) };
  const channel = wanted ?? config.slack.channel;
  await slack.postMessage({ ...digestMessage(digest), channel });
  await stores.audit.append({
    atMs: clock.now(),
    actor: 'watership',
    event: POSTED,
    text: `Digest posted in ${channel}.`,
  });
}

/** Everything since the last digest, from the stores: no broker is asked. */
export async function readDigest(context: Omit<DigestContext, 'config' | 'people'>): Promise<Digest> {
  const { stores, clock, clusters, book } = context;
  const nowMs = clock.now();
  const older = await stores.audit.read({ sinceMs: nowMs - LOOK_BACK_MS, limit: READ_AT_MOST });
  const sinceMs = older.findLast(({ event }) => event === POSTED)?.atMs ?? nowMs - DAY_MS;
  const [incidents, runs] = await Promise.all([
    stores.incidents.recent({ limit: 500, sinceMs }),
    stores.runs.recent({ limit: 500, sinceMs }),
  ]);
  return digestOf({
    sinceMs,
    nowMs,
    incidents,
    runs,
    audit: older.filter(({ atMs }) => atMs >= sinceMs),
    headline: (incident) => speak(bookOf(book), incident).headline,
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
          ...(memory === undefined ? {} : { sweptAtMs: memory.sweptAtMs }),
          ...(memory?.glance === undefined ? {} : { glance: memory.glance }),
        };
      }),
    ),
  });
}
