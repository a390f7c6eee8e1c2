import type { Redis } from 'ioredis';
import { systemClock } from '../process/system-clock.ts';
import { openAudit, openChain } from './audit.ts';
import { openReplicas } from './connection/replicas.ts';
import { openDeletions, openMaintenance } from './deletions.ts';
import { type HaltOverrides, openHalts } from './halts.ts';
import { openIncidents } from './incidents.ts';
import { keysFor } from './keys.ts';
import { type AheadMemory, pastMemory } from './past-memory.ts';
import { redactedStores } from './redacted.ts';
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

/**
 * The stores of one installation over one Redis connection. What Redis refuses or cannot answer reaches the caller. `copies`: how
 * many replicas must hold what people decide and what the ledger says, @default 0. `halt`: what halts this process besides Redis.
 * `now`: the clock of this process; `ahead` hears of a sweep that another clock has put into the future.
 */
export function openStores(
  redis: Redis,
  prefix: string,
  {
    copies: needed = 0,
    halt,
    now = () => systemClock.now(),
    ahead,
  }: {
    readonly copies?: number;
    readonly halt?: HaltOverrides;
    readonly now?: () => number;
    readonly ahead?: (memory: AheadMemory) => void;
  } = {},
): Stores {
  const keys = keysFor(prefix);
  const copies = openReplicas(redis, needed);
  return redactedStores({
    incidents: openIncidents(redis, keys, copies),
    runs: openRuns(redis, keys, copies),
    memory: pastMemory(openMemory(redis, keys), now, ahead),
    probes: openProbes(redis, keys),
    cards: openCards(redis, keys),
    audit: openAudit(redis, keys),
    chain: openChain(redis, keys),
    leases: openLeases(redis, keys),
    once: openOnce(redis, keys),
    halts: openHalts(redis, keys, copies, halt),
    pendingUpdates: openUntold(redis, keys),
    homes: openHomes(redis, keys),
    deletions: openDeletions(redis, keys),
    maintenance: openMaintenance(redis, keys),
  });
}
