import type { Redis } from 'ioredis';
import { systemClock } from '../process/system-clock.ts';
import { openAudit, openChain } from './audit.ts';
import { openReplicas } from './connection/replicas.ts';
import { openStoreConnection } from './connection/store-connection.ts';
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
  const connection = openStoreConnection(redis);
  const copies = openReplicas(connection, needed);
  return redactedStores({
    incidents: openIncidents(connection, keys, copies),
    runs: openRuns(connection, keys, copies),
    memory: pastMemory(openMemory(connection, keys), now, ahead),
    probes: openProbes(connection, keys),
    cards: openCards(connection, keys),
    audit: openAudit(connection, keys),
    chain: openChain(connection, keys),
    leases: openLeases(connection, keys),
    once: openOnce(connection, keys),
    halts: openHalts(connection, keys, copies, halt),
    pendingUpdates: openUntold(connection, keys),
    homes: openHomes(connection, keys),
    deletions: openDeletions(connection, keys),
    maintenance: openMaintenance(connection, keys),
  });
}
