import { span } from '../wording/words.ts';
/** Slack answered, and said no; `code` is Slack's own word, such as `message_not_found`. */
export class SlackRefused extends Error {
  override readonly name = 'SlackRefused';
  readonly code: string;
  constructor(method: string, code: string, options?: ErrorOptions) {
    super(`Slack refused ${method}: ${code}`, options);
    this.code = code;
  }
}

/** Slack asks to wait. */
export class SlackBusy extends Error {
  override readonly name = 'SlackBusy';
  readonly retryAfterMs: number;
  constructor(method: string, retryAfterMs: number, options?: ErrorOptions) {
    super(`Slack asks to wait ${span(retryAfterMs)} before ${method}`, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer came, or not one of Slack's: whether it has happened is not known. */
export class SlackUnreachable extends Error {
  override readonly name = 'SlackUnreachable';
}

/** Another process is telling this incident just now: try again a little later. */
export class NotifiedElsewhere extends Error {
  override readonly name = 'ToldElsewhere';
}
