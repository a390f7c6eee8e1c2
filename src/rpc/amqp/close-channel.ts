import { once } from 'node:events';
import type { Channel } from 'amqplib';
import { before, now } from './deadline.ts';

const longestMs = 2_000;

/** Closes a channel. Never throws, and does not wait for a broker that will not answer. */
export async function closeChannel(channel: Channel): Promise<void> {
  // amqplib's own promise stays pending when the connection goes meanwhile; the event comes either way.
  const closed = once(channel, 'close');
  const asked = channel.close();
  await before(now() + longestMs, Promise.race([asked, closed]), () => new Error('no answer')).catch(
    () => {},
  );
  asked.catch(() => {});
  closed.catch(() => {});
}
