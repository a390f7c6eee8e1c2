import type { Readable } from 'node:stream';
import axios from 'axios';
import { redact } from '../process/redact.ts';
import { span } from '../wording/words.ts';

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
  const failed = (why: string, cause?: Error) =>
    new WebhookFailed(`The webhook at ${host} did not accept a notice: ${why}`, cause && { cause });
  return {
    async send(notice) {
      const deadline = AbortSignal.timeout(timeoutMs);
      const status = await post(url, redact(JSON.stringify(notice)), deadline).catch((thrown: unknown) => {
        if (deadline.aborted) {
          throw failed(`no answer within ${span(timeoutMs)}`);
        }
        // What axios throws holds the whole address, and a cause is printed with what it causes.
        throw failed('not reached', new Error(axios.isAxiosError(thrown) ? thrown.code : undefined));
      });
      if (status < 200 || status > 299) {
        throw failed(`HTTP ${status}`);
      }
    },
  };
}

async function post(url: string, body: string, signal: AbortSignal): Promise<number> {
  const { status, data } = await axios.post<Readable>(url, body, {
    headers: { 'content-type': 'application/json', accept: '*/*', 'user-agent': 'watership' },
    transformRequest: [(text: unknown) => text],
    responseType: 'stream',
    validateStatus: () => true,
    // Somewhere else is not where the alerts were meant to go.
    maxRedirects: 0,
    proxy: false,
    signal,
  });
  // Whatever it says is of no use, however long it is.
  data.destroy();
  return status;
}
