import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { waitFor } from '../../../sandbox/wait.ts';
import type { StoredEntry } from '../../../src/bot/record/entry.ts';
import { keysFor } from '../../../src/bot/stores/keys.ts';
import { openStores } from '../../../src/bot/stores/open.ts';
import type { Stores } from '../../../src/bot/stores/stores.ts';
import { emptyHistory, type Incident, type Run } from '../../../src/runbooks/index.ts';
import { incident, started } from '../../runbooks/engine/toy.ts';

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => {
  redis.disconnect();
});

const audit = (text: string, more: Partial<StoredEntry> = {}): StoredEntry => ({
  atMs: 1_000,
  actor: 'U0ALICE',
  event: 'test',
  text,
  ...more,
});
const fresh = () => openStores(redis, `test-${randomUUID()}`);

describe('incidents', () => {
  test('come back as they went in, with the next version', async () => {
    const stores = fresh();
    const odd: Incident = {
      ...incident,
      facts: { list: [], empty: {}, big: 2 ** 53, name: '<!channel> "é' },
    };
    expect(await stores.incidents.put(odd, 0, audit('opened'))).toBe('stored');
    expect(await stores.incidents.get(odd.id)).toEqual({ ...odd, version: 1 });
  });

  test('of twenty writers with the same version one wins', async () => {
    const stores = fresh();
    await stores.incidents.put(incident, 0, audit('opened'));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        stores.incidents.put({ ...incident, owner: `U${index}` }, 1, audit(`writer ${index}`), [
          { atMs: 1, text: `writer ${index}` },
        ]),
      ),
    );
    const winner = answers.indexOf('stored');
    expect(answers.filter((answer) => answer === 'stored')).toHaveLength(1);
    expect(await stores.incidents.get(incident.id)).toMatchObject({ owner: `U${winner}`, version: 2 });
    expect(await stores.incidents.timeline(incident.id)).toEqual([{ atMs: 1, text: `writer ${winner}` }]);
    expect((await stores.audit.read({ limit: 50 })).map(({ text }) => text)).toEqual([
      'opened',
      `writer ${winner}`,
    ]);
  });

  test('a trouble has one open incident; once it is resolved there may be another', async () => {
    const stores = fresh();
    const second = { ...incident, id: 'INC-0002' };
    await stores.incidents.put(incident, 0, audit('opened'));
    expect(await stores.incidents.put(second, 0, audit('again'))).toBe('conflict');
    await stores.incidents.put({ ...incident, state: 'resolved', resolvedAtMs: 5 }, 1, audit('resolved'));
    expect(await stores.incidents.open('house')).toEqual([]);
    expect(await stores.incidents.put(second, 0, audit('again'))).toBe('stored');
    expect((await stores.incidents.open('house')).map(({ id }) => id)).toEqual(['INC-0002']);
    // What is written to the old one afterwards does not take the new one off the list.
    const late: Incident = { ...incident, state: 'resolved', resolvedAtMs: 5, owner: 'U0ALICE' };
    expect(await stores.incidents.put(late, 2, audit('taken'))).toBe('stored');
    expect((await stores.incidents.open('house')).map(({ id }) => id)).toEqual(['INC-0002']);
  });

  test('numbers are never given twice', async () => {
    const stores = fresh();
    const ids = await Promise.all(Array.from({ length: 20 }, () => stores.incidents.nextId()));
    expect(new Set(ids).size).toBe(20);
    expect(ids.toSorted()[0]).toBe('INC-0001');
  });

  test('the newest event comes first, whether it opened or resolved', async () => {
    const stores = fresh();
    for (const [index, openedAtMs] of [10, 20, 30].entries()) {
      const own = { ...incident, id: `INC-${index}`, key: `k${index}`, openedAtMs };
      await stores.incidents.put(own, 0, audit('opened'));
    }
    const first = { ...incident, id: 'INC-0', key: 'k0', openedAtMs: 10 };
    await stores.incidents.put({ ...first, state: 'resolved', resolvedAtMs: 40 }, 1, audit('resolved'));
    const recent = await stores.incidents.recent({ limit: 2 });
    expect(recent.map(({ id }) => id)).toEqual(['INC-0', 'INC-2']);
    const since = await stores.incidents.recent({ limit: 9, sinceMs: 25 });
    expect(since.map(({ id }) => id)).toEqual(['INC-0', 'INC-2']);
    expect(await stores.incidents.recent({ limit: 9, cluster: 'elsewhere' })).toEqual([]);
  });

  test('a change leaves the incident untold until exactly that change is told', async () => {
    const stores = fresh();
    await stores.incidents.put(incident, 0, audit('opened'));
    const mark = await stores.pendingUpdates.markOf(incident.id);
    await stores.incidents.note(incident.id, [{ atMs: 2, text: 'meanwhile' }]);
    await stores.pendingUpdates.settle(incident.id, mark ?? '');
    const [left] = await stores.pendingUpdates.list();
    expect(left?.incident).toBe(incident.id);
    await stores.pendingUpdates.settle(incident.id, left?.mark ?? '');
    expect(await stores.pendingUpdates.list()).toEqual([]);
  });

  test('a quiet refresh is not told and not recorded', async () => {
    const stores = fresh();
    await stores.incidents.put(incident, 0, undefined);
    expect(await stores.pendingUpdates.list()).toEqual([]);
    expect(await stores.audit.read({ limit: 9 })).toEqual([]);
  });
});

describe('runs', () => {
  const run = started();

  test('of twenty writers with the same version one wins', async () => {
    const stores = fresh();
    await stores.runs.put(run, 0, audit('started'));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        stores.runs.put({ ...run, because: `${index}` }, 1, audit(`${index}`)),
      ),
    );
    expect(answers.filter((answer) => answer === 'stored')).toHaveLength(1);
    expect((await stores.runs.get(run.id))?.because).toBe(String(answers.indexOf('stored')));
  });

  test('an ended run is no longer active, and still there', async () => {
    const stores = fresh();
    await stores.runs.put(run, 0, audit('started'));
    expect((await stores.runs.active('house')).map(({ id }) => id)).toEqual([run.id]);
    expect(await stores.runs.active('elsewhere')).toEqual([]);
    const ended: Run = { ...run, state: 'done', endedAtMs: 9 };
    await stores.runs.put(ended, 1, audit('done'));
    expect(await stores.runs.active()).toEqual([]);
    expect(await stores.runs.get(run.id)).toEqual({ ...ended, version: 2 });
    expect((await stores.runs.recent({ limit: 5, sinceMs: 9 })).map(({ id }) => id)).toEqual([run.id]);
  });

  test('a transition marks the incident untold in the same step', async () => {
    const stores = fresh();
    await stores.runs.put(run, 0, undefined);
    expect((await stores.pendingUpdates.list()).map(({ incident: id }) => id)).toEqual([run.incident]);
  });
});

describe('the small stores', () => {
  const memory = (sweptAtMs: number) => ({ history: emptyHistory, pending: [], sweptAtMs });
  const grant = async (stores: Stores) => {
    const { token = 0 } = (await stores.leases.take('sweep:house', 'the same holder', 60_000)) ?? {};
    return { lease: 'sweep:house', token };
  };

  test('a memory is written by the newest grant alone, whatever the clocks said', async () => {
    const stores = fresh();
    const older = await grant(stores);
    expect(await stores.memory.put('house', memory(2_000), older)).toBe('stored');
    const newer = await grant(stores);
    expect(await stores.memory.put('house', memory(9_000), older)).toBe('conflict');
    expect(await stores.memory.put('house', memory(1_000), newer)).toBe('stored');
    expect(await stores.memory.get('house')).toEqual(memory(1_000));
    expect(await stores.memory.sweptAtMs('house')).toBe(1_000);
    expect(await stores.memory.sweptAtMs('elsewhere')).toBeUndefined();
  });

  test('a memory from the future is forgotten and told, and the next sweep writes over it', async () => {
    const told: unknown[] = [];
    const nowMs = 1_000_000;
    const stores = openStores(redis, `test-${randomUUID()}`, {
      now: () => nowMs,
      ahead: (ahead) => told.push(ahead),
    });
    const year = 31_536_000_000;
    const fence = await grant(stores);
    await stores.memory.put('house', memory(nowMs + year), fence);
    expect(await stores.memory.get('house')).toBeUndefined();
    expect(await stores.memory.sweptAtMs('house')).toBeUndefined();
    expect(told).toEqual([{ cluster: 'house', sweptAtMs: nowMs + year, aheadMs: year }]);
    expect(await stores.memory.put('house', memory(nowMs), fence)).toBe('stored');
    expect(await stores.memory.get('house')).toEqual(memory(nowMs));
  });

  test('what probes found is kept as it was', async () => {
    const { probes } = fresh();
    expect(await probes.get('house')).toBeUndefined();
    const found = { tracks: { k: { vhost: '/', queue: 'compute', samples: [] } }, probedAtMs: 7 };
    await probes.put('house', found);
    expect(await probes.get('house')).toEqual(found);
    expect(await probes.get('elsewhere')).toBeUndefined();
  });

  test('a lease has one holder, its token rises, and it can be handed on', async () => {
    const { leases } = fresh();
    const granted = await Promise.all(
      Array.from({ length: 20 }, (_, index) => leases.take('run:1', `holder ${index}`, 60_000)),
    );
    const holder = `holder ${granted.findIndex((grant) => grant !== undefined)}`;
    expect(granted.filter((grant) => grant !== undefined)).toHaveLength(1);
    expect(await leases.renew('run:1', 'somebody else', 60_000)).toBe(false);
    await leases.release('run:1', 'somebody else');
    expect(await leases.renew('run:1', holder, 60_000)).toBe(true);
    const first = await leases.take('run:1', holder, 60_000);
    await leases.release('run:1', holder);
    const second = await leases.take('run:1', 'next', 60_000);
    expect(second?.token).toBeGreaterThan(first?.token ?? Number.POSITIVE_INFINITY);
  });

  test('once is once', async () => {
    const { once } = fresh();
    const answers = await Promise.all(Array.from({ length: 20 }, () => once.first('click', 60_000)));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(await once.has('click')).toBe(true);
    expect(await once.first('another click', 60_000)).toBe(true);
    await once.forget('click');
    expect(await once.has('click')).toBe(false);
    expect(await once.first('click', 60_000), 'what was forgotten may come again').toBe(true);
    await once.first('short', 1);
    await waitFor('its time to be over', () => once.first('short', 60_000), { withinMs: 5_000 });
  });

  test('a halt of everything holds for each cluster, and resuming everything ends every halt', async () => {
    const { halts } = fresh();
    expect(await halts.isHalted('house')).toBe(false);
    expect(await halts.find('house')).toBeUndefined();
    await halts.halt(undefined, 'U0ALICE');
    await halts.halt(undefined, 'U0BOB');
    expect(await halts.isHalted('house')).toBe(true);
    const found = await halts.find('house');
    expect(found).toEqual({ by: 'U0ALICE', atMs: found?.atMs, everywhere: true });
    expect(Math.abs(Date.now() - (found?.atMs ?? 0))).toBeLessThan(60_000);
    await halts.resume('house', 'U0ALICE');
    expect(await halts.isHalted('house')).toBe(true);
    await halts.halt('house', 'U0ALICE');
    await halts.resume('barn', 'U0ALICE');
    await halts.resume(undefined, 'U0ALICE');
    expect(await halts.isHalted('house')).toBe(false);
    await halts.halt('house', 'U0ALICE');
    expect(await halts.find('house')).toMatchObject({ by: 'U0ALICE', everywhere: false });
    expect([await halts.isHalted('house'), await halts.isHalted('barn')]).toEqual([true, false]);
    expect([await halts.find('barn'), await halts.find()]).toEqual([undefined, undefined]);
  });

  test('maintenance lasts until it is over or is ended, and for its cluster alone', async () => {
    const { maintenance } = fresh();
    const window = { by: 'U0ALICE', untilMs: Date.now() + 60_000 };
    expect(await maintenance.get('house')).toBeUndefined();
    await maintenance.begin('house', window);
    expect(await maintenance.get('house')).toEqual(window);
    expect(await maintenance.get('barn')).toBeUndefined();
    await maintenance.end('barn');
    expect(await maintenance.get('house')).toEqual(window);
    await maintenance.end('house');
    expect(await maintenance.get('house')).toBeUndefined();
    await maintenance.begin('house', { ...window, untilMs: Date.now() - 1 });
    expect(await maintenance.get('house')).toBeUndefined();
  });

  test('who opened the Home tab lately is known, the newest first', async () => {
    const { homes } = fresh();
    await homes.opened('U0ALICE');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await homes.opened('U0BOB');
    expect(await homes.recent({ withinMs: 60_000, limit: 5 })).toEqual(['U0BOB', 'U0ALICE']);
    expect(await homes.recent({ withinMs: 60_000, limit: 1 })).toEqual(['U0BOB']);
    expect(await homes.recent({ withinMs: -60_000, limit: 5 })).toEqual([]);
  });

  test('the audit is read newest entries first chosen, oldest first shown, by run and by incident', async () => {
    const stores = fresh();
    for (let index = 0; index < 1_200; index += 1) {
      await stores.audit.append(
        audit(`${index}`, { atMs: index, ...(index % 400 === 0 ? { run: 'RUN-1' } : {}) }),
      );
    }
    const texts = async (options: Parameters<typeof stores.audit.read>[0]) =>
      (await stores.audit.read(options)).map(({ text }) => text);
    expect(await texts({ limit: 2 })).toEqual(['1198', '1199']);
    expect(await texts({ limit: 9, run: 'RUN-1' })).toEqual(['0', '400', '800']);
    expect(await texts({ limit: 9, incident: 'INC-1' })).toEqual([]);
    expect(await texts({ limit: 9, sinceMs: 1_197 })).toEqual(['1197', '1198', '1199']);
  });
});

test('every key of an installation carries one hash tag', () => {
  const keys = keysFor('watership');
  const all = Object.values(keys).map((key) => (typeof key === 'string' ? key : key('incident', 'x')));
  expect(all.filter((key) => !key.startsWith('{watership}:'))).toEqual([]);
});
