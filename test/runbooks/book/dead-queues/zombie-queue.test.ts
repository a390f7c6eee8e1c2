import { describe, expect, test } from 'vitest';
import { zombieQueue } from '../../../../src/runbooks/book/dead-queues/zombie-queue.ts';
import type { Answer, Look, QueueDetail } from '../../../../src/runbooks/look.ts';
import type { Observation } from '../../../../src/runbooks/snapshot/observation.ts';
import {
  A,
  answering,
  answers,
  B,
  C,
  type Change,
  cardText,
  contextOf,
  decided,
  HOUR,
  hex,
  NOW,
  queue,
  queueHistory,
  row,
  seen,
  settings,
  stepOf,
} from '../../observation.ts';

const zombie = `cinder-scheduler_fanout_${hex('4')}`;
const siblings = ['1', '2'].map((digit) => queue(`cinder-scheduler_fanout_${hex(digit)}`));
const dead = queue(zombie, { ready: 36_496, consumers: 0 });
const unreadSince = queueHistory(zombie, {
  ready: [36_460, 36_484, 36_496],
  consumerlessSinceMs: NOW - 26 * HOUR,
});
const found = (change: Change = {}): Observation =>
  seen({ queues: [dead, ...siblings], history: { queues: unreadSince }, ...change });

const idle = { isExclusive: false, unacknowledged: 0 };

/** The fresh row of a queue, on each node that answers. */
const fresh = (
  name: string,
  change: Partial<QueueDetail> | undefined,
  nodes: readonly string[] = [A, B, C],
) =>
  [
    { look: 'queue', vhost: '/', name },
    {
      kind: 'queue',
      byNode: nodes.map((node) =>
        change === undefined ? { node } : { node, row: { ...dead, ...idle, name, ...change } },
      ),
    },
  ] satisfies readonly [Look, Answer];

test('the card says how many messages wait, for how long, and that its siblings are read', () => {
  expect(cardText(zombieQueue, found())).toBe(
    [
      'critical: queue cinder-scheduler_fanout_4444.. holds 36,496 ready messages, no consumer for 26 h',
      `Queue: ${zombie}`,
      'Ready messages: 36,496, growing 72/min',
      'No consumer for: 26 h',
      'Siblings with a consumer: 2 of 3 in cinder-scheduler_fanout',
    ].join('\n'),
  );
});

test('zombies of one family are one card, and the fullest comes first', () => {
  const other = `cinder-scheduler_fanout_${hex('5')}`;
  const now = found({
    queues: [queue(other, { ready: 40, consumers: 0 }), dead, ...siblings],
    history: { queues: { ...unreadSince, ...queueHistory(other, { consumerlessSinceMs: NOW - HOUR }) } },
  });
  expect(zombieQueue.detect(now)).toMatchObject([
    {
      key: 'zombie:/:cinder-scheduler_fanout',
      subject: '2 queues of cinder-scheduler_fanout',
      facts: { total: 2, ready: 36_536, queues: [{ name: zombie }, { name: other }] },
    },
  ]);
  expect(cardText(zombieQueue, now)).toContain(
    '2 queues of cinder-scheduler_fanout hold 36,536 ready messages, no consumer for 26 h',
  );
});

test('the card of a zombie with one message says one, and not many', () => {
  expect(cardText(zombieQueue, found({ queues: [{ ...dead, ready: 1 }, ...siblings] }))).toContain(
    'holds 1 ready message, no consumer',
  );
});

test('one plan deletes no more than people can read', () => {
  const names = Array.from({ length: 40 }, (_, index) => `a_fanout_${index.toString(16).padStart(32, '0')}`);
  const now = seen({
    queues: names.map((name) => queue(name, { ready: 1, consumers: 0 })),
    history: {
      queues: Object.assign(
        {},
        ...names.map((name) => queueHistory(name, { consumerlessSinceMs: NOW - HOUR })),
      ),
    },
  });
  const facts = zombieQueue.facts.parse(zombieQueue.detect(now)[0]?.facts);
  expect(facts).toMatchObject({ total: 40, ready: 40 });
  expect(stepOf(zombieQueue, 'inspect', 'proof').show(contextOf(zombieQueue, now)).lines).toContain(
    '15 more queues wait for the next plan',
  );
  expect(zombieQueue.lost(contextOf(zombieQueue, now))).toEqual([
    'At most 2,525 ready messages in 25 queues of a_fanout, including what arrives before the deletion',
  ]);
});

describe('a queue is no zombie', () => {
  const only = (change: Parameters<typeof queue>[1], rest: Change = {}) =>
    found({ queues: [queue(zombie, { ready: 9, consumers: 0, ...change }), ...siblings], ...rest });
  const { consumers: _, ready: __, ...ragged } = dead;
  test.each<[string, Observation]>([
    ['while somebody reads it', only({ consumers: 1 })],
    ['when its consumers were not counted', found({ queues: [{ ...ragged, ready: 9 }] })],
    ['when its messages were not counted', found({ queues: [{ ...ragged, consumers: 0 }] })],
    ['when it is empty', only({ ready: 0 })],
    ['when it is a stream', only({ type: 'stream' })],
    [
      'before the time is over',
      only({}, { settings: { detection: { ...settings.detection, zombieAfterMs: 27 * HOUR } } }),
    ],
    ['when no sweep has seen it without a reader before', only({}, { history: {} })],
    [
      'when the operator expects it',
      only(
        {},
        { settings: { detection: { ...settings.detection, ignoreQueues: ['^cinder-scheduler_fanout_4'] } } },
      ),
    ],
    [
      'when it is the shared stream of a fanout',
      found({ queues: [queue('cinder-scheduler_fanout', { ready: 9, consumers: 0 })] }),
    ],
    [
      'when its name is no copy of a fanout',
      found({ queues: [queue('aliveness-test', { ready: 9, consumers: 0 })] }),
    ],
  ])('%s', (_, now) => {
    expect(zombieQueue.detect(now)).toEqual([]);
  });
});

test('a zombie with few messages is a warning', () => {
  const now = found({ queues: [{ ...dead, ready: 999 }, ...siblings] });
  expect(zombieQueue.detect(now)).toMatchObject([{ severity: 'warning' }]);
});

describe('the proof that a queue is a zombie', () => {
  const at = (answer: readonly [Look, Answer]) =>
    decided(zombieQueue, 'proved', contextOf(zombieQueue, found(), { answered: answers(answer) }));

  test.each<[string, string, readonly [Look, Answer]]>([
    ['holds with two views', 'go: ', fresh(zombie, {}, [A, B])],
    [
      'wants two views',
      'stop: Only 1 node answered about cinder-scheduler_fanout_4444..; I need answers from 2.',
      fresh(zombie, {}, [A]),
    ],
    [
      'fails with a consumer',
      'stop: cinder-scheduler_fanout_4444..: it has a consumer again, so it is healthy.',
      fresh(zombie, { consumers: 1 }),
    ],
    [
      'fails for a stream',
      'stop: cinder-scheduler_fanout_4444..: it is a stream',
      fresh(zombie, { type: 'stream' }),
    ],
    ['holds for a quorum queue, which wants another action', 'go: ', fresh(zombie, { type: 'quorum' })],
    [
      'fails while a live connection owns it',
      'stop: cinder-scheduler_fanout_4444..: a live connection may own it',
      fresh(zombie, { isExclusive: true }),
    ],
    [
      'fails while something is unacknowledged',
      'stop: cinder-scheduler_fanout_4444..: a client still holds some of its messages',
      fresh(zombie, { unacknowledged: 1 }),
    ],
    [
      'fails while messages are handed out',
      'stop: cinder-scheduler_fanout_4444..: a client consumes it right now',
      fresh(zombie, { deliverRate: 0.4 }),
    ],
    [
      'fails for a type that is not known',
      'stop: cinder-scheduler_fanout_4444..: its type is not known',
      fresh(zombie, { type: 'unknown' }),
    ],
    ['ends when it is gone', 'stop: The queues are gone already', fresh(zombie, undefined)],
    [
      'fails blind',
      'stop: I could not query cinder-scheduler_fanout_4444..: timeout',
      [
        { look: 'queue', vhost: '/', name: zombie },
        { kind: 'unseen', because: 'timeout' },
      ],
    ],
  ])('%s', (_, text, answer) => {
    expect(at(answer).slice(0, text.length)).toBe(text);
  });

  test.each<[string, Parameters<typeof row>[1], string]>([
    ['lists a partition', { partitions: [B] }, `stop: ${A} lists a partition`],
    ['has a memory alarm', { hasMemoryAlarm: true }, `stop: ${A} has a memory alarm`],
    ['has a disk alarm', { hasDiskAlarm: true }, `stop: ${A} has a disk alarm`],
  ])('fails while a node %s', (_, change, text) => {
    const now = found({
      nodes: [answering(A, [row(A, change), row(B), row(C)]), answering(B), answering(C)],
    });
    const answered = answers(fresh(zombie, {}));
    expect(decided(zombieQueue, 'proved', contextOf(zombieQueue, now, { answered }))).toContain(text);
  });

  test('is shown with what feeds the queue', () => {
    const bindings: readonly [Look, Answer] = [
      { look: 'bindings', vhost: '/', queue: zombie },
      { kind: 'bindings', bindings: [{ exchange: 'cinder-scheduler_fanout', routingKey: '' }] },
    ];
    const context = contextOf(zombieQueue, found(), { answered: answers(fresh(zombie, {}), bindings) });
    expect(stepOf(zombieQueue, 'inspect', 'proof').show(context).lines).toEqual([
      `${zombie}: classic, 0 consumers on 3 nodes, 36,496 ready, growing 72/min, no x-expires, bound to cinder-scheduler_fanout, no consumer for 26 h`,
      '2 siblings of cinder-scheduler_fanout have a consumer',
    ]);
    expect(zombieQueue.lost(context)).toEqual([
      `At most 38,321 ready messages in ${zombie}, including what arrives before the deletion`,
    ]);
  });
});

test('messages that were not counted are not called none', () => {
  const { ready: _, ...uncounted } = { ...dead, ...idle };
  const answered = answers([
    { look: 'queue', vhost: '/', name: zombie },
    { kind: 'queue', byNode: [{ node: A, row: uncounted }] },
  ]);
  const { lines } = stepOf(zombieQueue, 'inspect', 'proof').show(
    contextOf(zombieQueue, found(), { answered }),
  );
  expect(lines[0]).toContain(
    'cinder-scheduler_fanout_44444444444444444444444444444444: classic, 0 consumers on 1 node, message count not known, growing 72/min, no x-expires, bindings not known, no consumer for 26 h',
  );
});

describe('just before a zombie is deleted', () => {
  const when = (answer: readonly [Look, Answer]) =>
    stepOf(zombieQueue, 'act', 'delete').when?.(
      contextOf(zombieQueue, found(), {
        answered: answers(answer),
        before: answers(fresh(zombie, {})),
        target: zombie,
      }),
    );

  test('the call carries the approved number and a little more', () => {
    const context = contextOf(zombieQueue, found(), { answered: answers(fresh(zombie, {})), target: zombie });
    expect(stepOf(zombieQueue, 'act', 'delete').call(context)).toEqual({
      action: 'queue.delete',
      args: { vhost: '/', name: zombie, maxReady: 38_321 },
    });
  });

  test.each<[string, string, readonly [Look, Answer]]>([
    ['it goes on a dead queue', 'go', fresh(zombie, { ready: 38_321 })],
    ['it stops when the queue has outgrown the approval', 'stop', fresh(zombie, { ready: 38_322 })],
    ['it passes over a queue that is read again', 'skip', fresh(zombie, { consumers: 1 })],
    ['it passes over a queue that is gone', 'skip', fresh(zombie, undefined)],
    ['it stops at a stream', 'stop', fresh(zombie, { type: 'stream' })],
    ['it stops at a quorum queue', 'stop', fresh(zombie, { type: 'quorum' })],
    ['it stops at one view of three', 'stop', fresh(zombie, {}, [A])],
  ])('%s', (_, kind, answer) => {
    expect(when(answer)?.kind).toBe(kind);
  });
});

describe('after the deletion of a zombie', () => {
  const holds = (answer: readonly [Look, Answer], now: Observation = seen({ queues: siblings })) =>
    stepOf(zombieQueue, 'verify', 'gone').holds(
      contextOf(zombieQueue, now, { found: found(), answered: answers(answer) }),
    );

  test('the queue is gone and the siblings are read as before', () => {
    expect(holds(fresh(zombie, undefined))).toEqual({
      go: true,
      because: '1 queue deleted; 2 siblings with a consumer, as before',
    });
  });

  test.each<[string, string, ReturnType<typeof holds>]>([
    ['a queue that came back', 'cinder-scheduler_fanout_4444.. still exists', holds(fresh(zombie, {}))],
    ['one node’s word', 'only 1 node answered', holds(fresh(zombie, undefined, [A]))],
    [
      'a sibling that has lost its reader',
      '1 sibling lost its consumer: cinder-scheduler_fanout_1111..',
      holds(fresh(zombie, undefined), seen({ queues: siblings.slice(1) })),
    ],
  ])('%s is no success', (_, text, verdict) => {
    expect(verdict).toMatchObject({ go: false, because: expect.stringContaining(text) });
  });

  test('a sibling whose process has just restarted does not count as lost', () => {
    const now = seen({ queues: [...siblings.slice(1), queue(`cinder-scheduler_fanout_${hex('9')}`)] });
    expect(holds(fresh(zombie, undefined), now).go).toBe(true);
  });
});
