import { once } from 'node:events';
import type { Channel } from 'amqplib';
import { briefly } from './deadline.ts';

/** Closes a channel. Never throws, and does not wait for a broker that will not answer. */
export async function closeChannel(channel: Channel): Promise<void> {
  // amqplib's own promise stays pending when the connection goes meanwhile; the event comes either way.
  const closed = once(channel, 'close');
  const asked = channel.close();
  await briefly(Promise.race([asked, closed]));
  asked.catch(() => {});
  closed.catch(() => {});
}
