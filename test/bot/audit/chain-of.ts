import type { StoredEntry } from '../../../src/bot/record/entry.ts';
import { entryText } from '../../../src/bot/record/entry-text.ts';
import { type AuditRecord, genesis, linkOf } from '../../../src/bot/record/link.ts';

/** The chain that entries make when they are written one after the other. */
export function chainOf(entries: readonly StoredEntry[]): readonly AuditRecord[] {
  let before = genesis;
  return entries.map((entry, index) => {
    const text = entryText(entry);
    const record = { sequence: index + 1, before, hash: linkOf(before, text, index + 1), text };
    before = record.hash;
    return record;
  });
}
