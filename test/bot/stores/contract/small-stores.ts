import { describe, expect, test } from 'vitest';
import type { Stores } from '../../../../src/bot/stores/stores.ts';
import { emptyHistory } from '../../../../src/runbooks/index.ts';
import { audit, type FreshStores } from './fresh-stores.ts';

/** Promises of the stores that hold one kind of fact each. */
export function smallStoresContract(open: () => FreshStores): void {
  const fresh = (): Stores => open().stores;

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
      const { stores, pass } = open();
      const { once } = stores;
      const answers = await Promise.all(Array.from({ length: 20 }, () => once.first('click', 60_000)));
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await once.has('click')).toBe(true);
      expect(await once.first('another click', 60_000)).toBe(true);
      await once.forget('click');
      expect(await once.has('click')).toBe(false);
      expect(await once.first('click', 60_000), 'what was forgotten may come again').toBe(true);
      await once.first('short', 5);
      await pass(5);
      expect(await once.has('short'), 'its time is over').toBe(false);
      expect(await once.first('short', 60_000)).toBe(true);
    });

    test('a halt of everything holds for each cluster, and resuming everything ends every halt', async () => {
      const { stores, now } = open();
      const { halts } = stores;
      const beganMs = await now();
      expect(await halts.isHalted('house')).toBe(false);
      expect(await halts.find('house')).toBeUndefined();
      await halts.halt(undefined, 'U0ALICE');
      await halts.halt(undefined, 'U0BOB');
      expect(await halts.isHalted('house')).toBe(true);
      const found = await halts.find('house');
      expect(found).toEqual({ by: 'U0ALICE', atMs: found?.atMs, everywhere: true });
      expect(found?.atMs).toBeGreaterThanOrEqual(beganMs);
      expect(found?.atMs).toBeLessThanOrEqual(await now());
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
      const { stores, now } = open();
      const { maintenance } = stores;
      const window = { by: 'U0ALICE', untilMs: (await now()) + 60_000 };
      expect(await maintenance.get('house')).toBeUndefined();
      await maintenance.begin('house', window);
      expect(await maintenance.get('house')).toEqual(window);
      expect(await maintenance.get('barn')).toBeUndefined();
      await maintenance.end('barn');
      expect(await maintenance.get('house')).toEqual(window);
      await maintenance.end('house');
      expect(await maintenance.get('house')).toBeUndefined();
      await maintenance.begin('house', { ...window, untilMs: await now() });
      expect(await maintenance.get('house')).toBeUndefined();
    });

    test('whoever opened the Home tab lately is known, the newest first', async () => {
      const { stores, pass } = open();
      const { homes } = stores;
      await homes.opened('U0ALICE');
      await pass(1);
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

    test('a lease whose time is over may be had by another, and is not renewed', async () => {
      const { stores, pass } = open();
      const { leases } = stores;
      const first = await leases.take('run:1', 'one', 5);
      await pass(5);
      expect(await leases.renew('run:1', 'one', 60_000)).toBe(false);
      const second = await leases.take('run:1', 'other', 60_000);
      expect(second?.token).toBeGreaterThan(first?.token ?? Number.POSITIVE_INFINITY);
      expect(await leases.renew('run:1', 'one', 60_000)).toBe(false);
    });

    test('a memory is not written by whoever was never granted the lease', async () => {
      const { memory: memories } = fresh();
      expect(await memories.put('house', memory(1_000), { lease: 'sweep:house', token: 1 })).toBe('conflict');
      expect(await memories.get('house')).toBeUndefined();
    });

    test('where an incident stands in Slack is kept as it was', async () => {
      const { cards } = fresh();
      expect(await cards.get('INC-1')).toBeUndefined();
      const progress = { run: 'RUN-1', ts: '2.0', shown: 'p' };
      const place = { channel: 'C0ALERTS', ts: '1.0', shown: 'hash', told: 3, progress };
      await cards.put('INC-1', place);
      expect(await cards.get('INC-1')).toEqual(place);
      expect(await cards.get('INC-2')).toBeUndefined();
    });

    test('deletions of a cluster are counted up to a limit, each once, and over it only by force', async () => {
      const { deletions } = fresh();
      const reserve = (cluster: string, member: string, isForced = false) =>
        deletions.reserve(cluster, member, { limit: 2, isForced });
      expect(await reserve('house', 'q1')).toBe('reserved');
      expect(await reserve('house', 'q1'), 'the same deletion').toBe('reserved');
      expect(await reserve('house', 'q2')).toBe('reserved');
      expect(await reserve('house', 'q3')).toBe('over');
      expect(await reserve('house', 'q2'), 'the same deletion at the limit').toBe('reserved');
      expect(await deletions.lastHour('house')).toBe(2);
      expect(await reserve('house', 'q3', true)).toBe('reserved');
      expect(await reserve('barn', 'q4')).toBe('reserved');
      expect([await deletions.lastHour('house'), await deletions.lastHour('barn')]).toEqual([3, 1]);
    });

    test('the chain has a record an entry, and remembers how far it was copied', async () => {
      const { audit: entries, chain } = fresh();
      expect([await chain.given(), await chain.size(), await chain.mirrored()]).toEqual([0, 0, undefined]);
      for (const text of ['one', 'two', 'three']) {
        await entries.append(audit(text));
      }
      const records = await chain.records(2, 1);
      expect(records).toMatchObject([{ sequence: 2, text: expect.stringContaining('two') }]);
      expect((await chain.records(1, 9)).map(({ hash }) => hash)[0]).toBe(records[0]?.before);
      expect([await chain.given(), await chain.size()]).toEqual([3, 3]);
      const place = { sequence: 2, hash: 'h', file: 'host:/audit.jsonl' };
      await chain.setMirrored(place);
      expect(await chain.mirrored()).toEqual(place);
    });
  });
}
