import { createHmac, timingSafeEqual } from 'node:crypto';

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
 * two are accepted. The signature is over the bytes as they came: other bytes may read as the same text.
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
    return { kind: 'refused', because: 'its time is not a number of seconds' };
  }
  const ageSeconds = Math.floor(nowMs / 1_000) - Number(timestamp);
  if (ageSeconds > OLDEST_SECONDS) {
    return { kind: 'refused', because: `it was signed ${ageSeconds} s ago` };
  }
  if (ageSeconds < -AHEAD_SECONDS) {
    return { kind: 'refused', because: `it was signed ${-ageSeconds} s in the future; is this clock right?` };
  }
  // All are compared, so that the time tells nothing about which one fits.
  const fits = secrets.map((secret) => isSignedWith(secret, [`v0:${timestamp}:`, body], signature));
  return fits.includes(true) ? { kind: 'genuine' } : { kind: 'refused', because: 'its signature is wrong' };
}

function isSignedWith(secret: string, [stamp, body]: [string, Buffer], signature: string): boolean {
  // An empty secret would let everybody sign.
  if (secret === '') {
    return false;
  }
  const expected = Buffer.from(`v0=${createHmac('sha256', secret).update(stamp).update(body).digest('hex')}`);
  const came = Buffer.from(signature);
  return came.length === expected.length && timingSafeEqual(came, expected);
}
