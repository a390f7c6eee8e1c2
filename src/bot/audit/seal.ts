import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { AuditEntry, Seal, Trimmed } from '../record/entry.ts';

export const SEALED = 'audit.sealed';

/** Vouches for the chain up to an entry, with a key that is in the bot's configuration and not in Redis. */
export function sealEntry(
  key: string,
  tip: { readonly sequence: number; readonly hash: string },
  atMs: number,
): AuditEntry {
  const { sequence, hash } = tip;
  return {
    atMs,
    actor: 'watership',
    event: SEALED,
    text: `Sealed up to entry ${sequence}.`,
    seal: { sequence, hash, key: keyName(key), mac: macOf(key, 'seal', sequence, hash) },
  };
}

/** What a seal is worth to somebody who has this key. */
export function judgeSeal(key: string, seal: Seal): 'good' | 'forged' | 'other-key' {
  if (seal.key !== keyName(key)) {
    return 'other-key';
  }
  return isSame(seal.mac, macOf(key, 'seal', seal.sequence, seal.hash)) ? 'good' : 'forged';
}

/** Says with the key that the bot itself dropped what stood before; without a key it says no more than it did. */
export const sealTrim = (key: string | undefined, { firstKept, before }: Trimmed): Trimmed => ({
  firstKept,
  before,
  ...(key === undefined ? {} : { key: keyName(key), mac: macOf(key, 'trim', firstKept, before) }),
});

/** What somebody who has this key may believe of a trim. */
export function judgeTrim(key: string, trimmed: Trimmed): 'good' | 'forged' | 'other-key' | 'without-key' {
  if (trimmed.mac === undefined || trimmed.key === undefined) {
    return 'without-key';
  }
  if (trimmed.key !== keyName(key)) {
    return 'other-key';
  }
  return isSame(trimmed.mac, macOf(key, 'trim', trimmed.firstKept, trimmed.before)) ? 'good' : 'forged';
}

function isSame(mac: string, wantedMac: string): boolean {
  const [given, wanted] = [Buffer.from(mac), Buffer.from(wantedMac)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** `what` keeps the one from being shown as the other. */
const macOf = (key: string, what: 'seal' | 'trim', sequence: number, hash: string): string =>
  createHmac('sha256', key).update(`watership audit ${what}\n${sequence}\n${hash}`).digest('hex');

/** Fingerprint that distinguishes keys without revealing them. */
const keyName = (key: string): string =>
  createHash('sha256').update(`watership audit key\n${key}`).digest('hex').slice(0, 8);
