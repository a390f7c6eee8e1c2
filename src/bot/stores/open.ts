import type { Redis } from 'ioredis';
import { openAudit, openChain } from './audit.ts';
import { openDeletions, openMaintenance } from './deletions.ts';
import { type HaltOverrides, openHalts } from './halts.ts';
import { openIncidents } from './incidents.ts';
import { keysFor } from './keys.ts';
import { openRuns } from './runs.ts';
import {
  openCards,
  openHomes,
  openLeases,
  openMemory,
  openOnce,
  openProbes,
  openUntold,
} from './small-stores.ts';
import type { Stores } from './stores.ts';

/** The stores of one installation over one Redis connection. What Redis refuses or cannot answer reaches the caller. */
export function openStores(redis: Redis, prefix: string, overrides?: HaltOverrides): Stores {
  const keys = keysFor(prefix);
  return {
    incidents: openIncidents(redis, keys),
    runs: openRuns(redis, keys),
    memory: openMemory(redis, keys),
    probes: openProbes(redis, keys),
    cards: openCards(redis, keys),
    audit: openAudit(redis, keys),
    chain: openChain(redis, keys),
    leases: openLeases(redis, keys),
    once: openOnce(redis, keys),
    halts: openHalts(redis, keys, overrides),
    untold: openUntold(redis, keys),
    homes: openHomes(redis, keys),
    deletions: openDeletions(redis, keys),
    maintenance: openMaintenance(redis, keys),
  };
}
