import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from '../../canonical.ts';

/** A request's signature is never good for an answer, nor the other way round. */
export type Signed = 'request' | 'answer';

/** HMAC-SHA256 over the canonical JSON, as 64 hexadecimal digits. */
export function sign(what: Signed, value: unknown, key: string): string {
  return digestOf(what, value, key).toString('hex');
}

/** Whether one of the keys made the signature. Takes as long for a wrong one as for the right one. */
export function isSignedBy(
  what: Signed,
  value: unknown,
  signature: string,
  keys: readonly string[],
): boolean {
  const given = Buffer.from(signature, 'hex');
  // No early return: which of the keys it was must not show.
  return keys
    .map((key) => {
      const right = digestOf(what, value, key);
      return given.length === right.length && timingSafeEqual(given, right);
    })
    .includes(true);
}

const digestOf = (what: Signed, value: unknown, key: string): Buffer =>
  createHmac('sha256', key)
    .update(`watership-agent/1 ${what}\n${canonicalJson(value)}`)
    .digest();
