import { expect, test } from 'vitest';
import { book, runbookOf } from '../../src/runbooks/book/index.ts';
import { detect } from '../../src/runbooks/detect.ts';
import type { Runbook } from '../../src/runbooks/runbook.ts';
import { queueKey } from '../../src/runbooks/snapshot/history.ts';
import type { Observation } from '../../src/runbooks/snapshot/observation.ts';
import {
  A,
  answering,
  B,
  C,
  connection,
  consumer,
  downRow,
  HOUR,
  hex,
  linkDownViews,
  NOW,
  queue,
  quiet,
  row,
  seen,
  silent,
  splitViews,
  track,
  withoutC,
} from './observation.ts';

const found = (now: Observation): string[] =>
  detect(book, now).findings.map(({ runbook, severity }) => `${runbook} ${severity}`);

const hanging = { vm: 'registered', portOpen: true } as const;
const zombie = `a_fanout_${hex('1')}`;

test.each<[string, Observation, readonly string[]]>([
  ['a quiet cluster', quiet, []],
  ['a split', seen({ nodes: splitViews }), ['partition critical']],
  ['a link that is down', seen({ nodes: linkDownViews }), ['link-down critical']],
  ['a node that is down', seen({ nodes: withoutC(silent(C)) }), ['node-down critical']],
  [
    'a paused minority',
    seen({
      nodes: withoutC(silent(C, 'refused', { vm: 'registered' })),
      settings: { partitionHandling: 'pause_minority' },
    }),
    ['paused-minority critical'],
  ],
  [
    'an API that hangs on two nodes',
    seen({ nodes: [silent(A, 'timeout', hanging), silent(B, 'timeout', hanging), answering(C)] }),
    ['silent-drop critical', 'cannot-see warning', 'cannot-see warning'],
  ],
  [
    'a wrong password',
    seen({ nodes: [answering(A), answering(B), silent(C, 'unauthorized')] }),
    ['cannot-see warning'],
  ],
  ['nobody at all', seen({ nodes: [silent(A), silent(B), silent(C)] }), ['cannot-see critical']],
  [
    // Under Khepri, and since 4.3 always, `partitions` stays empty: the views alone tell.
    'a split of a cluster with Khepri',
    seen({
      nodes: [
        answering(A, [row(A), row(B), { ...downRow(C), partitions: [] }]),
        answering(B, [row(A), row(B), { ...downRow(C), partitions: [] }]),
        answering(C, [{ ...downRow(A), partitions: [] }, { ...downRow(B), partitions: [] }, row(C)]),
      ],
    }),
    ['link-down critical'],
  ],
  [
    'rows as `disable_stats` leaves them: no consumers, no numbers',
    seen({
      queues: [
        { vhost: '/', name: zombie, seenBy: A, state: 'live' },
        { vhost: '/', name: 'conductor', seenBy: A, state: 'live' },
      ],
      connections: [{ name: 'young', node: A }],
      history: { queues: { [queueKey('/', zombie)]: { ready: [], consumerlessSinceMs: NOW - HOUR } } },
    }),
    [],
  ],
  [
    'a cluster that has just started: young rows',
    seen({
      nodes: [A, B, C].map((name) =>
        answering(
          name,
          [A, B, C].map((peer) => ({ name: peer, isRunning: true })),
        ),
      ),
    }),
    [],
  ],
])('%s is found as what it is, and as nothing else', (_, now, findings) => {
  expect(found(now)).toEqual(findings);
});

test('a detector that fails does not blind the others, and is reported', () => {
  const broken: Runbook = {
    ...(runbookOf('partition') as Runbook),
    id: 'broken',
    detect: () => {
      throw new Error('no such key');
    },
  };
  const { findings, failures } = detect([broken, ...book], seen({ nodes: splitViews }));
  expect(findings.map(({ runbook }) => runbook)).toEqual(['partition']);
  expect(failures).toEqual([{ runbook: 'broken', error: new Error('no such key') }]);
});

test('of ten thousand queues those without readers are found, a card a family, and nothing else', () => {
  const names = Array.from({ length: 10_000 }, (_, index) =>
    index % 3 === 0
      ? `topic${index % 40}_fanout_${index.toString(16).padStart(32, '0')}`
      : `topic.host-${index}`,
  );
  const now = seen({
    queues: names.map((name, index) =>
      queue(name, { ready: index % 7, consumers: index % 50 === 0 ? 0 : 1 }),
    ),
    connections: Array.from({ length: 200 }, (_, index) => connection(`c${index}`, { channels: 20 })),
    consumers: names.slice(0, 5_000).map((name, index) => consumer(name, `c${index % 200}`)),
    history: {
      queues: Object.fromEntries(
        names
          .slice(0, 1_000)
          .map((name) => [queueKey('/', name), { ready: track([1, 2, 3]), consumerlessSinceMs: NOW - HOUR }]),
      ),
      connections: Object.fromEntries(
        Array.from({ length: 200 }, (_, index) => [
          `c${index}`,
          { channels: track(Array<number>(20).fill(20)) },
        ]),
      ),
    },
  });
  const { findings, failures } = detect(book, now);
  expect(failures).toEqual([]);
  expect(new Set(findings.map(({ runbook }) => runbook))).toEqual(new Set(['zombie-queue']));
});
