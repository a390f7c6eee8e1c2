import { describe, expect, test } from 'vitest';
import type { FailureWindow, Stores } from '../../../../src/bot/stores/stores.ts';
import type { Run } from '../../../../src/runbooks/index.ts';
import { started } from '../../../runbooks/engine/toy.ts';
import { audit, type FreshStores } from './fresh-stores.ts';

/** Promises of the store of runs, with the guard under which a run is written. */
export function runsContract(open: () => FreshStores): void {
  const fresh = (): Stores => open().stores;

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

    test('the newest event comes first, whether it started or ended', async () => {
      const { runs } = fresh();
      for (const [index, startedAtMs] of [10, 20, 30].entries()) {
        await runs.put({ ...run, id: `RUN-${index}`, startedAtMs }, 0, undefined);
      }
      await runs.put({ ...run, id: 'RUN-0', startedAtMs: 10, state: 'done', endedAtMs: 40 }, 1, undefined);
      const ids = async (options: Parameters<typeof runs.recent>[0]) =>
        (await runs.recent(options)).map(({ id }) => id);
      expect(await ids({ limit: 2 })).toEqual(['RUN-0', 'RUN-2']);
      expect(await ids({ limit: 9, sinceMs: 25 })).toEqual(['RUN-0', 'RUN-2']);
      expect((await runs.active()).map(({ id }) => id)).toEqual(['RUN-1', 'RUN-2']);
    });

    test('are not written by whoever holds a grant that is not the newest', async () => {
      const { runs, leases, audit: entries } = fresh();
      const older = { lease: 'run:1', token: (await leases.take('run:1', 'one', 60_000))?.token ?? 0 };
      expect(await runs.put(run, 0, audit('by the first'), [], { fences: [older] })).toBe('stored');
      await leases.release('run:1', 'one');
      const newer = { lease: 'run:1', token: (await leases.take('run:1', 'other', 60_000))?.token ?? 0 };
      expect(await runs.put(run, 1, audit('too late'), [], { fences: [older] })).toBe('fenced');
      const never = { lease: 'run:2', token: 1 };
      expect(await runs.put(run, 1, audit('never granted'), [], { fences: [newer, never] })).toBe('fenced');
      expect(await runs.put(run, 1, audit('by the second'), [], { fences: [newer] })).toBe('stored');
      expect((await entries.read({ limit: 9 })).map(({ text }) => text)).toEqual([
        'by the first',
        'by the second',
      ]);
    });

    test('are not written against a halt of their cluster, or of every one', async () => {
      const { runs, halts } = fresh();
      const guard = { fences: [], unlessHalted: 'house' };
      await halts.halt('barn', 'U0ALICE');
      expect(await runs.put(run, 0, audit('one'), [], guard)).toBe('stored');
      await halts.halt('house', 'U0ALICE');
      expect(await runs.put(run, 1, audit('two'), [], guard)).toBe('halted');
      expect(await runs.put(run, 1, audit('what begins nothing'))).toBe('stored');
      await halts.resume('house', 'U0ALICE');
      await halts.halt(undefined, 'U0ALICE');
      expect(await runs.put(run, 2, audit('three'), [], guard)).toBe('halted');
      expect(await runs.get(run.id)).toMatchObject({ version: 2 });
    });

    describe('that fail', () => {
      const line = { atMs: 5, text: 'The cluster is halted.' };
      const failing = (atMs: number): FailureWindow => ({
        ...{ cluster: 'house', atMs, withinMs: 1_000, limit: 2, because: 'two runs failed', line },
      });
      const fail = ({ runs }: Stores, id: string, atMs: number) =>
        runs.put({ ...run, id }, 0, audit(id), [{ atMs, text: id }], {
          fences: [],
          failureWindow: failing(atMs),
        });

      test('halt their cluster once there are too many within the time, and say so', async () => {
        const stores = fresh();
        expect(await fail(stores, 'RUN-1', 10_000)).toBe('stored');
        expect(await fail(stores, 'RUN-2', 11_000), 'the first is too long ago').toBe('stored');
        expect(await stores.halts.isHalted('house')).toBe(false);
        expect(await fail(stores, 'RUN-3', 11_001)).toBe('tripped');
        expect(await stores.halts.find('house')).toEqual({
          ...{ by: 'watership', atMs: 11_001, everywhere: false, because: 'two runs failed' },
        });
        expect(await stores.halts.isHalted('barn')).toBe(false);
        expect(await fail(stores, 'RUN-4', 11_002), 'it is halted already').toBe('stored');
        const told = await stores.incidents.timeline(run.incident);
        expect(told.map(({ text }) => text)).toEqual(['RUN-1', 'RUN-2', 'RUN-3', line.text, 'RUN-4']);
      });

      test('count once each, and not any more once somebody has resumed', async () => {
        const stores = fresh();
        await fail(stores, 'RUN-1', 10_000);
        const again = { fences: [], failureWindow: failing(10_001) };
        expect(await stores.runs.put({ ...run, id: 'RUN-1' }, 1, audit('again'), [], again)).toBe('stored');
        await stores.halts.resume('house', 'U0ALICE');
        expect(await fail(stores, 'RUN-2', 10_002)).toBe('stored');
        expect(await fail(stores, 'RUN-3', 10_003)).toBe('tripped');
        await stores.halts.resume(undefined, 'U0ALICE');
        expect(await fail(stores, 'RUN-4', 10_004)).toBe('stored');
        expect(await fail(stores, 'RUN-5', 10_005)).toBe('tripped');
      });
    });
  });
}
