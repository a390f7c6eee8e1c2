import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { waitFor } from '../../../sandbox/wait.ts';
import { timeOf } from '../../../src/bot/stores/connection/redis-time.ts';
import { openStoreConnection } from '../../../src/bot/stores/connection/store-connection.ts';
import { keysFor } from '../../../src/bot/stores/keys.ts';
import { openStores } from '../../../src/bot/stores/open.ts';
import { emptyHistory } from '../../../src/runbooks/index.ts';
import { storesContract } from './contract/contract.ts';

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => {
  redis.disconnect();
});

describe('in Redis', () => {
  storesContract(() => ({
    stores: openStores(redis, `test-${randomUUID()}`),
    now: () => timeOf(openStoreConnection(redis)),
    pass: async (ms) => {
      const untilMs = (await timeOf(openStoreConnection(redis))) + ms;
      await waitFor('the clock of Redis', async () => (await timeOf(openStoreConnection(redis))) > untilMs, {
        ...{ withinMs: 10_000, everyMs: 1 },
      });
    },
  }));
});

const memory = (sweptAtMs: number) => ({ history: emptyHistory, pending: [], sweptAtMs });

test('a memory from the future is forgotten and told, and the next sweep writes over it', async () => {
  const told: unknown[] = [];
  const nowMs = 1_000_000;
  const stores = openStores(redis, `test-${randomUUID()}`, {
    now: () => nowMs,
    ahead: (ahead) => told.push(ahead),
  });
  const year = 31_536_000_000;
  const { token = 0 } = (await stores.leases.take('sweep:house', 'me', 60_000)) ?? {};
  const fence = { lease: 'sweep:house', token };
  await stores.memory.put('house', memory(nowMs + year), fence);
  expect(await stores.memory.get('house')).toBeUndefined();
  expect(await stores.memory.sweptAtMs('house')).toBeUndefined();
  expect(told).toEqual([{ cluster: 'house', sweptAtMs: nowMs + year, aheadMs: year }]);
  expect(await stores.memory.put('house', memory(nowMs), fence)).toBe('stored');
  expect(await stores.memory.get('house')).toEqual(memory(nowMs));
});

test('every key of an installation carries one hash tag', () => {
  const keys = keysFor('watership');
  const all = Object.values(keys).map((key) => (typeof key === 'string' ? key : key('incident', 'x')));
  expect(all.filter((key) => !key.startsWith('{watership}:'))).toEqual([]);
});
