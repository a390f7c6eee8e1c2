import { describe, expect, test } from 'vitest';
import { backlog } from '../../../../src/runbooks/book/backlog/backlog.ts';
import type { Answer, Look, QueueDetail } from '../../../../src/runbooks/look.ts';
import type { Observation } from '../../../../src/runbooks/snapshot/observation.ts';
import type { QueueSeen } from '../../../../src/runbooks/snapshot/snapshot.ts';
import {
  A,
  answers,
  type Change,
  cardText,
  connection,
  consumer,
  contextOf,
  decided,
  hex,
  queue,
  queueHistory,
  seen,
  settings,
  stepOf,
} from '../../observation.ts';

const NAME = 'cinder-volume';
const volumes = [
  connection('one', { clientName: 'cinder-volume:812:aa', peerHost: '10.3.0.35' }),
  connection('two', { clientName: 'cinder-volume:907:bb', peerHost: '10.3.0.36' }),
];
const full = queue(NAME, { ready: 1_204, unacknowledged: 16, consumers: 2 });
const growing = queueHistory(NAME, { ready: [1_000, 1_068, 1_136, 1_204] });
const found = (change: Change = {}): Observation =>
  seen({
    queues: [full],
    connections: volumes,
    consumers: [
      consumer(NAME, 'one'),
      consumer(NAME, 'two'),
      consumer(`${NAME}.vol1`, 'one'),
      consumer(`${NAME}.vol2`, 'two'),
    ],
    history: { queues: growing },
    ...change,
  });

const fresh = (change: Partial<QueueDetail> = {}, name = NAME): readonly [Look, Answer] => [
  { look: 'queue', vhost: '/', name },
  { kind: 'queue', byNode: [{ node: A, row: { ...full, name, ...change } }] },
];
const ping = (verdict: 'alive' | 'deaf' | 'unreachable', server?: string): readonly [Look, Answer] => [
  server === undefined
    ? { look: 'probe', topic: NAME, vhost: '/' }
    : { look: 'probe', topic: NAME, server, vhost: '/' },
  { kind: 'probe', verdict, tookMs: 5_000, how: verdict === 'deaf' ? 'no reply in 5 s' : 'replied pong' },
];

test('the card says how much waits, how it moves, and whose queue it is', () => {
  expect(cardText(backlog, found())).toBe(
    [
      'warning: cinder-volume does not drain: 1,204 messages are waiting',
      'Queue: cinder-volume',
      'Ready: 1,204, growing 272/min over the last 45 s',
      'Consumers: 2, 16 unacknowledged',
      'Service: cinder-volume',
    ].join('\n'),
  );
});

test('a burst of a few seconds is no rate', () => {
  const burst = queueHistory(NAME, { ready: [4, 1_204] });
  expect(cardText(backlog, found({ history: { queues: burst } }))).toContain('\nReady: 1,204\n');
});

test('a queue that was critical stays so until it is clearly below', () => {
  const severity = (ready: number, kept: readonly number[]) =>
    backlog.detect(
      seen({
        queues: [queue(NAME, { ready })],
        history: { queues: queueHistory(NAME, { ready: kept }) },
      }),
    )[0]?.severity;
  expect([
    severity(9_999, [9_990, 9_999]),
    severity(9_999, [10_001, 9_999]),
    severity(7_999, [10_001]),
  ]).toEqual(['warning', 'critical', 'warning']);
});

test('bindings that could not be read are not called none', () => {
  const bindings: readonly [Look, Answer] = [
    { look: 'bindings', vhost: '/', queue: NAME },
    { kind: 'unseen', because: 'took longer than 5 s' },
  ];
  const context = contextOf(backlog, found(), { answered: answers(fresh(), bindings) });
  expect(stepOf(backlog, 'inspect', 'queue').show(context).lines).toContain(
    'I could not list its bindings: took longer than 5 s',
  );
});

test('what a restart costs is told as a loss, and what a ping said in plain words', () => {
  const context = contextOf(backlog, found(), {
    answered: answers(fresh(), ping('deaf'), ping('deaf', 'vol1'), ping('alive', 'vol2')),
  });
  expect(backlog.lost(context)).toEqual([
    'RPC calls in progress at cinder-volume:812@10.3.0.35 are interrupted',
  ]);
  expect(backlog.undo).not.toContain('cut off');
  const { lines } = stepOf(backlog, 'inspect', 'queue').show(context);
  expect(lines).toContain(
    'Consumed by cinder-volume:812@10.3.0.35: it did not answer an RPC call within 5 s',
  );
  expect(lines).toContain('cinder-volume did not answer an RPC call within 5 s');
  expect(lines[0]).toBe('1,204 ready, 16 unacknowledged');
});

describe('a backlog is told apart by what reads it:', () => {
  const one = (row: QueueSeen, change: Change = {}) => backlog.detect(seen({ queues: [row], ...change }));
  const { consumers: _, ...uncounted } = full;

  test.each([
    ['read, and not draining', full, 'not-draining'],
    ['read by nobody knows whom', uncounted, 'not-draining'],
    ['without its reader', queue('conductor', { ready: 501, consumers: 0 }), 'reader-gone'],
    ['notifications', queue('notifications.info', { ready: 501, consumers: 0 }), 'nobody-reads'],
    [
      'notifications of another kind',
      queue('versioned_notifications.error', { ready: 501, consumers: 0 }),
      'nobody-reads',
    ],
    ['a fanout copy with a reader', queue(`a_fanout_${hex('1')}`, { ready: 501 }), 'not-draining'],
  ])('%s', (_, row, kind) => {
    expect(one(row)).toMatchObject([{ severity: 'warning', facts: { kind } }]);
  });

  test.each<[string, QueueSeen, Change]>([
    ['500 messages', queue(NAME, { ready: 500 }), {}],
    ['messages that are all with readers', queue(NAME, { ready: 3, unacknowledged: 9_000 }), {}],
    ['a zombie', queue(`a_fanout_${hex('1')}`, { ready: 36_496, consumers: 0 }), {}],
    ['an orphaned reply queue', queue(`reply_${hex('1')}`, { ready: 700, consumers: 0 }), {}],
    ['a stream', queue('a_fanout', { ready: 36_496, type: 'stream' }), {}],
    ['a row without numbers', { vhost: '/', name: NAME, seenBy: A }, {}],
    [
      'a queue that is draining',
      full,
      { history: { queues: queueHistory(NAME, { ready: [4_000, 3_000, 2_000, 1_204] }) } },
    ],
    [
      'a queue that the operator expects to be full',
      full,
      { settings: { detection: { ...settings.detection, ignoreQueues: ['^cinder-volume$'] } } },
    ],
  ])('none: %s', (_, row, change) => {
    expect(one(row, change)).toEqual([]);
  });

  test('a drain that would take hours is no drain', () => {
    const slow = { history: { queues: queueHistory(NAME, { ready: [1_207, 1_206, 1_205, 1_204] }) } };
    expect(one(full, slow)).toHaveLength(1);
  });

  test('a very full one is critical, unless nobody ever reads it', () => {
    const huge = { ready: 10_000, consumers: 0 };
    expect([one(queue('conductor', huge)), one(queue('notifications.info', huge))]).toMatchObject([
      [{ severity: 'critical' }],
      [{ severity: 'warning' }],
    ]);
  });
});

describe('the service behind a backlog is diagnosed as', () => {
  const at = (now: Observation, ...pairs: readonly (readonly [Look, Answer])[]) =>
    decided(backlog, 'what-is-it', contextOf(backlog, now, { answered: answers(...pairs) }));

  test.each<[string, string, string]>([
    [
      'hung',
      at(found(), fresh(), ping('deaf'), ping('deaf', 'vol1'), ping('alive', 'vol2')),
      'go: cinder-volume:812@10.3.0.35 did not answer an RPC call.',
    ],
    [
      'hung, by the queue itself',
      at(found(), fresh(), ping('deaf')),
      'go: No server answered an RPC call to cinder-volume: its consumers probably hang. This is not certain: the call waits behind 1,204 ready messages.',
    ],
    [
      'hung, by what does not come back',
      at(found(), fresh({ ackRate: 0 })),
      'go: Its consumers hold 16 unacknowledged messages and acknowledge none: they hang.',
    ],
    [
      'hung, by both',
      at(found(), fresh({ ackRate: 0 }), ping('deaf')),
      'go: No server answered an RPC call, and its consumers hold 16 unacknowledged messages and acknowledge none: they hang.',
    ],
    [
      'unclear: nobody says whether anything is read',
      at(found(), fresh()),
      'stop: I cannot tell whether its consumer hangs or is only slow: the RPC call proved nothing (it was not asked).',
    ],
    [
      'slow: its readers answer',
      at(found(), fresh(), ping('alive', 'vol1')),
      'stop: Its consumers are alive, but messages arrive faster than they are consumed. Add workers',
    ],
    [
      'slow: a ping that waits behind the backlog proves nothing',
      at(found(), fresh({ ackRate: 10, publishRate: 14.5 }), ping('deaf')),
      'stop: Its consumers are alive, but messages arrive faster than they are consumed (10.0/s acknowledged, 14.5/s published). Add workers',
    ],
    [
      'slow: readers that all let a ping wait, while something is read',
      at(found(), fresh({ ackRate: 10, publishRate: 14.5 }), ping('deaf', 'vol1'), ping('deaf', 'vol2')),
      'stop: Its consumers are alive, but messages arrive faster than they are consumed (10.0/s acknowledged, 14.5/s published). Add workers',
    ],
    [
      'hung: one of two, while the other reads',
      at(found(), fresh({ ackRate: 10, publishRate: 14.5 }), ping('deaf', 'vol1'), ping('alive', 'vol2')),
      'go: cinder-volume:812@10.3.0.35 did not answer an RPC call.',
    ],
    [
      'unclear: the ping says nothing, and nothing is stuck',
      at(found({ queues: [{ ...full, unacknowledged: 0 }] }), fresh(), ping('unreachable')),
      'stop: I cannot tell whether its consumer hangs or is only slow',
    ],
    ['drained meanwhile', at(found(), fresh({ ready: 12 })), 'stop: It holds only 12 ready messages now.'],
    [
      'gone',
      at(found(), [fresh()[0], { kind: 'queue', byNode: [{ node: A }] }]),
      'stop: The queue no longer exists.',
    ],
    ['a stream after all', at(found(), fresh({ type: 'stream' })), 'stop: The queue is a stream'],
    [
      'unseen',
      at(found(), [fresh()[0], { kind: 'unseen', because: 'timeout' }]),
      'stop: I could not query the queue: timeout',
    ],
    [
      'hung, with no way to restart it',
      at(found({ settings: { services: [] } }), fresh(), ping('deaf')),
      'stop: cinder-volume:812@10.3.0.35, cinder-volume:907@10.3.0.36 hang, and no entry under “services” says how to restart the consumers of cinder-volume.',
    ],
    [
      'hung, with readers that the sweep could not list',
      at(found({ consumers: { rows: [], missing: [{ node: A, why: 'slow' }] } }), fresh(), ping('deaf')),
      'stop: Its consumers hang, and no entry under “services” says how to restart the consumers of cinder-volume.',
    ],
  ])('%s', (_, verdict, text) => {
    expect(verdict.slice(0, text.length)).toBe(text);
  });

  test('slow only at second sight, where nothing but the rate says so: it may tell of what was read before', () => {
    const rates = fresh({ ackRate: 1.4, publishRate: 143 });
    const judged = (...pairs: readonly (readonly [Look, Answer])[]) =>
      stepOf(backlog, 'decide', 'what-is-it').decide(
        contextOf(backlog, found(), { answered: answers(rates, ...pairs) }),
      );
    expect(judged(ping('deaf', 'vol1'), ping('deaf', 'vol2'))).toHaveProperty('againAfterMs', 15_000);
    expect(judged(ping('deaf'))).toHaveProperty('againAfterMs', 15_000);
    expect(judged(ping('alive'))).not.toHaveProperty('againAfterMs');
    expect(judged(ping('alive', 'vol1'))).not.toHaveProperty('againAfterMs');
  });

  test('draining, with the time it takes', () => {
    const draining = found({
      history: { queues: queueHistory(NAME, { ready: [4_000, 3_000, 2_000, 1_204] }) },
    });
    const context = contextOf(backlog, draining, { found: found(), answered: answers(fresh()) });
    expect(decided(backlog, 'what-is-it', context)).toBe(
      'stop: It is draining and will be empty in about 19 s. There is nothing to repair.',
    );
  });

  test('never read', () => {
    const name = 'notifications.info';
    const now = seen({ queues: [queue(name, { ready: 36_000, consumers: 0 })] });
    expect(at(now, fresh({}, name))).toMatch(
      /^stop: No service consumes notifications\.info: .* I delete nothing here\.$/,
    );
  });

  test('left by its reader: the service on the host that the name says', () => {
    const name = 'cinder-volume.vol1@lvm';
    const now = seen({ queues: [queue(name, { ready: 700, consumers: 0 })] });
    const context = contextOf(backlog, now, { answered: answers(fresh({ consumers: 0 }, name)) });
    expect(decided(backlog, 'what-is-it', context)).toBe(
      `go: ${name} has no consumer, although cinder-volume should consume it.`,
    );
    expect(stepOf(backlog, 'act', 'restart').call({ ...context, target: 'cinder-volume@vol1' })).toEqual({
      action: 'service.restart',
      args: { host: 'vol1', service: 'cinder-volume@vol1' },
    });
  });

  test('left by a reader that nobody knows', () => {
    const now = seen({ queues: [queue('conductor', { ready: 700, consumers: 0 })] });
    expect(at(now, fresh({ consumers: 0 }, 'conductor'))).toMatch(
      /^stop: conductor has no consumer, and I do not know/,
    );
  });
});

describe('what is restarted', () => {
  const context = (...pairs: readonly (readonly [Look, Answer])[]) =>
    contextOf(backlog, found(), { answered: answers(fresh(), ...pairs) });
  const over = (given: ReturnType<typeof context>) => {
    const step = backlog.steps.find(({ kind }) => kind === 'each');
    return step?.kind === 'each' ? step.over(given) : undefined;
  };

  test('is the one that hangs, by process and host', () => {
    const one = context(ping('deaf', 'vol1'), ping('alive', 'vol2'));
    expect(backlog.choices?.(one)).toEqual([
      {
        id: 'cinder-volume:812@10.3.0.35',
        label: 'Restart cinder-volume:812@10.3.0.35',
        because: 'it consumes cinder-volume over 1 connection and answers no RPC call',
      },
    ]);
    const [target = ''] = over(one) ?? [];
    expect(stepOf(backlog, 'act', 'restart').call({ ...one, target })).toEqual({
      action: 'service.restart',
      args: { host: '10.3.0.35', service: 'cinder-volume@10.3.0.35', pid: 812 },
    });
  });

  test('is every reader, or the one that the approver picks, when no ping tells', () => {
    const all = context(ping('deaf'));
    expect(backlog.choices?.(all)?.map(({ label }) => label)).toEqual([
      'Restart all 2 consumers, one after the other',
      'Restart cinder-volume:812@10.3.0.35',
      'Restart cinder-volume:907@10.3.0.36',
    ]);
    expect([over(all), over({ ...all, choice: 'cinder-volume:907@10.3.0.36' })]).toEqual([
      ['cinder-volume:812@10.3.0.35', 'cinder-volume:907@10.3.0.36'],
      ['cinder-volume:907@10.3.0.36'],
    ]);
  });
});

test('the drain is followed to below five, with progress', () => {
  const at = (ready?: number) => {
    const { ready: _, ...row } = full;
    const answer: Answer = {
      kind: 'queue',
      byNode: [{ node: A, row: ready === undefined ? row : { ...row, ready } }],
    };
    return stepOf(backlog, 'verify', 'drained').holds(
      contextOf(backlog, found(), { answered: answers([fresh()[0], answer]) }),
    );
  };
  expect([at(812), at(5), at(4), at()]).toEqual([
    { go: false, because: '812 ready messages; it held 1,204 ready messages' },
    { go: false, because: '5 ready messages; it held 1,204 ready messages' },
    { go: true, because: '4 ready messages; it held 1,204 ready messages' },
    {
      go: false,
      because: 'the queue does not exist, or it has no message count yet; it held 1,204 ready messages',
    },
  ]);
});

test('it is over when the level is, not when a node could not be asked', () => {
  const facts = backlog.detect(found())[0]?.facts;
  const over = (now: Observation) => backlog.isOver?.(now.snapshot, facts, now.probes).go;
  expect([
    over(seen({ queues: [{ ...full, ready: 500 }] })),
    over(seen({ queues: [{ ...full, ready: 501 }] })),
    over(seen()),
    over(seen({ queues: { rows: [], missing: [{ node: A, why: 'timeout' }] } })),
  ]).toEqual([true, false, true, false]);
});
