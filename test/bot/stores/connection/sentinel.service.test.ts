import { pino } from 'pino';
import { expect, test } from 'vitest';
import { systemClock } from '../../../../src/bot/process/system-clock.ts';
import { connectRedis } from '../../../../src/bot/stores/connection/connect.ts';
import { examineRedis } from '../../../../src/bot/stores/connection/examine.ts';
import { NotReplicated } from '../../../../src/bot/stores/connection/replicas.ts';
import { openStores } from '../../../../src/bot/stores/open.ts';
import { startRun } from '../../../../src/runbooks/index.ts';
import { incident } from '../../../runbooks/engine/toy.ts';
import { ownSentinels } from '../../own-sentinels.ts';

const note = (text: string) => ({ atMs: Date.now(), actor: 'U0ALICE', event: 'run.voted', text });

test('a failover in the middle of voting loses nothing that was acknowledged', async () => {
  await using sentinels = await ownSentinels();
  const redis = connectRedis(sentinels.config, pino({ level: 'silent' }));
  const stores = openStores(redis, 'test', { copies: 1 });
  try {
    await redis.connect();
    expect(await examineRedis(redis, { copies: 1, now: Date.now })).toMatchObject({ troubles: [] });
    const first = startRun({ id: 'RUN-1', incident, requestedBy: 'U0DAVE', nowMs: Date.now() });
    expect(await stores.runs.put(first, 0, note('0'))).toBe('stored');

    const acknowledged = new Set<string>(['0']);
    let isOver = false;
    let refusals = 0;
    const voting = (async () => {
      while (!isOver) {
        try {
          const run = await stores.runs.get('RUN-1');
          if (run === undefined) {
            throw new Error('the run is gone');
          }
          const text = String(run.version);
          if ((await stores.runs.put(run, run.version, note(text))) === 'stored') {
            acknowledged.add(text);
          }
        } catch {
          // Not acknowledged: whoever clicked was told so.
          refusals += 1;
          await systemClock.sleep(20);
        }
      }
    })();
    const before = await sentinels.master();
    const after = await sentinels.failOver();
    expect(after).not.toBe(before);
    const soFar = acknowledged.size;
    while (acknowledged.size <= soFar) {
      await systemClock.sleep(20);
    }
    // The other sentinels tell of the failover later, and close the connection to the new master: whoever reads does not see it.
    while (acknowledged.size < soFar + 50 || !(await sentinels.areAgreed())) {
      await stores.audit.read({ limit: 1 });
      await stores.runs.active();
      await systemClock.sleep(20);
    }
    isOver = true;
    await voting;

    expect(refusals).toBeGreaterThan(0);
    const told = (await stores.audit.read({ limit: 1_000_000 })).map(({ text }) => text);
    expect([...acknowledged].filter((text) => !told.includes(text))).toEqual([]);
    // The chain of versions has no gap either: every stored vote stands on the one before it.
    expect((await stores.runs.get('RUN-1'))?.version).toBe(told.length);
  } finally {
    redis.disconnect();
  }
}, 60_000);

test('what no replica holds is not acknowledged, and is said to be so', async () => {
  await using sentinels = await ownSentinels();
  const redis = connectRedis(sentinels.config, pino({ level: 'silent' }));
  const stores = openStores(redis, 'test', { copies: 1 });
  try {
    await redis.connect();
    await sentinels.killReplicas();
    const run = startRun({ id: 'RUN-1', incident, requestedBy: 'U0DAVE', nowMs: Date.now() });
    await expect(stores.runs.put(run, 0, note('0'))).rejects.toThrow(NotReplicated);
    await expect(stores.halts.halt(undefined, 'U0ALICE')).rejects.toThrow(/Only 0 of 1 Redis replicas have/);
    // A halt that may be lost holds all the same, as long as it is there.
    expect(await stores.halts.isHalted('house')).toBe(true);
    // What a sweep sees is seen again by the next: it goes on.
    const opened = { atMs: 0, actor: 'watership', event: 'incident.opened', text: 'opened' };
    expect(await stores.incidents.put(incident, 0, opened)).toBe('stored');
    // What a person says of it nobody says again.
    const taken = { ...opened, actor: 'U0ALICE', event: 'incident.taken' };
    await expect(stores.incidents.put({ ...incident, owner: 'U0ALICE' }, 1, taken)).rejects.toThrow(
      NotReplicated,
    );
    const { troubles } = await examineRedis(redis, { copies: 1, now: Date.now });
    expect(troubles).toEqual([
      {
        state: 'bad',
        text: '0 of 1 wanted replicas are connected: no vote is accepted and no step is taken until they are',
      },
    ]);
  } finally {
    redis.disconnect();
  }
}, 60_000);
