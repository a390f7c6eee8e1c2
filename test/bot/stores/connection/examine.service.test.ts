import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { examineRedis } from '../../../../src/bot/stores/connection/examine.ts';
import { type OwnRedis, ownRedis } from '../../own-redis.ts';

let server: OwnRedis;
let redis: Redis;
beforeEach(async () => {
  server = await ownRedis();
  redis = new Redis(server.url);
});
afterEach(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

const look = async (options: { readonly copies?: number; readonly now?: () => number } = {}) => {
  const { troubles } = await examineRedis(redis, { copies: 0, now: Date.now, ...options });
  return troubles.map(({ state, text }) => `${state}: ${text}`);
};

test('a Redis as the bot needs it has no troubles', async () => {
  expect(await look()).toEqual([]);
});

test('a Redis that may forget says what is then lost, and what to set', async () => {
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await redis.config('SET', 'appendonly', 'no');
  expect(await look()).toEqual([
    'bad: maxmemory-policy is allkeys-lru: once a memory limit is set, Redis drops runs, approvals and jobs without an error; set noeviction',
    'warning: appendonly is no: a crash of Redis loses the last minutes, including approvals and the ledger of what was done; set appendonly yes',
  ]);
  await redis.config('SET', 'maxmemory', '100mb');
  expect((await look())[0]).toContain('when its memory is full, Redis drops');
});

test('clocks that differ are told, by how much and which is ahead', async () => {
  expect(await look({ now: () => Date.now() + 90_000 })).toEqual([
    expect.stringMatching(/^warning: its clock is 1 min 30 s behind this one: .* run NTP on both$/),
  ]);
  expect(await look({ now: () => Date.now() - 90_000 })).toEqual([
    expect.stringMatching(/^warning: its clock is 1 min 30 s ahead of this one/),
  ]);
});

test('a Redis without the replicas that are to hold a copy is told before somebody votes', async () => {
  expect(await look({ copies: 1 })).toEqual([expect.stringMatching(/^bad: 0 of 1 wanted replicas/)]);
});

test('a replica is told to be none to write to', async () => {
  await redis.replicaof('127.0.0.1', 1);
  expect(await look()).toEqual([expect.stringMatching(/^bad: this is a replica/)]);
});
