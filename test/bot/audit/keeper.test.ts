import { pino } from 'pino';
import { expect, test } from 'vitest';
import { keepAudit } from '../../../src/bot/audit/keeper.ts';
import { createWorld } from '../fakes/world.ts';

test('an audit that cannot be looked after is told once, and not with every round', async () => {
  const { context, clock } = createWorld();
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
  let rounds = 0;
  let enough: () => void = () => {};
  const hasTried = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const leases = {
    ...context.stores.leases,
    take: () => {
      rounds += 1;
      if (rounds === 3) {
        enough();
      }
      return Promise.reject(new Error('Redis is away'));
    },
  };
  const config = { audit: { keep: 1_000 } };
  const keeper = keepAudit({ config, clock, log, stores: { ...context.stores, leases } });
  await hasTried;
  await keeper.stop();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('Redis is away');
});
