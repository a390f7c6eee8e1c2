import { describe, expect, test, vi } from 'vitest';
import { type ManagementApi, type MetricsApi, openManagement, openMetrics } from '../../../src/rpc/index.ts';
import { type CollectNode, collectSnapshot } from '../../../src/runbooks/index.ts';
import { isConnected } from '../../../src/runbooks/snapshot/views.ts';
import { hanging, openFakeNode, stalling } from '../../rpc/management/fake-node.ts';
import { A, B, C } from '../observation.ts';
import { api, failing, failure, seeing } from './apis.ts';
import { knowing, openFakeEpmd } from './fake-epmd.ts';

const all = [A, B, C];
const clock = { now: () => performance.now(), sleep: () => Promise.resolve() };

const sweep = (nodes: readonly CollectNode[], deadlineMs = 5_000) =>
  collectSnapshot({ cluster: 'prod-a', nodes, deadlineMs, clock });
const node = (name: string, change: Partial<ManagementApi>, metrics?: MetricsApi['queues']): CollectNode => ({
  name,
  management: api(name, change),
  ...(metrics === undefined ? {} : { metrics: { node: name, queues: metrics } }),
});
const whole = (change: Partial<ManagementApi> = {}) =>
  all.map((name) => node(name, { nodes: seeing(all, A, B, C), ...change }));

describe('a whole cluster', () => {
  test('is one side, listed once', async () => {
    let listings = 0;
    const snapshot = await sweep(
      whole({
        queueTotals: async () => {
          listings += 1;
          return [{ vhost: '/', name: 'compute', ready: 3, type: 'classic' }];
        },
        consumers: async () => [{ vhost: '/', queue: 'compute', connectionName: 'c' }],
        connections: async () => [{ name: 'c', node: B }],
      }),
    );
    expect(listings).toBe(1);
    expect(snapshot.sides).toEqual([{ members: all, clientConnections: 1 }]);
    expect(snapshot.queues.missing).toEqual([]);
    expect(snapshot.queues.rows).toMatchObject([
      { name: 'compute', ready: 3, consumers: 1, type: 'classic' },
    ]);
    expect(snapshot.nodes.map(({ vm, answer }) => [vm, answer.kind])).toEqual([
      ['registered', 'answered'],
      ['registered', 'answered'],
      ['registered', 'answered'],
    ]);
  });

  test('names who reads only where that was asked', async () => {
    const nodes = whole({
      queueTotals: async () => [{ vhost: '/', name: 'compute', ready: 3 }],
      consumers: async () => [{ vhost: '/', queue: 'compute', connectionName: 'c' }],
      consumerQueues: async () => [{ vhost: '/', queue: 'compute' }],
    });
    const ask = (consumers: 'counted' | 'named') =>
      collectSnapshot({ cluster: 'prod-a', nodes, deadlineMs: 5_000, consumers, clock });
    const [counted, named] = await Promise.all([ask('counted'), ask('named')]);
    expect([counted, named].map(({ queues }) => queues.rows[0]?.consumers)).toEqual([1, 1]);
    expect(counted.consumers.rows).toEqual([{ vhost: '/', queue: 'compute' }]);
    expect(named.consumers.rows).toEqual([{ vhost: '/', queue: 'compute', connectionName: 'c' }]);
  });

  test('an overview that fails costs only what it would have told', async () => {
    const snapshot = await sweep(whole({ overview: failing(A, 'http-error') }));
    expect(snapshot.nodes[0]?.answer).toMatchObject({ kind: 'answered' });
    expect(snapshot.nodes[0]?.answer).not.toHaveProperty('totals');
  });

  test('a node that answers under another name is not seen, and its view counts for nobody', async () => {
    const overview: ManagementApi['overview'] = async () => ({ node: A, totals: {} });
    const snapshot = await sweep(
      all.map((name) => node(name, { nodes: seeing(all, A, B, C), ...(name === B ? { overview } : {}) })),
    );
    expect(snapshot.nodes[1]).toEqual({
      name: B,
      vm: 'unknown',
      answer: {
        kind: 'silent',
        why: 'wrong-node',
        message: `the node ${A} answers at the management URL of ${B}`,
        answeredAs: A,
      },
    });
    expect(snapshot.sides.map(({ members }) => members)).toEqual([[A, C]]);
    // The others list its queues: nothing of them is missing.
    expect(snapshot.queues.missing).toEqual([]);
  });

  test('an overview without a name proves nothing, and blinds nobody', async () => {
    const snapshot = await sweep(whole({ overview: async () => ({ node: '', totals: {} }) }));
    expect(snapshot.nodes.map(({ answer }) => answer.kind)).toEqual(['answered', 'answered', 'answered']);
  });

  test.each([
    ['an empty list', [] as readonly string[]],
    ['a list of others', [A, C]],
  ])('a node that answers %s says nothing: it always knows itself', async (_, listed) => {
    const snapshot = await sweep(
      all.map((name) => node(name, { nodes: name === B ? seeing(listed, ...listed) : seeing(all, A, B, C) })),
    );
    expect(snapshot.nodes[1]).toEqual({
      name: B,
      vm: 'unknown',
      answer: {
        kind: 'silent',
        why: 'not-itself',
        message: `GET /api/nodes on ${B}: its list of ${listed.length} nodes does not contain the node itself`,
      },
    });
    expect(snapshot.sides.map(({ members }) => members)).toEqual([[A, C]]);
  });

  test('nodes that all answer an empty list are a cluster that cannot be seen', async () => {
    const snapshot = await sweep(whole({ nodes: async () => [] }));
    expect(snapshot.nodes.map(({ answer }) => answer.kind)).toEqual(['silent', 'silent', 'silent']);
    expect(snapshot.queues.missing.map((each) => each.node)).toEqual(all);
    expect(isConnected(snapshot).go).toBe(false);
  });

  test('a young node, whose own row has no statistics yet, is seen', async () => {
    const young = async () => all.map((name) => ({ name, isRunning: true }));
    const snapshot = await sweep(all.map((name) => node(name, { nodes: young })));
    expect(snapshot.sides.map(({ members }) => members)).toEqual([all]);
  });

  test('a listing that fails is missing with its reason, and not empty', async () => {
    const snapshot = await sweep(
      whole({ queueTotals: failing(A, 'timeout'), connections: failing(A, 'http-error') }),
    );
    expect(snapshot.queues).toEqual({
      rows: [],
      missing: [{ node: expect.any(String), why: failure(A, 'timeout').message }],
    });
    expect(snapshot.connections.missing).toHaveLength(1);
    expect(snapshot.sides[0]).not.toHaveProperty('clientConnections');
    expect(snapshot.consumers.missing).toEqual([]);
  });

  test('without the consumers a queue has an unknown number of them, not none', async () => {
    const rows = [{ vhost: '/', name: 'compute', ready: 3 }];
    const snapshot = await sweep(whole({ queueTotals: async () => rows, consumers: failing(A, 'timeout') }));
    expect(snapshot.queues.rows[0]).not.toHaveProperty('consumers');
  });

  test('a stream’s consumers are in no listing, and so unknown', async () => {
    const rows = [
      { vhost: '/', name: 'log', type: 'stream' },
      { vhost: '/', name: 'young' },
      { vhost: '/', name: 'new', type: 'delayed' },
    ];
    const snapshot = await sweep(whole({ queueTotals: async () => rows }));
    expect(snapshot.queues.rows).toEqual([
      { vhost: '/', name: 'log', type: 'stream', seenBy: expect.any(String) },
      { vhost: '/', name: 'young', consumers: 0, seenBy: expect.any(String) },
      { vhost: '/', name: 'new', type: 'unknown', consumers: 0, seenBy: expect.any(String) },
    ]);
  });
});

describe('a listing beside what the node counts', () => {
  const counting = (totals: { queues?: number; consumers?: number; connections?: number }) => ({
    overview: async () => ({ node: '', totals }),
  });
  const queues = (count: number) => async () =>
    Array.from({ length: count }, (_, index) => ({ vhost: '/', name: `q${index}`, ready: 1 }));
  const consumers = (count: number) => async () =>
    Array.from({ length: count }, (_, index) => ({ vhost: '/', queue: `q${index}`, connectionName: 'c' }));

  test.each([
    [10, 0, true],
    [10, 4, true],
    [10, 5, false],
    [9, 0, false],
    [1_000, 499, true],
    [1_000, 500, false],
    [10, 5_000, false],
  ])('of %i, %i listed: is it missing? %s', async (counted, listed, isMissing) => {
    const connections = async () =>
      Array.from({ length: listed }, (_, index) => ({ name: `c${index}`, node: A }));
    const snapshot = await sweep(
      whole({
        ...counting({ queues: counted, consumers: counted, connections: counted }),
        queueTotals: queues(listed),
        consumers: consumers(listed),
        connections,
      }),
    );
    for (const what of ['queues', 'consumers', 'connections'] as const) {
      const why = `the node counts ${counted} ${what} but lists only ${listed} of them`;
      expect(snapshot[what].missing).toEqual(
        isMissing ? [{ node: expect.any(String), why: expect.stringContaining(why) }] : [],
      );
      if (isMissing) {
        expect(snapshot[what].rows).toEqual([]);
      }
    }
  });

  test('no queue is without a reader where the consumers are cut short', async () => {
    const snapshot = await sweep(
      whole({ ...counting({ consumers: 12 }), queueTotals: queues(3), consumers: consumers(0) }),
    );
    expect(snapshot.queues.rows).toHaveLength(3);
    for (const row of snapshot.queues.rows) {
      expect(row).not.toHaveProperty('consumers');
    }
  });

  test('metrics that fall short are replaced by the totals listing', async () => {
    const change = { nodes: seeing([A], A), ...counting({ queues: 12 }), queueTotals: queues(12) };
    const snapshot = await sweep([node(A, change, queues(2))]);
    expect(snapshot.queues.rows).toHaveLength(12);
    expect(snapshot.queues.missing).toEqual([]);
  });
});

describe('the first node that answers', () => {
  /** Nodes of which all but `first` say how they see the cluster only once `first` is asked for its queues. */
  function waitingFor(first: string, change: Partial<ManagementApi> = {}) {
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const asked: string[] = [];
    const nodes = all.map((name) =>
      node(name, {
        nodes: async () => {
          if (name !== first) {
            await begun;
          }
          return seeing(all, A, B, C)();
        },
        queueTotals: async () => {
          asked.push(name);
          if (name === first) {
            begin();
          }
          return [{ vhost: '/', name: `listed by ${name}`, ready: 1 }];
        },
        ...(name === first ? change : {}),
      }),
    );
    return { nodes, asked };
  }

  test.each(all)('%s lists its side while the others still say how they see the cluster', async (first) => {
    const { nodes, asked } = waitingFor(first);
    const snapshot = await sweep(nodes);
    expect(snapshot.sides).toMatchObject([{ members: all }]);
    expect(snapshot.queues.rows).toMatchObject([{ name: `listed by ${first}`, seenBy: first }]);
    expect(asked).toEqual([first]);
  });

  test('is not listened to when it proves to be another: the next one lists the side', async () => {
    const { nodes, asked } = waitingFor(A, { overview: async () => ({ node: C, totals: {} }) });
    const snapshot = await sweep(nodes);
    expect(snapshot.sides).toMatchObject([{ members: [B, C] }]);
    expect(snapshot.queues.rows).toMatchObject([{ name: `listed by ${B}`, seenBy: B }]);
    expect(asked).toEqual([A, B]);
  });

  test('lists its own side only; a side that it does not see is listed by its own first', async () => {
    const { nodes, asked } = waitingFor(B, { nodes: seeing(all, B) });
    const snapshot = await sweep(nodes);
    expect(snapshot.queues.rows.map(({ name }) => name)).toEqual([`listed by ${A}`, `listed by ${B}`]);
    expect(asked).toEqual([B, A]);
  });

  test('is asked for the totals at once where only some nodes have metrics, and nobody for these', async () => {
    const { nodes, asked } = waitingFor(A);
    const metrics = { node: A, queues: vi.fn(failing(A, 'timeout')) };
    const snapshot = await sweep(nodes.map((each) => (each.name === B ? each : { ...each, metrics })));
    expect(snapshot.queues.missing).toEqual([]);
    expect(asked).toEqual([A]);
    expect(metrics.queues).not.toHaveBeenCalled();
  });

  test('leaves its side to one that reaches more: it lists nothing of a node that it does not see', async () => {
    const { nodes } = waitingFor(A, { nodes: seeing(all, A, B) });
    const snapshot = await sweep([...nodes.slice(0, 2), node(C, { nodes: failing(C, 'unauthorized') })]);
    expect(snapshot.sides).toMatchObject([{ members: [A, B] }]);
    expect(snapshot.queues).toMatchObject({ rows: [{ name: `listed by ${B}` }], missing: [] });
  });

  test('and every other is asked for a listing once at most, and for none that nobody wants', async () => {
    const asked: string[] = [];
    const listing = (what: string, name: string) => async () => {
      asked.push(`${what} of ${name}`);
      return [];
    };
    await sweep(
      all.map((name) =>
        node(name, {
          nodes: seeing(all, A, B, C),
          queueTotals: listing('queues', name),
          consumers: listing('consumers', name),
          connections: listing('connections', name),
        }),
      ),
    );
    expect(asked.toSorted()).toEqual([`connections of ${A}`, `consumers of ${A}`, `queues of ${A}`]);
  });

  test('is let go with what it was asked for, when the sweep is over without it', async () => {
    const left: AbortSignal[] = [];
    const hang = ({ signal }: { readonly signal?: AbortSignal }) =>
      new Promise<never>(() => {
        if (signal !== undefined) {
          left.push(signal);
        }
      });
    const overview = async () => ({ node: C, totals: {} });
    const { nodes } = waitingFor(A, { overview, consumers: hang, connections: hang });
    const snapshot = await sweep(nodes);
    expect(snapshot.consumers.missing).toEqual([]);
    expect(left.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  test('is let go when the caller gives up', async () => {
    await using slow = await openFakeNode({
      '/api/nodes': [{ name: A, running: true }],
      '/api/overview': { node: A },
      '/api/queues': () => caller.abort(),
      '/api/consumers': hanging,
      '/api/connections': hanging,
    });
    const caller = new AbortController();
    const management = openManagement({ node: A, url: slow.url, username: 'w', password: 'w' });
    const snapshot = await collectSnapshot({
      cluster: 'prod-a',
      nodes: [{ name: A, management }],
      deadlineMs: 3_600_000,
      clock,
      signal: caller.signal,
    });
    for (const { rows, missing } of [snapshot.queues, snapshot.consumers, snapshot.connections]) {
      expect(rows).toEqual([]);
      expect(missing).toEqual([{ node: A, why: expect.stringContaining('the sweep ended') }]);
    }
  });

  test('and then hangs has its listings missing at the deadline', async () => {
    await using slow = await openFakeNode({
      '/api/nodes': [{ name: A, running: true }],
      '/api/overview': hanging,
      '/api/queues': hanging,
      '/api/consumers': stalling('['),
      '/api/connections': [],
    });
    const management = openManagement({ node: A, url: slow.url, username: 'w', password: 'w' });
    const snapshot = await sweep([{ name: A, management }], 300);
    expect(snapshot.nodes[0]?.answer).toMatchObject({ kind: 'answered', peers: [{ name: A }] });
    expect(snapshot.queues).toMatchObject({ rows: [], missing: [{ node: A }] });
    expect(snapshot.consumers).toMatchObject({ rows: [], missing: [{ node: A }] });
    expect(snapshot.connections).toEqual({ rows: [], missing: [] });
  });

  test('still answers when a listing cannot even be asked for', async () => {
    const broken = () => {
      throw new TypeError('boom');
    };
    const snapshot = await sweep(whole({ queueTotals: broken, consumers: broken, connections: broken }));
    expect(snapshot.nodes.map(({ answer }) => answer.kind)).toEqual(['answered', 'answered', 'answered']);
    for (const { missing } of [snapshot.queues, snapshot.consumers, snapshot.connections]) {
      expect(missing).toEqual([{ node: A, why: 'unexpected error: TypeError: boom' }]);
    }
  });
});

describe('a member that cannot list its side', () => {
  /** Nodes that list a queue of their own name; `first` answers first and has its own listing of queues. */
  function besides(
    first: string,
    queueTotals: ManagementApi['queueTotals'],
    change: Partial<ManagementApi> = {},
  ) {
    const asked: string[] = [];
    const nodes = [first, ...all.filter((name) => name !== first)].map((name) =>
      node(name, {
        nodes: seeing(all, A, B, C),
        overview: async () => ({ node: name, totals: { queues: 20 } }),
        queueTotals: async (limits) => {
          asked.push(name);
          if (name === first) {
            return queueTotals(limits);
          }
          return Array.from({ length: 20 }, (_, index) => ({ vhost: '/', name: `${index} by ${name}` }));
        },
        ...(name === first ? change : {}),
      }),
    );
    return { nodes, asked };
  }

  test('is followed by the next, for what it cannot list', async () => {
    const consumers: ManagementApi['consumers'] = async () => [{ vhost: '/', queue: `0 by ${A}` }];
    const { nodes, asked } = besides(B, failing(B, 'http-error'), { consumers });
    const { queues } = await sweep(nodes);
    expect(asked).toEqual([B, A]);
    expect(queues.missing).toEqual([]);
    expect(queues.rows[0]).toMatchObject({ name: `0 by ${A}`, seenBy: A, consumers: 1 });
  });

  test('is not followed by one that sees less, which would list nothing of the others', async () => {
    const { nodes, asked } = besides(B, failing(B, 'http-error'));
    const sees = (each: CollectNode, ...running: string[]) => ({
      ...each,
      management: { ...each.management, nodes: seeing(all, ...running) },
    });
    const [sick, near] = nodes;
    if (sick === undefined || near === undefined) {
      throw new Error('There are three nodes');
    }
    const { queues, sides } = await sweep([
      sick,
      sees(near, A, B),
      node(C, { nodes: failing(C, 'timeout') }),
    ]);
    expect(sides).toMatchObject([{ members: [B, A] }]);
    expect(asked).toEqual([B]);
    expect(queues.missing).toContainEqual({ node: B, why: failure(B, 'http-error').message });
  });

  test('is not followed by anybody when it falls short: that would be asked at every sweep, for nothing', async () => {
    const { nodes, asked } = besides(B, async () => [{ vhost: '/', name: 'one' }]);
    const { queues } = await sweep(nodes);
    expect(asked).toEqual([B]);
    expect(queues).toMatchObject({ rows: [], missing: [{ node: B }] });
  });

  test('is not followed by anybody once the time is over', async () => {
    const late: ManagementApi['queueTotals'] = async ({ timeoutMs }) => {
      passedMs += timeoutMs;
      throw failure(B, 'timeout');
    };
    let passedMs = 0;
    const { nodes, asked } = besides(B, late);
    await collectSnapshot({
      cluster: 'prod-a',
      nodes,
      deadlineMs: 5_000,
      clock: { now: () => passedMs, sleep: () => Promise.resolve() },
    });
    expect(asked).toEqual([B]);
  });
});

describe('metrics', () => {
  const rowsOf =
    (name: string, ready = 1): MetricsApi['queues'] =>
    async () => [{ vhost: '/', name, ready }];
  const types: ManagementApi['queue'] = async (vhost, name) => ({
    vhost,
    name,
    type: 'quorum',
    arguments: {},
  });
  const totals: ManagementApi['queueTotals'] = async () => [{ vhost: '/', name: 'by totals', ready: 1 }];
  const names = (nodes: readonly CollectNode[]) =>
    sweep(nodes).then(({ queues }) => queues.rows.map(({ name, seenBy }) => `${name} ${seenBy}`).toSorted());

  test('of every node together are the listing, because each knows only its own queues', async () => {
    const queueTotals = vi.fn(totals);
    const change = { nodes: seeing(all, A, B, C), queue: types, queueTotals };
    expect(await names(all.map((name, index) => node(name, change, rowsOf(`q${index}`))))).toEqual([
      `q0 ${A}`,
      `q1 ${B}`,
      `q2 ${C}`,
    ]);
    expect(queueTotals).not.toHaveBeenCalled();
  });

  test('that one node does not give are replaced by the totals', async () => {
    const change = { nodes: seeing(all, A, B, C), queueTotals: totals };
    const metrics = [rowsOf('q0'), failing(B, 'refused'), rowsOf('q2')];
    const rows = await names(all.map((name, index) => node(name, change, metrics[index])));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain('by totals');
    const notConfigured = all.map((name, index) => node(name, change, index === 1 ? undefined : rowsOf('q')));
    expect((await names(notConfigured))[0]).toContain('by totals');
  });

  test.each([
    ['is silent and runs', { nodes: failing(C, 'unauthorized') }, seeing(all, A, B, C)],
    ['is down, with its queues', { nodes: failing(C, 'refused') }, seeing(all, A, B)],
  ])('are no listing while a node %s: they tell of their own node alone', async (_, ofC, nodes) => {
    const metrics = ['q0', 'q1', 'q2'].map((name) => rowsOf(name));
    const changes = [{ nodes, queueTotals: totals }, { nodes, queueTotals: totals }, ofC];
    const rows = await names(all.map((name, index) => node(name, changes[index] ?? {}, metrics[index])));
    expect(rows).toEqual([`by totals ${A}`]);
  });

  test('are no listing while the cluster has a node that is not configured', async () => {
    const change = { nodes: seeing(all, A, B, C), queueTotals: totals };
    expect(await names([A, B].map((name) => node(name, change, rowsOf(name))))).toEqual([`by totals ${A}`]);
  });

  test('are asked once a node, while the last node still says how it sees the cluster', async () => {
    const asked: string[] = [];
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const nodes = all.map((name) =>
      node(
        name,
        {
          nodes: async () => {
            if (name === C) {
              await begun;
            }
            return seeing(all, A, B, C)();
          },
        },
        async () => {
          asked.push(name);
          if (name === B) {
            begin();
          }
          return [];
        },
      ),
    );
    expect((await sweep(nodes)).queues).toEqual({ rows: [], missing: [] });
    expect(asked).toEqual(all);
  });

  test('leave the quiet ones of many queues without a type', async () => {
    const asked: string[] = [];
    const queue: ManagementApi['queue'] = (vhost, name, options) => {
      asked.push(name);
      return types(vhost, name, options);
    };
    const rows = async () =>
      Array.from({ length: 203 }, (_, index) => ({ vhost: '/', name: `q${index}`, ready: index + 1 }));
    const { queues } = await sweep([node(A, { nodes: seeing([A], A), queue }, rows)]);
    expect(asked).toHaveLength(200);
    expect(queues.rows.flatMap(({ name, type }) => (type === undefined ? [name] : []))).toEqual([
      'q0',
      'q1',
      'q2',
    ]);
  });

  test('give no types, so the fullest queues are asked for theirs: a stream is no backlog', async () => {
    const asked: unknown[] = [];
    const queue: ManagementApi['queue'] = async (vhost, name, options) => {
      asked.push([name, options.stats]);
      return { vhost, name, type: 'stream', arguments: {} };
    };
    const rows = async () => [
      { vhost: '/', name: 'log', ready: 900 },
      { vhost: '/', name: 'quiet', ready: 0 },
    ];
    const snapshot = await sweep([node(A, { nodes: seeing([A], A), queue }, rows)]);
    expect(asked).toEqual([['log', false]]);
    expect(snapshot.queues.rows).toEqual([
      { vhost: '/', name: 'log', ready: 900, type: 'stream', seenBy: A },
      { vhost: '/', name: 'quiet', ready: 0, consumers: 0, seenBy: A },
    ]);
  });

  test.each([
    [12, 10],
    [2, 13],
  ])('and only those above %i, with the ten fullest: %i of 15', async (typesAbove, count) => {
    const asked: string[] = [];
    const queue: ManagementApi['queue'] = async (vhost, name) => {
      asked.push(name);
      return { vhost, name, type: 'classic', arguments: {} };
    };
    const rows = Array.from({ length: 15 }, (_, index) => ({
      vhost: '/',
      name: `q${index + 1}`,
      ready: index + 1,
    }));
    const nodes = [node(A, { nodes: seeing([A], A), queue, queueTotals: async () => rows })];
    const snapshot = await collectSnapshot({
      cluster: 'prod-a',
      nodes,
      deadlineMs: 5_000,
      typesAbove,
      clock,
    });
    expect(asked).toEqual(
      rows
        .toReversed()
        .slice(0, count)
        .map(({ name }) => name),
    );
    expect(snapshot.queues.rows.filter(({ type }) => type === 'classic')).toHaveLength(count);
  });

  test('and those that run without a number, as streams do; not those that are down', async () => {
    const asked: string[] = [];
    const queue: ManagementApi['queue'] = async (vhost, name) => {
      asked.push(name);
      return { vhost, name, type: 'stream', arguments: {} };
    };
    const queueTotals = async () => [
      { vhost: '/', name: 'log', state: 'running' },
      { vhost: '/', name: 'lost', state: 'down' },
      { vhost: '/', name: 'empty', state: 'running', ready: 0 },
    ];
    const snapshot = await sweep([node(A, { nodes: seeing([A], A), queue, queueTotals })]);
    expect(asked).toEqual(['log']);
    expect(snapshot.queues.rows.map(({ type, consumers }) => [type, consumers])).toEqual([
      ['stream', undefined],
      [undefined, 0],
      [undefined, 0],
    ]);
  });

  test('nor do totals, and whoever listed them is asked', async () => {
    const queue: ManagementApi['queue'] = async (vhost, name) => ({
      vhost,
      name,
      type: 'stream',
      arguments: {},
    });
    const snapshot = await sweep([
      node(A, { nodes: seeing([A, B], A, B), queueTotals: failing(A, 'http-error') }),
      node(B, {
        nodes: seeing([A, B], A, B),
        queueTotals: async () => [{ vhost: '/', name: 'log', ready: 9 }],
        queue,
      }),
    ]);
    expect(snapshot.queues.rows).toEqual([{ vhost: '/', name: 'log', ready: 9, type: 'stream', seenBy: B }]);
  });

  test('may ask for many types at once, and nobody warns of a leak', async () => {
    const warnings: string[] = [];
    const hear = ({ name }: Error) => void warnings.push(name);
    process.on('warning', hear);
    const queue: ManagementApi['queue'] = async (vhost, name, { signal }) => {
      signal?.addEventListener('abort', () => undefined, { once: true });
      return { vhost, name, type: 'classic', arguments: {} };
    };
    const rows = async () =>
      Array.from({ length: 30 }, (_, index) => ({ vhost: '/', name: `q${index}`, ready: 1 }));
    await sweep([node(A, { nodes: seeing([A], A), queue }, rows)]);
    // Warnings are told in the next turn of the loop.
    await new Promise(setImmediate);
    process.off('warning', hear);
    expect(warnings).toEqual([]);
  });

  test('a queue that does not say its type is listed without one', async () => {
    const change = { nodes: seeing([A], A), queue: failing(A, 'timeout') };
    const snapshot = await sweep([node(A, change, rowsOf('q', 5))]);
    expect(snapshot.queues).toEqual({
      rows: [{ vhost: '/', name: 'q', ready: 5, consumers: 0, seenBy: A }],
      missing: [],
    });
  });

  test('that hang leave time for the totals', async () => {
    await using hung = await openFakeNode({ '/metrics/detailed': hanging });
    const change = { nodes: seeing([A], A), queueTotals: totals };
    const nodes = [{ ...node(A, change), metrics: openMetrics({ node: A, url: hung.url }) }];
    const snapshot = await sweep(nodes, 400);
    expect(snapshot.queues.rows.map(({ name }) => name)).toEqual(['by totals']);
    expect(snapshot.tookMs).toBeLessThan(400);
  });
});

describe('a split cluster', () => {
  const side = (running: readonly string[], change: Partial<ManagementApi>): Partial<ManagementApi> => ({
    nodes: seeing(all, ...running),
    ...change,
  });

  test('is listed once a side, and a queue that both list is one row with its numbers', async () => {
    const ab = side([A, B], {
      queueTotals: async () => [
        { vhost: '/', name: 'both', ready: 4 },
        { vhost: '/', name: 'on c', state: 'down' },
      ],
      consumers: async () => [{ vhost: '/', queue: 'both', connectionName: 'x' }],
      connections: async () => [{ name: 'x', node: A }],
    });
    const c = side([C], {
      queueTotals: async () => [
        { vhost: '/', name: 'both', ready: 9 },
        { vhost: '/', name: 'on c', ready: 2, state: 'running' },
        { vhost: '/', name: 'only c', ready: 0 },
      ],
      connections: async () => [{ name: 'y', node: C }],
    });
    const snapshot = await sweep([node(A, ab), node(B, ab), node(C, c)]);
    expect(snapshot.sides).toEqual([
      { members: [A, B], clientConnections: 1 },
      { members: [C], clientConnections: 1 },
    ]);
    expect(snapshot.queues.missing).toEqual([]);
    expect(snapshot.queues.rows).toMatchObject([
      { name: 'both', ready: 9, consumers: 1, seenBy: C },
      { name: 'on c', ready: 2, state: 'running', seenBy: C },
      { name: 'only c', ready: 0, seenBy: C },
    ]);
    expect(snapshot.connections.rows.map(({ name }) => name)).toEqual(['x', 'y']);
  });

  test('counts a side’s own clients, also where a listing reaches farther', async () => {
    const connections = async () => [
      { name: 'x', node: B },
      { name: 'y', node: C },
    ];
    const snapshot = await sweep([
      node(A, { nodes: seeing(all, A, B) }),
      node(B, { nodes: seeing(all, A, B, C), connections }),
      node(C, { nodes: seeing(all, B, C), connections }),
    ]);
    expect(snapshot.sides).toEqual([
      { members: [A, B], clientConnections: 1 },
      { members: [C], clientConnections: 1 },
    ]);
    expect(snapshot.connections.rows.map(({ name }) => name)).toEqual(['x', 'y']);
  });

  test('a queue has an unknown number of consumers where the side that reads it does not list them', async () => {
    const listing = (ready: number | undefined): ManagementApi['queueTotals'] => {
      const row = { vhost: '/', name: 'on c', ...(ready === undefined ? {} : { ready }) };
      return async () => [row, { vhost: '/', name: 'read on both', ready: 1 }];
    };
    const ab = side([A, B], {
      queueTotals: listing(undefined),
      consumers: async () => [{ vhost: '/', queue: 'read on both', connectionName: 'x' }],
    });
    const c = side([C], { queueTotals: listing(5), consumers: failing(C, 'timeout') });
    const { queues } = await sweep([node(A, ab), node(B, ab), node(C, c)]);
    expect(queues.rows).toEqual([
      { vhost: '/', name: 'on c', ready: 5, seenBy: C },
      { vhost: '/', name: 'read on both', ready: 1, consumers: 1, seenBy: A },
    ]);
  });
});

describe('a node that says nothing', () => {
  const others = [A, B].map((name) => node(name, { nodes: seeing(all, A, B) }));
  const stopped = (change: Partial<ManagementApi>, epmd?: string): CollectNode => ({
    ...node(C, change),
    ...(epmd === undefined ? {} : { epmd }),
  });

  test('and refuses, unseen by the others, is down: the listing is whole without it', async () => {
    const snapshot = await sweep([...others, stopped({ nodes: failing(C, 'refused') })]);
    expect(snapshot.nodes[2]).toEqual({
      name: C,
      vm: 'unknown',
      answer: { kind: 'silent', why: 'refused', message: failure(C, 'refused').message },
    });
    expect(snapshot.sides.map(({ members }) => members)).toEqual([[A, B]]);
    expect(snapshot.queues.missing).toEqual([]);
  });

  test('and is down is missing in no listing, also where that of the queues fails', async () => {
    const change = { nodes: seeing(all, A, B), queueTotals: failing(A, 'http-error') };
    const snapshot = await sweep([
      node(A, change),
      node(B, change),
      node(C, { nodes: failing(C, 'refused') }),
    ]);
    expect(snapshot.queues.missing).toEqual([{ node: A, why: failure(A, 'http-error').message }]);
    expect(snapshot.connections.missing).toEqual([]);
    expect(snapshot.consumers.missing).toEqual([]);
  });

  test('is known to its epmd or not', async () => {
    await using epmd = await openFakeEpmd(knowing('rabbit'));
    await using empty = await openFakeEpmd(knowing('other'));
    const vm = async (address: string) =>
      (await sweep([...others, stopped({ nodes: failing(C, 'refused') }, address)])).nodes[2]?.vm;
    expect(await vm(epmd.address)).toBe('registered');
    expect(await vm(empty.address)).toBe('absent');
    expect(await vm('127.0.0.1:1')).toBe('unknown');
  });

  test('and may be alive behind a wrong password, unseen by the others, has a share that is missing', async () => {
    const snapshot = await sweep([...others, stopped({ nodes: failing(C, 'unauthorized') })]);
    expect(snapshot.queues.missing).toEqual([{ node: C, why: failure(C, 'unauthorized').message }]);
    expect(snapshot.connections.missing).toHaveLength(1);
    expect(snapshot.consumers.missing).toHaveLength(1);
  });

  test('but that the others see running is in their listing', async () => {
    const seeingC = [A, B].map((name) => node(name, { nodes: seeing(all, A, B, C) }));
    const snapshot = await sweep([...seeingC, stopped({ nodes: failing(C, 'unauthorized') })]);
    expect(snapshot.queues.missing).toEqual([]);
  });

  test('and whose host’s epmd does not know it hides nothing, whatever its port does', async () => {
    await using epmd = await openFakeEpmd(knowing('other'));
    const snapshot = await sweep([...others, stopped({ nodes: failing(C, 'timeout') }, epmd.address)]);
    expect(snapshot.queues.missing).toEqual([]);
  });

  test('and that only a node sees running which does not list, has a share that is missing', async () => {
    const D = 'rabbit@d';
    const four = [...all, D];
    const snapshot = await sweep([
      node(A, { nodes: seeing(four, A, B, C) }),
      node(B, { nodes: seeing(four, A, B, D) }),
      stopped({ nodes: failing(C, 'unauthorized') }),
      node(D, { nodes: failing(D, 'unauthorized') }),
    ]);
    expect(snapshot.sides.map(({ members }) => members)).toEqual([[A, B]]);
    for (const { missing } of [snapshot.queues, snapshot.consumers, snapshot.connections]) {
      expect(missing.map((each) => each.node)).toEqual([D]);
    }
  });

  test('if none says anything, everything is missing', async () => {
    const snapshot = await sweep(all.map((name) => node(name, { nodes: failing(name, 'refused') })));
    expect(snapshot.sides).toEqual([]);
    expect(snapshot.queues.missing.map((each) => each.node)).toEqual(all);
  });

  test('and hangs behind a port that opens keeps nobody waiting past the deadline', async () => {
    await using hung = await openFakeNode({ '/api/nodes': hanging, '/api/overview': hanging });
    const management = openManagement({ node: C, url: hung.url, username: 'w', password: 'w' });
    const snapshot = await sweep([...others, { name: C, management }], 500);
    expect(snapshot.tookMs).toBeLessThan(500);
    expect(snapshot.nodes[2]?.answer).toMatchObject({ kind: 'silent', why: 'timeout', portOpen: true });
    expect(snapshot.nodes[0]?.answer.kind).toBe('answered');
  });

  test('in a way that nobody foresaw is unreachable, and the sweep goes on', async () => {
    const broken = stopped({ nodes: () => Promise.reject(new TypeError('boom')) });
    const snapshot = await sweep([...others, broken]);
    expect(snapshot.nodes[2]?.answer).toMatchObject({ kind: 'silent', why: 'unreachable' });
  });
});

describe('the limits', () => {
  test.each([
    [4_000, 1_600],
    [60_000, 5_000],
  ])('of a sweep of %i ms give a view %i ms, and a listing all that is left', async (deadlineMs, firstMs) => {
    let nowMs = 1_000_000;
    const caller = new AbortController();
    const asked: number[] = [];
    const nodes: ManagementApi['nodes'] = async ({ timeoutMs, signal }) => {
      expect(signal).toBe(caller.signal);
      asked.push(timeoutMs);
      nowMs += 1_000;
      return [{ name: A, isRunning: true }];
    };
    const queueTotals: ManagementApi['queueTotals'] = async ({ timeoutMs }) => {
      asked.push(timeoutMs);
      return [];
    };
    await collectSnapshot({
      cluster: 'prod-a',
      nodes: [node(A, { nodes, queueTotals })],
      deadlineMs,
      clock: { ...clock, now: () => nowMs },
      signal: caller.signal,
    });
    expect(asked).toEqual([firstMs, deadlineMs - 1_000]);
  });
});
