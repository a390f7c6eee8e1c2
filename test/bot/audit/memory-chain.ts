import type { StoredEntry } from '../../../src/bot/record/entry.ts';
import type { AuditRecord } from '../../../src/bot/record/link.ts';
import type { AuditChain, Mirrored } from '../../../src/bot/stores/stores.ts';
import { chainOf } from './chain-of.ts';

/** A chain in memory, whose parts a test may spoil. */
export interface MemoryChain extends AuditChain {
  entries: readonly StoredEntry[];
  stored: readonly AuditRecord[];
  place: Mirrored | undefined;
  write(count: number): void;
}

export const plainEntry = (text: string): StoredEntry => ({
  atMs: 1_000,
  actor: 'U0ALICE',
  event: 'test',
  text,
});

export function memoryChain(count: number): MemoryChain {
  const chain: MemoryChain = {
    entries: [],
    stored: [],
    place: undefined,
    write(more) {
      const texts = Array.from(
        { length: more },
        (_, index) => `step ${chain.entries.length + index + 1} é\u2028`,
      );
      chain.entries = [...chain.entries, ...texts.map(plainEntry)];
      chain.stored = chainOf(chain.entries);
    },
    records: async (from, limit) => chain.stored.filter(({ sequence }) => sequence >= from).slice(0, limit),
    given: async () => chain.entries.length,
    size: async () => chain.stored.length,
    async trim(firstKept, entry) {
      chain.entries = [...chain.entries, entry];
      chain.stored = chainOf(chain.entries).filter(({ sequence }) => sequence >= firstKept);
    },
    mirrored: async () => chain.place,
    setMirrored: async (place) => {
      chain.place = place;
    },
  };
  chain.write(count);
  return chain;
}
