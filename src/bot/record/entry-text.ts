import { canonicalJson } from '../../runbooks/index.ts';
import { redact, redactStart } from '../process/redact.ts';
import type { RecordedEntry, StoredEntry } from './entry.ts';
import { type AuditRecord, textHashOf } from './link.ts';

/** A text longer than this is no explanation any more, and an entry must stay cheap to hash and to read. */
const LONGEST_TEXT = 4_000;

/** The text of an entry that is kept and hashed: canonical, without secrets, bounded. */
export function entryText(entry: StoredEntry): string {
  return canonicalJson({ ...entry, text: clipped(entry.text) });
}

const clipped = (text: string): string =>
  text.length <= LONGEST_TEXT
    ? redact(text)
    : `${redactStart(text, LONGEST_TEXT)}… (${text.length} characters)`;

/** Entries as one argument of a script: digest, length in bytes, text, one behind the other. */
export const entriesArgument = (entries: readonly StoredEntry[]): string =>
  entries
    .map(entryText)
    .map((text) => `${textHashOf(text)}${String(Buffer.byteLength(text)).padStart(8, '0')}${text}`)
    .join('');

/** Reads an entry back. One that somebody has spoiled is shown as such: it must not hide all the others. */
export function entryOf({ sequence, hash, text }: AuditRecord): RecordedEntry {
  return { ...(parsed(text) ?? unreadable), sequence, hash };
}

const unreadable: StoredEntry = {
  atMs: 0,
  actor: 'unknown',
  event: 'audit.unreadable',
  text: 'This entry cannot be read. "watership audit --verify" says what is wrong with it.',
};

function parsed(text: string): StoredEntry | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What every reader relies on. The chain vouches for the rest. */
const isEntry = (value: unknown): value is StoredEntry =>
  typeof value === 'object' &&
  value !== null &&
  'atMs' in value &&
  typeof value.atMs === 'number' &&
  'actor' in value &&
  typeof value.actor === 'string' &&
  'event' in value &&
  typeof value.event === 'string' &&
  'text' in value &&
  typeof value.text === 'string';
