import type { Redis } from 'ioredis';
import { timeOf } from './connection/redis-time.ts';
import type { Keys } from './keys.ts';
import { reserveDeletion, runScript } from './scripts/scripts.ts';
import type { DeletionStore, Maintenance, MaintenanceStore } from './stores.ts';

const HOUR_MS = 3_600_000;

export function openDeletions(redis: Redis, keys: Keys): DeletionStore {
  return {
    async reserve(cluster, member, { limit, isForced }) {
      const answer = await runScript(
        redis,
        reserveDeletion,
        [keys.deletions(cluster)],
        [await timeOf(redis), HOUR_MS, member, isForced ? -1 : limit],
      );
      return answer === 'reserved' ? 'reserved' : 'over';
    },
    async lastHour(cluster) {
      return await redis.zcount(keys.deletions(cluster), (await timeOf(redis)) - HOUR_MS, '+inf');
    },
  };
}

export function openMaintenance(redis: Redis, keys: Keys): MaintenanceStore {
  return {
    async get(cluster) {
      const json = await redis.hget(keys.maintenance, cluster);
      // Written by `begin` below.
      const kept = json === null ? undefined : (JSON.parse(json) as Maintenance);
      return kept !== undefined && kept.untilMs > (await timeOf(redis)) ? kept : undefined;
    },
    async begin(cluster, window) {
      await redis.hset(keys.maintenance, cluster, JSON.stringify(window));
    },
    async end(cluster) {
      await redis.hdel(keys.maintenance, cluster);
    },
  };
}
