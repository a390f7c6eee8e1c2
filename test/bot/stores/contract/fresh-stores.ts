import type { StoredEntry } from '../../../../src/bot/record/entry.ts';
import type { Stores } from '../../../../src/bot/stores/stores.ts';

/** Stores of an installation that nobody has used yet, and their clock. */
export interface FreshStores {
  readonly stores: Stores;
  now(): Promise<number>;
  /** Resolves when the clock of the stores has gone on by this much. */
  pass(ms: number): Promise<void>;
}

export const audit = (text: string, more: Partial<StoredEntry> = {}): StoredEntry => ({
  atMs: 1_000,
  actor: 'U0ALICE',
  event: 'test',
  text,
  ...more,
});
