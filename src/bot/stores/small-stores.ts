import type { ClusterSummary, ProbeHistory } from '../../runbooks/index.ts';
import { timeOf } from './connection/redis-time.ts';
import type { StoreConnection } from './connection/store-connection.ts';
import { KEEP_SECONDS } from './items.ts';
import type { Keys } from './keys.ts';
import { runScript } from './scripts/define-script.ts';
import { putMemory, releaseLease, renewLease, settleTold, takeLease } from './scripts/scripts.ts';
import type {
  CardPlace,
  CardStore,
  HomeStore,
  LeaseStore,
  MemoryStore,
  OnceStore,
  PendingUpdateStore,
  ProbeStore,
  SweepMemory,
} from './stores.ts';

/** Memory as it lies in Redis, where the summary keeps the name that the first release gave it. */
type StoredMemory = Omit<SweepMemory, 'summary'> & { readonly glance?: ClusterSummary };

export function openMemory(connection: StoreConnection, keys: Keys): MemoryStore {
  return {
    async get(cluster) {
      const json = await connection.read((redis) => redis.hget(keys.memory(cluster), 'json'));
      // Written by `put` below.
      if (json === null) {
        return undefined;
      }
      const { glance, ...memory } = JSON.parse(json) as StoredMemory;
      return glance === undefined ? memory : { ...memory, summary: glance };
    },
    async sweptAtMs(cluster) {
      const at = await connection.read((redis) => redis.hget(keys.memory(cluster), 'sweptAtMs'));
      return at === null ? undefined : Number(at);
    },
    async put(cluster, { summary, ...memory }, { lease, token }) {
      const stored: StoredMemory = summary === undefined ? memory : { ...memory, glance: summary };
      const answer = await connection.write((redis) =>
        runScript(redis, putMemory, {
          keys: { memory: keys.memory(cluster), newestToken: keys.token(lease) },
          args: { token, sweptAtMs: memory.sweptAtMs, json: JSON.stringify(stored) },
        }),
      );
      return answer === 'stored' ? 'stored' : 'conflict';
    },
  };
}

export function openProbes(connection: StoreConnection, keys: Keys): ProbeStore {
  return {
    async get(cluster) {
      const json = await connection.read((redis) => redis.get(keys.probes(cluster)));
      // Written by `put` below.
      return json === null ? undefined : (JSON.parse(json) as ProbeHistory);
    },
    async put(cluster, probes) {
      await connection.write((redis) => redis.set(keys.probes(cluster), JSON.stringify(probes)));
    },
  };
}

export function openCards(connection: StoreConnection, keys: Keys): CardStore {
  return {
    async get(incident) {
      const json = await connection.read((redis) => redis.get(keys.card(incident)));
      // Written by `put` below.
      return json === null ? undefined : (JSON.parse(json) as CardPlace);
    },
    async put(incident, place) {
      await connection.write((redis) =>
        redis.set(keys.card(incident), JSON.stringify(place), 'EX', KEEP_SECONDS),
      );
    },
  };
}

export function openLeases(connection: StoreConnection, keys: Keys): LeaseStore {
  return {
    async take(name, holder, forMs) {
      const token = Number(
        await connection.write((redis) =>
          runScript(redis, takeLease, {
            keys: { lease: keys.lease(name), fence: keys.fence, newestToken: keys.token(name) },
            args: { holder, forMs },
          }),
        ),
      );
      return token === 0 ? undefined : { token };
    },
    async renew(name, holder, forMs) {
      return (
        Number(
          await connection.write((redis) =>
            runScript(redis, renewLease, { keys: { lease: keys.lease(name) }, args: { holder, forMs } }),
          ),
        ) === 1
      );
    },
    async release(name, holder) {
      await connection.write((redis) =>
        runScript(redis, releaseLease, { keys: { lease: keys.lease(name) }, args: { holder } }),
      );
    },
  };
}

export function openOnce(connection: StoreConnection, keys: Keys): OnceStore {
  return {
    async first(key, forMs) {
      return (await connection.write((redis) => redis.set(keys.once(key), '1', 'PX', forMs, 'NX'))) === 'OK';
    },
    async has(key) {
      return (await connection.read((redis) => redis.exists(keys.once(key)))) === 1;
    },
    async forget(key) {
      await connection.write((redis) => redis.del(keys.once(key)));
    },
  };
}

const HOMES_KEPT = 100;

export function openHomes(connection: StoreConnection, keys: Keys): HomeStore {
  return {
    async opened(user) {
      const nowMs = await timeOf(connection);
      await connection.write((redis) => redis.zadd(keys.homes, nowMs, user));
      await connection.write((redis) => redis.zremrangebyrank(keys.homes, 0, String(-1 - HOMES_KEPT)));
    },
    async recent({ withinMs, limit }) {
      const sinceMs = (await timeOf(connection)) - withinMs;
      return await connection.read((redis) =>
        redis.zrange(keys.homes, '+inf', String(sinceMs), 'BYSCORE', 'REV', 'LIMIT', 0, limit),
      );
    },
  };
}

export function openUntold(connection: StoreConnection, keys: Keys): PendingUpdateStore {
  return {
    async list() {
      const flat = await connection.read((redis) => redis.zrange(keys.pendingUpdates, 0, '-1', 'WITHSCORES'));
      return flat.flatMap((incident, index) =>
        index % 2 === 0 ? [{ incident, mark: flat[index + 1] ?? '' }] : [],
      );
    },
    async markOf(incident) {
      return (await connection.read((redis) => redis.zscore(keys.pendingUpdates, incident))) ?? undefined;
    },
    async waiting() {
      const [incidents, known, nowMs] = await Promise.all([
        connection.read((redis) => redis.zrange(keys.pendingUpdates, 0, '-1')),
        connection.read((redis) => redis.hgetall(keys.untoldSince)),
        timeOf(connection),
      ]);
      for (const incident of incidents.filter((id) => known[id] === undefined)) {
        await connection.write((redis) => redis.hsetnx(keys.untoldSince, incident, String(nowMs)));
      }
      const gone = Object.keys(known).filter((id) => !incidents.includes(id));
      if (gone.length > 0) {
        await connection.write((redis) => redis.hdel(keys.untoldSince, ...gone));
      }
      return incidents.map((incident) => ({ incident, waitedMs: nowMs - Number(known[incident] ?? nowMs) }));
    },
    async settle(incident, mark) {
      await connection.write((redis) =>
        runScript(redis, settleTold, {
          keys: { pendingUpdates: keys.pendingUpdates, behindSince: keys.untoldSince },
          args: { incident, seenMark: mark },
        }),
      );
    },
  };
}
