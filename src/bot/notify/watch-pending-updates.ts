import { randomUUID } from 'node:crypto';
import type { BotContext } from '../context.ts';
import { acquireLease } from '../stores/lease.ts';
import type { Waiting } from '../stores/stores.ts';
import { noticeOf } from './notice.ts';
import { openWebhook, type Webhook } from './webhook.ts';

const LOOK_MS = 15_000;
const LEASE_MS = 15_000;
/** One look sends so many notices; what is left comes with the next. */
const AT_ONCE = 20;
/** The same state of the same incident is not sent again for so long. */
const REMEMBERED_MS = 24 * 3_600_000;

/** Sends what Slack has not taken for too long to the webhook: once each, whichever replica comes first. */
export async function notifyElsewhere(
  { stores, clock, book, log }: Pick<BotContext, 'stores' | 'clock' | 'book' | 'log'>,
  { webhook, afterMs }: { readonly webhook: Webhook; readonly afterMs: number },
): Promise<void> {
  const late = (await stores.pendingUpdates.waiting()).filter(({ waitedMs }) => waitedMs >= afterMs);
  if (late.length === 0) {
    return;
  }
  const lease = await acquireLease(stores.leases, 'notify', randomUUID(), LEASE_MS);
  if (lease === undefined) {
    return;
  }
  try {
    let sent = 0;
    for (const waiting of late) {
      if (sent >= AT_ONCE || !lease.isHeld()) {
        return;
      }
      if (await send(waiting)) {
        sent += 1;
      }
    }
  } catch (error) {
    log.error({ err: error }, 'Neither Slack nor the webhook accepts the pending updates; trying again');
  } finally {
    await lease.release();
  }

  async function send({ incident: id, waitedMs }: Waiting): Promise<boolean> {
    const incident = await stores.incidents.get(id);
    if (incident === undefined || incident.mutedBy !== undefined) {
      return false;
    }
    const key = `notified:${id}:${incident.state}:${incident.severity}`;
    if (!(await stores.once.first(key, REMEMBERED_MS))) {
      return false;
    }
    try {
      await webhook.send(noticeOf(incident, book, { waitedMs, nowMs: clock.now() }));
    } catch (error) {
      await stores.once.forget(key);
      throw error;
    }
    log.warn({ incident: id }, `${id} was sent to the webhook, because Slack does not accept it`);
    return true;
  }
}

/** What Slack does not accept goes to the webhook after a while; without one only the health page shows it. */
export function watchPendingUpdates(context: BotContext): () => Promise<void> {
  const { notify } = context.config;
  if (notify === undefined) {
    return async () => {};
  }
  const webhook = openWebhook(notify.webhook);
  const timer = setInterval(
    () => {
      notifyElsewhere(context, { webhook, afterMs: notify.afterMs }).catch((error: unknown) => {
        context.log.debug({ err: error }, 'The pending updates could not be read');
      });
    },
    Math.min(LOOK_MS, notify.afterMs),
  );
  return async () => clearInterval(timer);
}
