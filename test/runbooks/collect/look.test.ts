import { describe, expect, test } from 'vitest';
import type { ManagementApi } from '../../../src/rpc/index.ts';
import { partitionHandlingIn } from '../../../src/runbooks/collect/look.ts';
import {
  answerTo,
  type ClusterPorts,
  type HostAnswer,
  type Look,
  lookAt,
} from '../../../src/runbooks/index.ts';
import { A, B, C, settings } from '../observation.ts';
import { api, failing, failure } from './apis.ts';

const none: HostAnswer = { kind: 'not-started', because: 'no such host' };

function stage(management: readonly ManagementApi[], change: Partial<ClusterPorts> = {}): ClusterPorts {
  return {
    settings,
    management,
    hosts: { argvOf: () => undefined, run: async () => none },
    probe: () => Promise.reject(new Error('not asked')),
    clock: { now: () => performance.now(), sleep: () => Promise.resolve() },
    ...change,
  };
}

async function looked<const L extends Look>(look: L, ports: ClusterPorts) {
  return answerTo(await lookAt([look], ports, { deadlineMs: 2_000 }), look);
}

describe('a queue', () => {
  const look = { look: 'queue', vhost: '/', name: 'q' } as const;
  const row = {
    vhost: '/',
    name: 'q',
    ready: 4,
    type: 'classic',
    exclusive: false,
    durable: true,
    arguments: { 'x-expires': 1_800_000 },
    leader: A,
  };

  test('is read on every node that answers', async () => {
    const apis = [
      api(A, { queue: async () => row }),
      api(B, { queue: failing(B, 'timeout') }),
      api(C, { queue: async () => undefined }),
    ];
    const detail = {
      vhost: '/',
      name: 'q',
      seenBy: A,
      ready: 4,
      type: 'classic',
      isExclusive: false,
      isDurable: true,
      expiresMs: 1_800_000,
      leader: A,
    };
    expect(await looked(look, stage(apis))).toEqual({
      kind: 'queue',
      byNode: [{ node: A, row: detail }, { node: C }],
    });
  });

  test('is unseen when nobody answers, and that is not the same as absent', async () => {
    const answer = await looked(look, stage([api(A, { queue: failing(A, 'timeout') })]));
    expect(answer).toEqual({ kind: 'unseen', because: failure(A, 'timeout').message });
  });
});

describe('bindings of a queue', () => {
  const look = { look: 'bindings', vhost: '/', queue: 'q' } as const;
  const binding = (source: string) => ({
    vhost: '/',
    source,
    destination: 'q',
    destinationType: 'queue',
    routingKey: 'k',
  });

  test('come from whoever answers, without the default exchange', async () => {
    const apis = [
      api(A, { bindingsOfQueue: failing(A, 'timeout') }),
      api(B, { bindingsOfQueue: async () => [binding(''), binding('nova')] }),
    ];
    expect(await looked(look, stage(apis))).toEqual({
      kind: 'bindings',
      bindings: [{ exchange: 'nova', routingKey: 'k' }],
    });
  });

  test('are unseen when nobody answers', async () => {
    const answer = await looked(look, stage([api(A, { bindingsOfQueue: failing(A, 'refused') })]));
    expect(answer.kind).toBe('unseen');
  });
});

describe('a connection', () => {
  const look = { look: 'connection', name: 'c' } as const;
  const absent = { connection: async () => undefined };

  test('comes with its channels and the queues that it reads, each once', async () => {
    const consumer = (queue: string, connectionName: string) => ({ vhost: '/', queue, connectionName });
    const holder = api(B, {
      connection: async () => ({ name: 'c', node: B, channels: 2 }),
      channelsOfConnection: async () => [{ name: 'c (1)', connectionName: 'c', consumers: 2 }],
      consumers: async () => [consumer('q', 'c'), consumer('q', 'c'), consumer('r', 'c'), consumer('s', 'd')],
    });
    expect(await looked(look, stage([api(A, absent), holder]))).toEqual({
      kind: 'connection',
      connection: { name: 'c', node: B, channels: 2 },
      channels: [{ name: 'c (1)', consumers: 2 }],
      queues: [
        { vhost: '/', name: 'q' },
        { vhost: '/', name: 'r' },
      ],
    });
  });

  test('is gone when those that can still have it say so', async () => {
    const refusing = api(B, { connection: failing(B, 'refused') });
    expect(await looked(look, stage([api(A, absent), refusing]))).toEqual({ kind: 'gone' });
  });

  test('may still be on a node that did not answer', async () => {
    const hanging = api(B, { connection: failing(B, 'timeout') });
    expect((await looked(look, stage([api(A, absent), hanging]))).kind).toBe('unseen');
    expect((await looked(look, stage([hanging]))).kind).toBe('unseen');
  });
});

describe('a side', () => {
  const look = { look: 'side', node: B } as const;

  test('is what that node lists, without what every broker has', async () => {
    const other = api(A, { queueTotals: failing(A, 'timeout') });
    const own = api(B, {
      queueTotals: async () => [
        { vhost: '/', name: 'q', ready: 4, type: 'classic' },
        { vhost: 't', name: 'young' },
      ],
      bindings: async () => [
        { vhost: '/', source: '', destination: 'q', destinationType: 'queue', routingKey: 'q' },
        { vhost: '/', source: 'nova', destination: 'q', destinationType: 'queue', routingKey: 'k' },
        { vhost: 't', source: 'nova', destination: 'q', destinationType: 'queue', routingKey: 'k' },
      ],
      exchanges: async () => ['', 'amq.topic', 'nova'].map((name) => ({ vhost: '/', name })),
    });
    expect(await looked(look, stage([other, own]))).toEqual({
      kind: 'side',
      node: B,
      queues: [
        { vhost: '/', name: 'q', ready: 4 },
        { vhost: 't', name: 'young' },
      ],
      bindings: ['nova → queue q (k)', 'nova → queue q (k) in t'],
      exchanges: ['nova'],
    });
  });

  test('is unseen when a part of it is', async () => {
    const own = api(B, { bindings: failing(B, 'timeout') });
    expect((await looked(look, stage([own]))).kind).toBe('unseen');
    expect(await looked(look, stage([]))).toEqual({
      kind: 'unseen',
      because: `${B} is not a configured node`,
    });
  });
});

describe('whether a node may stop', () => {
  const look = { look: 'stop-is-safe', node: A } as const;
  const checking = (answers: Readonly<Record<string, Awaited<ReturnType<ManagementApi['healthCheck']>>>>) =>
    looked(look, stage([api(A, { healthCheck: async (check) => answers[check] ?? { kind: 'ok' } })]));

  test('follows from both checks', async () => {
    expect(await checking({})).toEqual({ kind: 'stop-is-safe', isSafe: true, critical: [] });
    expect(
      await checking({
        'node-is-quorum-critical': { kind: 'failed', items: ['q1'] },
        'node-is-mirror-sync-critical': { kind: 'failed', reason: 'mirrors' },
      }),
    ).toEqual({ kind: 'stop-is-safe', isSafe: false, critical: ['q1', 'mirrors'] });
  });

  test('a check that the version does not have guards nothing', async () => {
    expect(await checking({ 'node-is-mirror-sync-critical': { kind: 'unsupported' } })).toMatchObject({
      isSafe: true,
    });
  });

  test('is unseen when the node cannot be asked', async () => {
    const silent = api(A, { healthCheck: failing(A, 'refused') });
    expect((await looked(look, stage([silent]))).kind).toBe('unseen');
  });
});

describe('partition handling', () => {
  const look = { look: 'partition-handling', node: A } as const;
  const asked = (answer: HostAnswer, told?: 'ignore' | 'autoheal') =>
    looked(
      look,
      stage([], {
        settings: { ...settings, ...(told === undefined ? {} : { partitionHandling: told }) },
        hosts: { argvOf: () => undefined, run: async () => answer },
      }),
    );

  test('is asked on the host', async () => {
    const answer = await asked({ kind: 'done', exitCode: 0, output: '{ok,autoheal}\n' }, 'ignore');
    expect(answer).toEqual({ kind: 'partition-handling', mode: 'autoheal' });
  });

  test('is what the operator told when the host does not say', async () => {
    expect(await asked(none, 'ignore')).toEqual({ kind: 'partition-handling', mode: 'ignore' });
    expect((await asked(none)).kind).toBe('unseen');
    expect((await asked({ kind: 'failed', exitCode: 1, output: 'Error: no' })).kind).toBe('unseen');
  });

  test.each([
    ['{ok,pause_minority}', 'pause_minority'],
    ["{ok,{pause_if_all_down,['a@b'],autoheal}}", 'pause_if_all_down'],
    ['undefined', undefined],
  ])('%s', (output, mode) => {
    expect(partitionHandlingIn(output)).toBe(mode);
  });
});

test('a probe is passed on with the time that is left', async () => {
  const asked: unknown[] = [];
  const ports = stage([], {
    probe: async (request) => {
      asked.push(request);
      return { verdict: 'deaf', tookMs: 5, how: 'no reply' };
    },
  });
  const answer = await looked({ look: 'probe', topic: 'conductor', server: 'host1' }, ports);
  expect(answer).toEqual({ kind: 'probe', verdict: 'deaf', tookMs: 5, how: 'no reply' });
  expect(asked).toEqual([{ topic: 'conductor', server: 'host1', timeoutMs: expect.any(Number) }]);
});

test('one look that fails does not spoil the others', async () => {
  const looks: readonly Look[] = [
    { look: 'probe', topic: 'conductor' },
    { look: 'reached-by' },
    { look: 'queue', vhost: '/', name: '..' },
  ];
  const refused = api(A, { queue: () => Promise.reject(new RangeError('no such name')) });
  const answered = await lookAt(looks, stage([refused]), { deadlineMs: 1_000 });
  expect(looks.map((look) => answerTo(answered, look).kind)).toEqual(['unseen', 'reached-by', 'unseen']);
});
