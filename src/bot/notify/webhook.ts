import { redact } from '../process/redact.ts';

/** Longest time for one notice. */
const SEND_MS = 10_000;

/** The other way to people, for when Slack does not take our messages. */
export interface Webhook {
  /** POSTs one JSON object; throws when it was not taken. */
  send(notice: object): Promise<void>;
}

/** The address was not reached, or said no. The message names the host alone: the path is often a secret. */
export class WebhookFailed extends Error {
  override readonly name = 'WebhookFailed';
}

export function openWebhook(url: string, { timeoutMs = SEND_MS } = {}): Webhook {
  const { host } = new URL(url);
  return {
    async send(notice) {
      const answer = await post(url, redact(JSON.stringify(notice)), timeoutMs).catch((cause: unknown) => {
        const why =
          cause instanceof Error && cause.name === 'TimeoutError'
            ? `no answer in ${timeoutMs} ms`
            : 'not reached';
        throw new WebhookFailed(`The webhook at ${host} did not take a notice: ${why}`, { cause });
      });
      // Whatever it says is of no use, however long it is.
      await answer.body?.cancel();
      if (!answer.ok) {
        throw new WebhookFailed(`The webhook at ${host} did not take a notice: HTTP ${answer.status}`);
      }
    },
  };
}

const post = (url: string, body: string, timeoutMs: number): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'watership' },
    body,
    // Somewhere else is not where the alerts were meant to go.
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
