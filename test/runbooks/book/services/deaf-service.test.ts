import { describe, expect, test } from 'vitest';
import { probeOfQueue } from '../../../../src/runbooks/book/common/consumers.ts';
import { deafService } from '../../../../src/runbooks/book/services/deaf-service.ts';
import type { Answer, Look } from '../../../../src/runbooks/look.ts';
import type { Observation } from '../../../../src/runbooks/snapshot/observation.ts';
import {
  A,
  answering,
  answers,
  type Change,
  cardText,
  connection,
  consumer,
  contextOf,
  decided,
  MINUTE,
  NOW,
  nodes,
  queue,
  row,
  seen,
  settings,
  stepOf,
} from '../../observation.ts';
import { probed, samples } from '../../probes.ts';
import { ledger, treat } from '../treatment.ts';

const socket = (host: number): string => `10.3.0.${host}:32803 -> 10.3.0.44:5672`;
const connections = [1, 2].map((host) =>
  connection(socket(host), { clientName: `nova-compute:${4240 + host}:uuid`, peerHost: `10.3.0.${host}` }),
);
const queues = [queue('compute', { consumers: 2 }), queue('compute.cmp1'), queue('compute.cmp2')];
const consumers = [
  consumer('compute', socket(1)),
  consumer('compute', socket(2)),
  consumer('compute.cmp1', socket(1)),
  consumer('compute.cmp2', socket(2)),
];

/** Who read it when it was asked. */
const read = { readers: [socket(1)] };

/** cmp1 is deaf, cmp2 answers. */
const deaf = (change: Change = {}): Observation =>
  seen({
    queues,
    connections,
    consumers,
    probes: probed({
      'compute.cmp1': { samples: samples('deaf', 3, () => read), exchange: 'nova' },
      'compute.cmp2': { samples: samples('alive', 1), exchange: 'nova' },
    }),
    ...change,
  });

const found = (now: Observation) => deafService.detect(now);

test('a service that is connected and stays silent three times is deaf', () => {
  expect(cardText(deafService, deaf())).toMatchInlineSnapshot(`
    "warning: compute.cmp1 is connected but has answered no probe for 2 min
    Deaf: compute.cmp1 (3 probes unanswered)
    Silent for: at least 2 min
    Connected as: nova-compute:4241@10.3.0.1
    Other compute servers: 1 answers"
  `);
  expect(found(deaf())).toMatchObject([
    { key: 'deaf:/:compute', subject: 'compute.cmp1', severity: 'warning' },
  ]);
});

test('when nobody of the topic answers it is critical, and one card tells of all', () => {
  const silent = { samples: samples('deaf', 4) };
  const now = deaf({ probes: probed({ 'compute.cmp1': silent, 'compute.cmp2': silent, compute: silent }) });
  expect(found(now)).toHaveLength(1);
  expect(found(now)).toMatchObject([{ subject: 'compute', severity: 'critical', facts: { total: 2 } }]);
  expect(cardText(deafService, now)).toContain('2 servers of compute are connected but answer no probe');
});

const silentTrack = (change: Parameters<typeof samples>[2]) =>
  probed({ 'compute.cmp1': { samples: samples('deaf', 3, change) } });
const alarmed = nodes.map((name) =>
  answering(name, [row(A, { hasMemoryAlarm: true }), ...nodes.slice(1).map((peer) => row(peer))]),
);

describe('no false alarm', () => {
  test.each<[string, Observation]>([
    ['two probes are too few', deaf({ probes: probed({ 'compute.cmp1': { samples: samples('deaf', 2) } }) })],
    [
      'an answer in between ends the streak',
      deaf({
        probes: probed({
          'compute.cmp1': { samples: [...samples('deaf', 4).slice(0, 3), ...samples('alive', 1)] },
        }),
      }),
    ],
    ['nobody reads the queue any more', deaf({ queues: [queue('compute.cmp1', { consumers: 0 })] })],
    ['the queue is gone', deaf({ queues: [] })],
    ['the consumers were not counted', deaf({ queues: [{ vhost: '/', name: 'compute.cmp1', seenBy: A }] })],
    [
      'another connection reads it since the last but one probe: it was restarted',
      deaf({ probes: silentTrack((index) => ({ readers: [index < 2 ? 'the old one' : socket(1)] })) }),
    ],
    [
      'the connection that was silent is gone: whoever reads it now was not asked yet',
      deaf({ probes: silentTrack(() => ({ readers: ['the old one'] })) }),
    ],
    ['the broker is out of memory and takes no messages', deaf({ nodes: alarmed })],
    ['it acknowledges requests all the time', deaf({ probes: silentTrack(() => ({ ackRate: 3.2 })) })],
    [
      'it has fewer requests in hand each time: all its threads are busy',
      deaf({ probes: silentTrack((index) => ({ unacknowledged: 90 - 10 * index })) }),
    ],
    ['a backlog waits before the ping', deaf({ queues: [queue('compute.cmp1', { ready: 501 })] })],
    [
      'a backlog waits on the shared queue',
      deaf({ queues: [...queues.slice(1), queue('compute', { ready: 501 })] }),
    ],
    ['the last probe is long ago', deaf({ takenAtMs: NOW + 11 * MINUTE })],
    [
      'the operator ignores it',
      deaf({ settings: { detection: { ...settings.detection, ignoreQueues: ['^compute'] } } }),
    ],
    [
      'only the shared queue is silent, and its readers are asked by their own queues',
      deaf({ probes: probed({ compute: { samples: samples('deaf', 5) } }) }),
    ],
  ])('when %s', (_why, now) => {
    expect(found(now)).toEqual([]);
  });

  test('readers that could not be listed, or are some of several, break no streak', () => {
    const readers = [[socket(1), socket(2)], undefined, [socket(2)]];
    const change = (index: number) => (readers[index] === undefined ? {} : { readers: readers[index] });
    expect(found(deaf({ probes: silentTrack(change) }))).toHaveLength(1);
    const blind = { rows: [], missing: [{ node: A, why: 'timeout' }] };
    expect(found(deaf({ connections: blind }))).toHaveLength(1);
  });

  test('its own probes, acknowledged and not answered, are no work', () => {
    const now = deaf({ probes: silentTrack(() => ({ ackRate: 0.2, unacknowledged: 0 })) });
    expect(found(now)).toHaveLength(1);
  });

  test('a shared queue whose readers have none of their own is judged by itself', () => {
    const now = deaf({
      queues: [queue('compute')],
      probes: probed({ compute: { samples: samples('deaf', 3) } }),
    });
    expect(found(now)).toMatchObject([{ subject: 'compute', severity: 'critical' }]);
  });
});

describe('what it proposes', () => {
  const ping = probeOfQueue({ vhost: '/', name: 'compute.cmp1' });
  const silent: Answer = { kind: 'probe', verdict: 'deaf', tookMs: 3_750, how: 'No answer within 3750 ms.' };
  const answered: Answer = { kind: 'probe', verdict: 'alive', tookMs: 4, how: 'It answered.' };
  const read = { look: 'queue', vhost: '/', name: 'compute.cmp1' } as const;
  const acking = (ackRate: number): Answer => ({
    kind: 'queue',
    byNode: [{ node: A, row: { ...queue('compute.cmp1'), ackRate } }],
  });
  const context = (...pairs: readonly (readonly [Look, Answer])[]) =>
    contextOf(deafService, deaf(), { answered: answers(...pairs) });

  test.each<[string, readonly (readonly [Look, Answer])[], string]>([
    ['it stays silent', [[ping, silent]], 'go: compute.cmp1 did not answer a new probe either.'],
    ['it answers now', [[ping, answered]], 'stop: It answers again.'],
    [
      'it is busy',
      [
        [ping, silent],
        [read, acking(4)],
      ],
      'stop: It is busy, not deaf: requests to compute.cmp1 are still being acknowledged. A restart would not help.',
    ],
    [
      'the broker could not be asked',
      [[ping, { ...silent, verdict: 'unreachable', how: 'No connection.' }]],
      'stop: I could not probe it again, so I propose nothing (compute.cmp1: No connection.)',
    ],
    [
      'nobody asked',
      [],
      'stop: I could not probe it again, so I propose nothing (compute.cmp1: it was not asked)',
    ],
  ])('when %s', (_when, pairs, verdict) => {
    expect(decided(deafService, 'still-deaf', context(...pairs))).toBe(verdict);
  });

  test('a restart first, the connection second', () => {
    expect(deafService.choices?.(context([ping, silent]))).toMatchObject([
      { id: 'nova-compute:4241@10.3.0.1', label: 'Restart nova-compute:4241@10.3.0.1' },
      { id: 'close' },
    ]);
  });

  test('workers of one service on one host are one restart', () => {
    const workers = ['a', 'b'].map((id, index) =>
      connection(id, { clientName: `nova-compute:${index + 1}:uuid`, peerHost: '10.3.0.1' }),
    );
    const now = deaf({
      connections: workers,
      consumers: workers.map(({ name }) => consumer('compute.cmp1', name)),
      probes: silentTrack(() => ({ readers: ['a', 'b'] })),
    });
    const choices = deafService.choices?.(contextOf(deafService, now, { answered: answers([ping, silent]) }));
    expect(choices?.map(({ id }) => id)).toEqual(['nova-compute@10.3.0.1', 'close']);
  });

  test('without an entry under services only the connection', () => {
    const now = deaf({ settings: { services: [] } });
    const choices = deafService.choices?.(contextOf(deafService, now, { answered: answers([ping, silent]) }));
    expect(choices?.map(({ id }) => id)).toEqual(['close']);
  });

  test('the evidence names who reads it, and what the others do', () => {
    const { show } = stepOf(deafService, 'inspect', 'probe');
    expect(show(context([ping, silent])).lines).toMatchInlineSnapshot(`
      [
        "compute.cmp1: No answer within 3750 ms; consumed by nova-compute:4241@10.3.0.1",
        "1 other server of compute answers",
      ]
    `);
  });
});

describe('the treatment', () => {
  const world = (cure: 'service.restart' | 'connection.close') => {
    let isDeaf = true;
    return {
      observe: () => deaf(),
      answer: (look: Look): Answer => {
        if (look.look !== 'probe') {
          return { kind: 'unseen', because: 'not asked' };
        }
        return isDeaf
          ? { kind: 'probe', verdict: 'deaf', tookMs: 3_750, how: 'No answer.' }
          : { kind: 'probe', verdict: 'alive', tookMs: 4, how: 'It answered.' };
      },
      act: ({ action }: { readonly action: string }) => {
        if (action === cure) {
          isDeaf = false;
        }
        return { kind: 'applied' as const, detail: 'done' };
      },
    };
  };

  test('restarts the service on its host, and is done when it answers', () => {
    const { run, acts } = treat('deaf-service', world('service.restart'));
    expect(acts).toEqual(['service.restart 10.3.0.1 nova-compute 4241']);
    expect(run.state).toBe('done');
    expect(ledger(run)).toEqual([
      'applied Restart nova-compute:4241@10.3.0.1',
      'held Probes of compute.cmp1 are answered 3 times in a row',
    ]);
  });

  test('or closes its connection, if that is chosen', () => {
    const { run, acts } = treat('deaf-service', world('connection.close'), { choice: 'close' });
    expect(acts).toEqual([`connection.close ${socket(1)}`]);
    expect(run.state).toBe('done');
  });

  test('fails when it stays silent', () => {
    const { run } = treat('deaf-service', world('connection.close'));
    expect(run.state).toBe('failed');
  });
});

describe('a deaf service is over', () => {
  const facts = found(deaf())[0]?.facts;
  const over = (now: Observation) => deafService.isOver?.(now.snapshot, facts, now.probes).go;
  const alive = probed({ 'compute.cmp1': { samples: samples('alive', 1) } });

  test.each<[string, Observation, boolean]>([
    ['when it answered a probe', deaf({ probes: alive }), true],
    ['not while the last probe was unanswered', deaf(), false],
    ['not while nobody probed it', deaf({ probes: probed({}) }), false],
    ['when its queue is gone', deaf({ queues: [] }), true],
    [
      'not when its queue could not be listed',
      deaf({ queues: { rows: [], missing: [{ node: A, why: 'timeout' }] }, probes: probed({}) }),
      false,
    ],
    [
      'when nobody reads its queue: that is another trouble',
      deaf({ queues: [queue('compute.cmp1', { consumers: 0 })] }),
      true,
    ],
    ['not while an alarm blocks the broker', deaf({ probes: alive, nodes: alarmed }), false],
  ])('%s', (_when, now, isOver) => {
    expect(over(now)).toBe(isOver);
  });
});
