import { randomUUID } from 'node:crypto';
import { DIGEST_POSTED, type DigestContext, LOOK_BACK_MS, readForPeople } from '../../digest/read-digest.ts';
import type { SlackPort } from '../../ports/slack.ts';
import { NotifiedElsewhere } from '../../ports/slack-errors.ts';
import { acquireLease } from '../../stores/lease.ts';
import { digestMessage } from '../cards/digest-message.ts';
import { withId } from '../message/blocks.ts';

/** Because somebody wanted it. */
const ASKED = 'digest.asked';
/** Renewed while the post lasts; a replica that died is replaced after it. */
const LEASE_MS = 10_000;

/** Posts the digest that the schedule wants, once for its slot, whichever replica comes first. */
export async function postDigest(
  context: DigestContext,
  slack: SlackPort,
  options: { readonly slot: string; readonly channel?: string },
): Promise<void> {
  const channel = options.channel ?? context.config.slack.channel;
  const { slot } = options;
  const lease = await acquireLease(context.stores.leases, `digest:${slot}`, randomUUID(), LEASE_MS);
  // Another replica is at it. The job comes again, and finds it done, or its replica dead.
  if (lease === undefined) {
    throw new NotifiedElsewhere(`The digest of ${slot} is being posted by another process`);
  }
  try {
    await postOnce(context, slack, { slot, channel });
  } finally {
    await lease.release();
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
  if (await once.has(posted)) {
    return;
  }
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
  const text = `${by} posted the digest in ${channel}.`;
  await context.stores.audit.append({
    atMs: context.clock.now(),
    actor: by,
    event: ASKED,
    text,
    people: [by],
  });
}

async function noteDown({ stores, clock }: DigestContext, channel: string): Promise<void> {
  await stores.audit.append({
    atMs: clock.now(),
    actor: 'watership',
    event: DIGEST_POSTED,
    text: `Digest posted in ${channel}.`,
  });
}
