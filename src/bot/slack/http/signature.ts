import { isUtf8 } from 'node:buffer';
import { isValidSlackRequest } from '@slack/bolt';
import { span } from '../../wording/words.ts';

/** Slack's own window for an old request: https://docs.slack.dev/authentication/verifying-requests-from-slack */
const OLDEST_SECONDS = 300;
/** Clocks differ by seconds. A stamp from further ahead would make a captured request good for longer. */
const AHEAD_SECONDS = 60;

/** The two headers by which Slack signs a request. */
export interface SignedHeaders {
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
}

export type Checked =
  | { readonly kind: 'genuine' }
  /** `because` is for the log: the sender hears only that it was refused. */
  | { readonly kind: 'refused'; readonly because: string };

/**
 * Is the request Slack's own, and of just now? While a signing secret is changed Slack's old one stays valid for a day, so
 * two are accepted. Bolt compares the signature; it takes any time in the future, so the time is checked here.
 */
export function checkSignature(
  secrets: readonly string[],
  { timestamp, signature }: SignedHeaders,
  body: Buffer,
  nowMs: number,
): Checked {
  if (timestamp === undefined || signature === undefined) {
    return { kind: 'refused', because: 'it is not signed' };
  }
  if (!/^\d{1,12}$/.test(timestamp)) {
    return { kind: 'refused', because: 'its timestamp is not a number of seconds' };
  }
  const ageSeconds = Math.floor(nowMs / 1_000) - Number(timestamp);
  if (ageSeconds > OLDEST_SECONDS) {
    return { kind: 'refused', because: `it was signed ${span(ageSeconds * 1_000)} ago` };
  }
  if (ageSeconds < -AHEAD_SECONDS) {
    return {
      kind: 'refused',
      because: `it was signed ${span(-ageSeconds * 1_000)} in the future; is this clock right?`,
    };
  }
  // Bolt reads the body as text, and bytes that are none may read as the same text as what was signed.
  if (!isUtf8(body)) {
    return { kind: 'refused', because: 'its body is not UTF-8' };
  }
  // Bolt would look over what stands behind a second "=".
  if (!/^v0=[0-9a-f]{64}$/.test(signature)) {
    return { kind: 'refused', because: 'its signature does not have the form of a signature' };
  }
  const request = {
    body: body.toString('utf8'),
    headers: { 'x-slack-request-timestamp': Number(timestamp), 'x-slack-signature': signature },
    nowMilliseconds: nowMs,
  };
  // All are compared, so that the time tells nothing about which one fits.
  const fits = secrets.map((signingSecret) => isValidSlackRequest({ ...request, signingSecret }));
  return fits.includes(true) ? { kind: 'genuine' } : { kind: 'refused', because: 'its signature is wrong' };
}
