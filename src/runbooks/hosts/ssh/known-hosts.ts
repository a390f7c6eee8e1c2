import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Pin, readKey } from './host-key.ts';

/** What a `known_hosts` file says about one host. */
export interface KnownKeys {
  readonly pins: readonly Pin[];
  /** Keys that must never be accepted, whichever host shows them. */
  readonly revoked: readonly Pin[];
  /** Lines that trust an authority for this host instead of a key: not supported here. */
  readonly authorityLines: readonly number[];
  /** A marked line that cannot be read could be a revocation: then nothing is accepted. */
  readonly unreadableLines: readonly number[];
}

/** Reads the file as `sshd(8)` describes it: lists, wildcards, negation, hashed names, `[host]:port`, markers. */
export function knownKeys(text: string, address: string, port: number): KnownKeys {
  const name = port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`;
  const pins: Pin[] = [];
  const revoked: Pin[] = [];
  const authorityLines: number[] = [];
  const unreadableLines: number[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '' || words[0]?.startsWith('#')) {
      continue;
    }
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
    const [patterns = '', type = '', base64 = ''] = words;
    const key = readKey(type, base64);
    const isKnown = marker === undefined || marker === '@revoked' || marker === '@cert-authority';
    if (!isKnown || (marker === '@revoked' && key === undefined)) {
      unreadableLines.push(index + 1);
    } else if (!isFor(patterns, name)) {
    } else if (marker === '@cert-authority') {
      authorityLines.push(index + 1);
    }
    // Without a marker it may be a key of a kind that is newer or older than this program: it accepts nothing.
    else if (key !== undefined) {
      (marker === '@revoked' ? revoked : pins).push(key);
    }
  }
  return { pins, revoked, authorityLines, unreadableLines };
}

/** A name that is excluded with `!` anywhere in the list is not meant, whatever else matches. */
function isFor(patterns: string, name: string): boolean {
  if (patterns.startsWith('|')) {
    return isHashOf(patterns, name);
  }
  const list = patterns.toLowerCase().split(',');
  const isExcluded = list.some((pattern) => pattern.startsWith('!') && fits(pattern.slice(1), name));
  return !isExcluded && list.some((pattern) => !pattern.startsWith('!') && fits(pattern, name));
}

/** `*` stands for any characters, `?` for one; there is no other magic. */
function fits(pattern: string, name: string): boolean {
  const parts = pattern.replace(/[\\^$.+()[\]{}|/-]/g, '\\$&');
  return new RegExp(`^${parts.replace(/\*+/g, '.*').replaceAll('?', '.')}$`, 's').test(name);
}

/** `|1|salt|hash`: HMAC-SHA1 of the name, both in base64. */
function isHashOf(hashed: string, name: string): boolean {
  const [, version, salt = '', hash = ''] = hashed.split('|');
  if (version !== '1') {
    return false;
  }
  const expected = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
