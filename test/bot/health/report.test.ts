import { expect, test } from 'vitest';
import { examine } from '../../../src/bot/health/report.ts';
import { type AheadMemory, pastMemory } from '../../../src/bot/stores/past-memory.ts';
import { emptyHistory } from '../../../src/runbooks/index.ts';
import { createWorld } from '../fakes/world.ts';

const there = { redis: async () => true, slack: () => true };
const YEAR_MS = 31_536_000_000;

async function healthAfter(sweptInMs: number, runsForMs: number) {
  const { context, clock, stores } = createWorld();
  const told: AheadMemory[] = [];
  const memory = pastMemory(
    stores.memory,
    () => clock.now(),
    (ahead) => told.push(ahead),
  );
  const startedAtMs = clock.now() - runsForMs;
  const swept = { history: emptyHistory, pending: [], sweptAtMs: clock.now() + sweptInMs };
  const { token = 0 } = (await stores.leases.take('sweep:prod-a', 'me', 60_000)) ?? {};
  await memory.put('prod-a', swept, { lease: 'sweep:prod-a', token });
  const clusters = [...context.clusters.values()].map(({ config }) => config);
  const needs = { config: { ...context.config, clusters }, clock, stores: { ...stores, memory } };
  const health = await examine(needs, there, startedAtMs);
  await examine(needs, there, startedAtMs);
  return { status: health.status, cluster: health.clusters['prod-a'], told };
}

test('a sweep in the future is none: health does not say ok, and it is told once', async () => {
  expect(await healthAfter(YEAR_MS, 3_600_000)).toEqual({
    status: 'failing',
    cluster: { lastSweepSecondsAgo: null, isLate: true },
    told: [{ cluster: 'prod-a', sweptAtMs: expect.any(Number), aheadMs: YEAR_MS }],
  });
});

test('clocks that differ a little are no trouble, and no age is below zero', async () => {
  expect(await healthAfter(5_000, 3_600_000)).toEqual({
    status: 'ok',
    cluster: { lastSweepSecondsAgo: 0, isLate: false },
    told: [],
  });
});
