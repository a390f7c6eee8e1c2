import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  emptyHistory,
  type History,
  queueKey,
  SAMPLES_KEPT,
} from '../../../src/runbooks/snapshot/history.ts';
import { remember } from '../../../src/runbooks/snapshot/remember.ts';
import type { Snapshot } from '../../../src/runbooks/snapshot/snapshot.ts';
import {
  A,
  answering,
  B,
  C,
  type Change,
  connection,
  hex,
  linkDownViews,
  NOW,
  queue,
  row,
  seen,
  silent,
  splitViews,
  withoutC,
} from '../observation.ts';

const EVERY_MS = 15_000;
const snapshotOf = (change: Change = {}, sweep = 0): Snapshot =>
  seen({ ...change, takenAtMs: NOW + sweep * EVERY_MS }).snapshot;

/** Folds one sweep after the other. */
const folded = (...sweeps: readonly Change[]): History =>
  sweeps.reduce<History>(
    (history, change, sweep) => remember(history, snapshotOf(change, sweep)),
    emptyHistory,
  );

const missing = [{ node: B, why: 'no answer' }];
const key = (name: string): string => queueKey('/', name);
const zombie = `scheduler_fanout_${hex('a')}`;

describe('the history of queues', () => {
  test('that are quiet leave no track', () => {
    const history = folded({ queues: [queue('compute'), queue('nobody-reads', { consumers: 0 })] });
    expect(history.queues).toEqual({});
    expect(history.sweeps).toBe(1);
  });

  test('with ready messages are followed, oldest sample first', () => {
    const history = folded(
      { queues: [queue('compute', { ready: 3 })] },
      { queues: [queue('compute', { ready: 7 })] },
    );
    expect(history.queues[key('compute')]).toEqual({
      ready: [
        [NOW, 3],
        [NOW + EVERY_MS, 7],
      ],
      lastConsumerAtMs: NOW + EVERY_MS,
    });
  });

  test('keep no more samples than agreed, and those are the newest', () => {
    const sweeps = Array.from({ length: SAMPLES_KEPT + 5 }, (_, sweep) => ({
      queues: [queue('compute', { ready: sweep + 1 })],
    }));
    const ready = folded(...sweeps).queues[key('compute')]?.ready ?? [];
    expect(ready).toHaveLength(SAMPLES_KEPT);
    expect(ready.at(-1)?.[1]).toBe(SAMPLES_KEPT + 5);
  });

  test.each([zombie, `reply_${hex('b')}`])(
    '%s without a consumer is followed even while it is empty',
    (name) => {
      const alone = queue(name, { consumers: 0 });
      const history = folded({ queues: [alone] }, { queues: [alone] });
      expect(history.queues[key(name)]?.consumerlessSinceMs).toBe(NOW);
    },
  );

  test('that get a consumer back start anew when it goes again', () => {
    const at = (consumers: number) => ({ queues: [queue(zombie, { ready: 4, consumers })] });
    const back = folded(at(0), at(1));
    expect(back.queues[key(zombie)]).not.toHaveProperty('consumerlessSinceMs');
    expect(folded(at(0), at(1), at(0)).queues[key(zombie)]).toMatchObject({
      consumerlessSinceMs: NOW + 2 * EVERY_MS,
      lastConsumerAtMs: NOW + EVERY_MS,
    });
  });

  test('whose row has no numbers keep what was known', () => {
    const before = folded({ queues: [queue(zombie, { ready: 4, consumers: 0 })] });
    const unread = { vhost: '/', name: zombie, seenBy: A };
    const now = remember(before, snapshotOf({ queues: [unread] }, 1));
    expect(now.queues).toEqual(before.queues);
    expect(folded({ queues: [unread] }).queues).toEqual({});
  });

  test('whose consumers could not be counted are neither with nor without', () => {
    const { consumers: _, ...uncounted } = queue(zombie, { ready: 4 });
    const history = folded({ queues: [queue(zombie, { ready: 4, consumers: 0 })] }, { queues: [uncounted] });
    expect(history.queues[key(zombie)]?.consumerlessSinceMs).toBe(NOW);
    expect(folded({ queues: [uncounted] }).queues[key(zombie)]).toEqual({ ready: [[NOW, 4]] });
  });

  test('that vanish are forgotten by a whole listing, and kept by one with a gap', () => {
    const before = folded({ queues: [queue('compute', { ready: 3 })] });
    expect(remember(before, snapshotOf()).queues).toEqual({});
    expect(remember(before, snapshotOf({ queues: { rows: [], missing } })).queues).toEqual(before.queues);
  });

  test('that are seen to be quiet are forgotten whatever else is missing', () => {
    const before = folded({ queues: [queue('compute', { ready: 3 })] });
    const quiet = { rows: [queue('compute')], missing };
    expect(remember(before, snapshotOf({ queues: quiet })).queues).toEqual({});
  });

  test('of the same name in two vhosts are two', () => {
    const history = folded({
      queues: [queue('compute', { ready: 1 }), queue('compute', { vhost: 'tenant', ready: 2 })],
    });
    expect(Object.keys(history.queues)).toHaveLength(2);
  });
});

describe('the history of connections', () => {
  test('with few channels leave no track', () => {
    const history = folded({
      connections: [connection('one', { channels: 4 }), connection('many', { channels: 5 })],
    });
    expect(history.connections).toEqual({ many: { channels: [[NOW, 5]] } });
  });

  test('are forgotten when they are gone or have closed their channels', () => {
    const before = folded({ connections: [connection('leak', { channels: 50 })] });
    expect(remember(before, snapshotOf()).connections).toEqual({});
    const closed = snapshotOf({ connections: [connection('leak', { channels: 1 })] });
    expect(remember(before, closed).connections).toEqual({});
    const gap = snapshotOf({ connections: { rows: [], missing } });
    expect(remember(before, gap).connections).toEqual(before.connections);
  });

  test('whose count is absent keep what was known', () => {
    const before = folded({ connections: [connection('leak', { channels: 50 })] });
    const unread = snapshotOf({ connections: [{ name: 'leak', node: A }] });
    expect(remember(before, unread).connections).toEqual(before.connections);
  });
});

describe('the history of nodes', () => {
  test('a fall of the uptime is a restart, and stays known', () => {
    const at = (uptimeMs: number): Change => ({
      nodes: [answering(A, [row(A, { uptimeMs }), row(B), row(C)]), answering(B), answering(C)],
    });
    const history = folded(at(500_000), at(2_000), at(17_000));
    expect(history.nodes[A]).toEqual({
      uptimeMs: 17_000,
      lastAnswerAtMs: NOW + 2 * EVERY_MS,
      restartedAtMs: NOW + EVERY_MS,
    });
    expect(history.nodes[B]).not.toHaveProperty('restartedAtMs');
  });

  test('a silent node keeps when it last answered', () => {
    const history = folded({}, { nodes: withoutC(silent(C)) });
    expect(history.nodes[C]?.lastAnswerAtMs).toBe(NOW);
    expect(history.nodes[A]?.lastAnswerAtMs).toBe(NOW + EVERY_MS);
    expect(history.nodes[C]).not.toHaveProperty('apartAtMs');
  });

  test.each([
    ['views disagree', linkDownViews],
    ['a partition is listed', splitViews],
  ])('all are apart when %s', (_, views) => {
    const history = folded({ nodes: views }, {});
    for (const name of [A, B, C]) {
      expect(history.nodes[name]?.apartAtMs).toBe(NOW);
    }
  });

  test('a silent node that one sees running and another does not is apart', () => {
    const views = [answering(A), answering(B, [row(A), row(B), { name: C, isRunning: false }]), silent(C)];
    const history = folded({ nodes: views });
    expect(history.nodes[C]?.apartAtMs).toBe(NOW);
    expect(history.nodes[A]).not.toHaveProperty('apartAtMs');
  });
});

test('whatever is seen, the memory holds only what was notable, and no more than it was shown', () => {
  const queues = fc.array(
    fc.record({
      vhost: fc.constantFrom('/', 'tenant'),
      name: fc.constantFrom('compute', zombie, `reply_${hex('b')}`),
      seenBy: fc.constant(A),
      ready: fc.nat({ max: 3 }),
      consumers: fc.nat({ max: 1 }),
    }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(fc.array(queues, { maxLength: 30 }), (sweeps) => {
      const history = folded(...sweeps.map((each) => ({ queues: each })));
      const last = new Set((sweeps.at(-1) ?? []).map(({ vhost, name }) => queueKey(vhost, name)));
      expect(history.sweeps).toBe(sweeps.length);
      for (const [name, track] of Object.entries(history.queues)) {
        expect(last.has(name)).toBe(true);
        expect(track.ready.length).toBeLessThanOrEqual(SAMPLES_KEPT);
      }
    }),
  );
});

test('of ten thousand queues only those that may become a trouble are remembered', () => {
  const queues = Array.from({ length: 10_000 }, (_, index) =>
    queue(`reply_${index}`, { consumers: index % 50 === 0 ? 0 : 1, ready: index % 100 === 0 ? 9 : 0 }),
  );
  const snapshot = snapshotOf({ queues });
  const history = remember(remember(emptyHistory, snapshot), snapshot);
  expect(Object.keys(history.queues)).toHaveLength(200);
});
