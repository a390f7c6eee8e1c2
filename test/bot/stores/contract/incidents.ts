import { describe, expect, test } from 'vitest';
import type { Stores } from '../../../../src/bot/stores/stores.ts';
import type { Incident } from '../../../../src/runbooks/index.ts';
import { incident } from '../../../runbooks/engine/toy.ts';
import { audit, type FreshStores } from './fresh-stores.ts';

/** Promises of the store of incidents, and of the list of those whose message is behind. */
export function incidentsContract(open: () => FreshStores): void {
  const fresh = (): Stores => open().stores;

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

    test('a thread keeps its lines in the order in which they were written', async () => {
      const { incidents } = fresh();
      expect(await incidents.timeline(incident.id)).toEqual([]);
      await incidents.put(incident, 0, audit('opened'), [{ atMs: 1, text: 'one' }]);
      await incidents.note(incident.id, [
        { atMs: 3, text: 'two', broadcast: true },
        { atMs: 2, text: 'three' },
      ]);
      expect(await incidents.timeline(incident.id)).toEqual([
        { atMs: 1, text: 'one' },
        { atMs: 3, text: 'two', broadcast: true },
        { atMs: 2, text: 'three' },
      ]);
    });

    test('a line of the thread is told, also where nothing is recorded with it', async () => {
      const { incidents, pendingUpdates } = fresh();
      await incidents.put(incident, 0, undefined, [{ atMs: 1, text: 'a line' }]);
      expect((await pendingUpdates.list()).map(({ incident: id }) => id)).toEqual([incident.id]);
    });

    test('the open ones of a cluster come oldest first', async () => {
      const { incidents } = fresh();
      for (const [index, openedAtMs] of [30, 10, 20].entries()) {
        await incidents.put({ ...incident, id: `INC-${index}`, key: `k${index}`, openedAtMs }, 0, undefined);
      }
      expect((await incidents.open('house')).map(({ id }) => id)).toEqual(['INC-1', 'INC-2', 'INC-0']);
    });

    test('what is untold waits, the oldest change first, until it is told', async () => {
      const { stores, pass } = open();
      const { incidents, pendingUpdates } = stores;
      await incidents.note('INC-1', [{ atMs: 1, text: 'one' }]);
      await incidents.note('INC-2', [{ atMs: 1, text: 'two' }]);
      await incidents.note('INC-1', [{ atMs: 1, text: 'three' }]);
      expect((await pendingUpdates.list()).map(({ incident: id }) => id)).toEqual(['INC-2', 'INC-1']);
      // It counts from the first time that somebody asks.
      expect(await pendingUpdates.waiting()).toEqual([
        { incident: 'INC-2', waitedMs: 0 },
        { incident: 'INC-1', waitedMs: 0 },
      ]);
      await pass(10);
      const [two, one] = await pendingUpdates.waiting();
      expect(two?.waitedMs).toBeGreaterThanOrEqual(10);
      // Of the first one something could be told, though not the newest change.
      await pendingUpdates.settle('INC-1', 'an older mark');
      expect(await pendingUpdates.waiting()).toMatchObject([{ incident: 'INC-2' }, { waitedMs: 0 }]);
      expect(one?.waitedMs).toBeGreaterThanOrEqual(10);
      await pendingUpdates.settle('INC-2', (await pendingUpdates.markOf('INC-2')) ?? '');
      expect((await pendingUpdates.waiting()).map(({ incident: id }) => id)).toEqual(['INC-1']);
      expect(await pendingUpdates.markOf('INC-2')).toBeUndefined();
    });
  });
}
