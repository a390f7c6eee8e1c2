import { expect, test } from 'vitest';
import { queueKey, summaryOf } from '../../src/runbooks/index.ts';
import { quiet } from '../bot/fakes/world.ts';

test('a summary of a cluster names the fullest and the growing queues', () => {
  const track = (from: number, to: number) => ({
    ready: [
      [0, from],
      [60_000, to],
    ] as const,
  });
  const glance = summaryOf({
    ...quiet,
    history: {
      ...quiet.history,
      queues: {
        [queueKey('/', 'up')]: track(5, 50),
        [queueKey('v', 'more')]: track(0, 90),
        [queueKey('/', 'down')]: track(9, 1),
      },
    },
  });
  expect(glance.fullest.map(({ name, ready }) => [name, ready])).toEqual([
    ['scheduler_fanout_4f', 36_496],
    ['conductor', 3],
  ]);
  expect(glance.growing).toEqual([
    { vhost: 'v', name: 'more', ready: 90, gained: 90, overMs: 60_000 },
    { vhost: '/', name: 'up', ready: 50, gained: 45, overMs: 60_000 },
  ]);
  expect(glance.totals).toEqual({ queues: 2, ready: 36_499, connections: 0 });
  expect(glance.blind).toEqual([]);
});

test('a summary of a cluster says what is missing, and does not count it as nothing', () => {
  const missing = [{ node: 'rabbit@ctl2', why: 'timeout' }];
  const { snapshot } = quiet;
  const glance = summaryOf({ ...quiet, snapshot: { ...snapshot, queues: { ...snapshot.queues, missing } } });
  expect(glance.totals).toEqual({ connections: 0 });
  expect(glance.blind).toEqual(['queues of rabbit@ctl2: timeout']);
});
