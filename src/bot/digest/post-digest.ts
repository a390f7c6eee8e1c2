import { randomUUID } from 'node:crypto';
import type { BotContext } from '../context.ts';
import type { SlackPort } from '../ports/slack.ts';
import { ToldElsewhere } from '../ports/slack-errors.ts';
import { digestMessage } from '../slack/cards/digest-message.ts';
import { withId } from '../slack/message/blocks.ts';
import { hold } from '../stores/hold.ts';
import { bookOf, speak } from '../wording/spoken.ts';
import { withNames } from '../wording/words.ts';
import { type Digest, digestOf } from './digest-of.ts';

const DAY_MS = 24 * 3_600_000;
/** The last digest is looked for so far back; before the first one, a digest covers a day. */
const LOOK_BACK_MS = 8 * DAY_MS;
/** By the schedule: the next digest begins where this one ended. */
const POSTED = 'digest.posted';
/** Because somebody wanted it. */
const ASKED = 'digest.asked';
/** Renewed while the post lasts; a replica that died is replaced after it. */
const LEASE_MS = 10_000;
const READ_AT_MOST = 5_000;

type DigestContext = Pick<BotContext, 'config' | 'stores' | 'people' | 'clock' | 'clusters' | 'book'>;

/** Posts the digest that the schedule wants, once for its slot, whichever replica comes first. */
export async function postDigest(
  context: DigestContext,
  slack: SlackPort,
  options: { readonly slot: string; readonly channel?: string },
): Promise<void> {
  const channel = options.channel ?? context.config.slack.channel;
  const { slot } = options;
  const held = await hold(context.stores.leases, `digest:${slot}`, randomUUID(), LEASE_MS);
  // Another replica is at it. The job comes again, and finds it done, or its replica dead.
  if (held === undefined) throw new ToldElsewhere(`The digest of ${slot} is being posted by another process`);
  try {
    await postOnce(context, slack, { slot, channel });
  } finally {
    await held.release();
  }
}

/**
 * A process may die between any two of these lines. The first mark says that a post may have been made: then the channel is
 * asked before another one is. The second says that all is done.
 */
async function postOnce(
  context: DigestContext,
  slack: SlackPort,
  { slot, channel }: { readonly slot: string; readonly channel: string },
): Promise<void> {
  const { once } = context.stores;
  const posted = `digest-slot:${slot}`;
  if (await once.has(posted)) return;
  const blocks = `digest.${slot}`;
  const isFirst = await once.first(`digest-begun:${slot}`, LOOK_BACK_MS);
  if (isFirst || (await slack.findMessage(channel, blocks)) === undefined) {
    const { text, blocks: shown } = digestMessage(await readForPeople(context));
    await slack.postMessage({ text, blocks: withId(shown, blocks), channel });
  }
  await once.first(posted, LOOK_BACK_MS);
  await noteDown(context, channel);
}

/** Posts the digest because somebody asks for it. The next scheduled one covers as much as without it. */
export async function postDigestFor(
  context: DigestContext,
  slack: SlackPort,
  { channel, by }: { readonly channel: string; readonly by: string },
): Promise<void> {
  await slack.postMessage({ ...digestMessage(await readForPeople(context)), channel });
  const text = `${by} had the digest posted in ${channel}.`;
  await context.stores.audit.append({ atMs: context.clock.now(), actor: by, event: ASKED, text });
}

/** With the names of those who broke a glass, as their colleagues know them. */
export async function readForPeople(context: DigestContext): Promise<Digest> {
  const read = await readDigest(context);
  const ids = read.glass.flatMap((line) => line.match(/\b[UW][A-Z0-9_]{2,}\b/g) ?? []);
  const names = await context.people.names([...new Set(ids)]);
  return { ...read, glass: read.glass.map((line) => withNames(line, names)) };
}

async function noteDown({ stores, clock }: DigestContext, channel: string): Promise<void> {
  await stores.audit.append({
    atMs: clock.now(),
    actor: 'watership',
    event: POSTED,
    text: `Digest posted in ${channel}.`,
  });
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
  const sinceMs = older.findLast(({ event }) => event === POSTED)?.atMs ?? nowMs - DAY_MS;
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
