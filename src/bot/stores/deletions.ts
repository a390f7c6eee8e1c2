import { timeOf } from './connection/redis-time.ts';
import type { StoreConnection } from './connection/store-connection.ts';
import type { Keys } from './keys.ts';
import { runScript } from './scripts/define-script.ts';
import { reserveDeletion } from './scripts/scripts.ts';
import type { DeletionStore, Maintenance, MaintenanceStore } from './stores.ts';

const HOUR_MS = 3_600_000;

export function openDeletions(connection: StoreConnection, keys: Keys): DeletionStore {
  return {
    async reserve(cluster, member, { limit, isForced }) {
      const nowMs = await timeOf(connection);
      const answer = await connection.write((redis) =>
        runScript(redis, reserveDeletion, {
          keys: { deletions: keys.deletions(cluster) },
          args: { nowMs, windowMs: HOUR_MS, member, limit: isForced ? -1 : limit },
        }),
      );
      return answer === 'reserved' ? 'reserved' : 'over';
    },
    async lastHour(cluster) {
      const sinceMs = (await timeOf(connection)) - HOUR_MS;
      return await connection.read((redis) => redis.zcount(keys.deletions(cluster), sinceMs, '+inf'));
    },
  };
}

export function openMaintenance(connection: StoreConnection, keys: Keys): MaintenanceStore {
  return {
    async get(cluster) {
      const json = await connection.read((redis) => redis.hget(keys.maintenance, cluster));
      // Written by `begin` below.
      const kept = json === null ? undefined : (JSON.parse(json) as Maintenance);
      return kept !== undefined && kept.untilMs > (await timeOf(connection)) ? kept : undefined;
    },
    async begin(cluster, window) {
      await connection.write((redis) => redis.hset(keys.maintenance, cluster, JSON.stringify(window)));
    },
    async end(cluster) {
      await connection.write((redis) => redis.hdel(keys.maintenance, cluster));
    },
  };
}
