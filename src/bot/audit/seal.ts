import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { AuditEntry, Seal } from './entry.ts';

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
    seal: { sequence, hash, key: keyName(key), mac: macOf(key, sequence, hash) },
  };
}

/** What a seal is worth to somebody who has this key. */
export function judgeSeal(key: string, seal: Seal): 'good' | 'forged' | 'other-key' {
  if (seal.key !== keyName(key)) return 'other-key';
  const [given, wanted] = [Buffer.from(seal.mac), Buffer.from(macOf(key, seal.sequence, seal.hash))];
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? 'good' : 'forged';
}

const macOf = (key: string, sequence: number, hash: string): string =>
  createHmac('sha256', key).update(`watership audit seal\n${sequence}\n${hash}`).digest('hex');

/** Tells one key from another, and says nothing about either. */
const keyName = (key: string): string =>
  createHash('sha256').update(`watership audit key\n${key}`).digest('hex').slice(0, 8);
