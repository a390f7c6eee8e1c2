import { once } from 'node:events';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type ManagementApi, ManagementError, openManagement } from '../../../src/rpc/index.ts';
import { answer, cutting, hanging, openFakeNode, type Route, stalling } from './fake-node.ts';

const PASSWORD = 'a-very-secret-password';
const limits = { timeoutMs: 5_000 };

const opened = (url: string): ManagementApi =>
  openManagement({ node: 'rabbit@server-44', url, username: 'watership', password: PASSWORD });

/** What one method makes of one answer. */
async function asked<T>(path: string, route: Route, ask: (api: ManagementApi) => Promise<T>): Promise<T> {
  await using node = await openFakeNode({ [path]: route });
  return await ask(opened(node.url));
}

/** The error that a request brings. */
async function failed(work: Promise<unknown>): Promise<ManagementError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ManagementError) {
      return error;
    }
    throw error;
  }
  throw new Error('It did not fail');
}

describe('rows are read leniently, and absent stays absent', () => {
  test('a node that is down has only a name', async () => {
    const rows = await asked(
      '/api/nodes',
      [
        {
          name: 'rabbit@server-44',
          running: true,
          partitions: ['rabbit@server-45'],
          uptime: 42,
          os_pid: '123',
          mem_alarm: false,
          disk_free_alarm: true,
          being_drained: false,
          mem_used: 7,
          mem_limit: 9,
          net_ticktime: 60,
        },
        { name: 'rabbit@server-45', running: false },
        {
          name: 'rabbit@server-46',
          running: true,
          partitions: 'undefined',
          uptime: 'undefined',
          os_pid: 'undefined',
        },
      ],
      (api) => api.nodes(limits),
    );
    expect(rows).toEqual([
      {
        name: 'rabbit@server-44',
        isRunning: true,
        partitions: ['rabbit@server-45'],
        uptimeMs: 42,
        osPid: '123',
        hasMemoryAlarm: false,
        hasDiskAlarm: true,
        isBeingDrained: false,
        memoryUsedBytes: 7,
        memoryLimitBytes: 9,
        netTickTimeSeconds: 60,
      },
      { name: 'rabbit@server-45', isRunning: false },
      { name: 'rabbit@server-46', isRunning: true },
    ]);
  });

  test('a young queue has no numbers, a stream none at all, and neither gets zeros', async () => {
    const rows = await asked(
      '/api/queues',
      [
        {
          name: 'compute',
          vhost: '/',
          type: 'classic',
          messages_ready: 0,
          messages_unacknowledged: 3,
          state: 'running',
        },
        { name: 'young', vhost: '/' },
        { name: 'log', vhost: '/', type: 'stream', state: 'running' },
        { name: '', vhost: '/', messages_ready: null },
      ],
      (api) => api.queueTotals(limits),
    );
    expect(rows).toEqual([
      { vhost: '/', name: 'compute', ready: 0, unacknowledged: 3, type: 'classic', state: 'running' },
      { vhost: '/', name: 'young' },
      { vhost: '/', name: 'log', type: 'stream', state: 'running' },
      { vhost: '/', name: '' },
    ]);
  });

  describe('of the totals', () => {
    const named = [{ name: 'compute', messages_ready: 3, messages_unacknowledged: 0 }];
    const whole = named.map((row) => ({ ...row, vhost: '/' }));
    const rows = [{ vhost: '/', name: 'compute', ready: 3, unacknowledged: 0 }];

    test('does not have the vhost in every row where there is one alone', async () => {
      await using node = await openFakeNode({
        '/api/vhosts': [{ name: 'a/b' }],
        '/api/queues/a%2Fb': named,
      });
      expect(await opened(node.url).queueTotals(limits)).toEqual([{ ...rows[0], vhost: 'a/b' }]);
      expect(node.requests.at(-1)).toMatch(/^GET \/api\/queues\/a%2Fb\?.*(?<!vhost)$/);
    });

    test.each<[string, Readonly<Record<string, Route>>]>([
      ['there are several', { '/api/vhosts': [{ name: '/' }, { name: 'nova' }], '/api/queues': whole }],
      ['nobody says which there are', { '/api/vhosts': answer(500, {}), '/api/queues': whole }],
      ['the answer about them does not come', { '/api/vhosts': hanging, '/api/queues': whole }],
      ['it is gone meanwhile', { '/api/vhosts': [{ name: '/' }], '/api/queues': whole }],
      [
        'it is not for this user',
        { '/api/vhosts': [{ name: '/' }], '/api/queues/%2F': answer(401, {}), '/api/queues': whole },
      ],
    ])('has it where %s', async (_, routes) => {
      await using node = await openFakeNode(routes);
      expect(await opened(node.url).queueTotals(limits)).toEqual(rows);
      expect(node.requests.at(-1)).toMatch(/^GET \/api\/queues\?.*,vhost$/);
    });

    test('is asked for once where the broker fails', async () => {
      await using node = await openFakeNode({
        '/api/vhosts': [{ name: '/' }],
        '/api/queues/%2F': answer(500, { reason: 'noproc' }),
        '/api/queues': whole,
      });
      const error = await failed(opened(node.url).queueTotals(limits));
      expect(error).toMatchObject({ why: 'http-error', status: 500 });
      expect(node.requests.filter((each) => each.includes('/api/queues'))).toHaveLength(1);
    });

    test('takes no longer for the vhosts than it was given for everything', async () => {
      await using node = await openFakeNode({ '/api/vhosts': hanging, '/api/queues': hanging });
      const error = await failed(opened(node.url).queueTotals({ timeoutMs: 40 }));
      expect(error.why).toBe('timeout');
    });
  });

  test.each<[string, object[], (api: ManagementApi) => Promise<unknown>, string]>([
    [
      '/api/nodes',
      [{ name: 'rabbit@a', running: true }, { running: true }],
      (api) => api.nodes(limits),
      '1 of 2',
    ],
    ['/api/nodes', [null as never, 1 as never, {}, []], (api) => api.nodes(limits), '4 of 4'],
    ['/api/queues', [{ name: 'q', vhost: '/' }, { vhost: '/' }], (api) => api.queueTotals(limits), '1 of 2'],
    ['/api/consumers', [{ queue: [] }], (api) => api.consumerQueues(limits), '1 of 1'],
    ['/api/consumers', [{ queue: [] }], (api) => api.consumers(limits), '1 of 1'],
    ['/api/connections', [{ node: 'rabbit@a' }], (api) => api.connections(limits), '1 of 1'],
    ['/api/bindings', [{ source: 'x' }], (api) => api.bindings(limits), '1 of 1'],
  ])('a listing of %s with rows that cannot be read is none: %j', async (path, rows, ask, share) => {
    const error = await failed(asked(path, rows, ask));
    expect(error.why).toBe('not-json');
    expect(error.message).toBe(`GET ${path} on rabbit@server-44: ${share} rows of the answer cannot be read`);
  });

  test('a queue by itself says what the listing leaves out', async () => {
    const row = await asked(
      '/api/queues/%2F/compute',
      {
        name: 'compute',
        vhost: '/',
        arguments: [],
        consumers: 2,
        exclusive: false,
        durable: true,
        policy: null,
        memory: 14_336,
        message_bytes: 12,
        idle_since: '2026-11-23T00:08:39.864+00:00',
        node: 'rabbit@server-44',
        message_stats: { publish_details: { rate: 1.5 }, ack_details: { rate: 0 } },
      },
      (api) => api.queue('/', 'compute', limits),
    );
    expect(row).toEqual({
      vhost: '/',
      name: 'compute',
      consumers: 2,
      publishRate: 1.5,
      ackRate: 0,
      arguments: {},
      exclusive: false,
      durable: true,
      memoryBytes: 14_336,
      messageBytes: 12,
      idleSinceMs: Date.UTC(2026, 10, 23, 0, 8, 39, 864),
      leader: 'rabbit@server-44',
    });
  });

  test('older brokers write the time without a zone, and mean UTC', async () => {
    const queue = { name: 'q', vhost: '/', idle_since: '2026-11-23 0:08:39' };
    const row = await asked('/api/queues/%2F/q', queue, (api) => api.queue('/', 'q', limits));
    expect(row?.idleSinceMs).toBe(Date.UTC(2026, 10, 23, 0, 8, 39));
  });

  test('a connection is named by its socket, and by the name that its client gives', async () => {
    const rows = await asked(
      '/api/connections',
      [
        {
          name: '10.0.0.1:1 -> 10.0.0.2:5672',
          node: 'rabbit@a',
          user_provided_name: 'nova-compute:1:u',
          timeout: 0,
          channels: 3,
          channel_max: 2_047,
          connected_at: 5,
          peer_host: '10.0.0.1',
        },
        {
          name: '10.0.0.1:2 -> 10.0.0.2:5672',
          node: 'rabbit@a',
          user_provided_name: 'undefined',
          client_properties: { connection_name: 'older' },
        },
        { name: '10.0.0.1:3 -> 10.0.0.2:5672', client_properties: [] },
      ],
      (api) => api.connections(limits),
    );
    expect(rows).toEqual([
      {
        name: '10.0.0.1:1 -> 10.0.0.2:5672',
        node: 'rabbit@a',
        clientName: 'nova-compute:1:u',
        heartbeatSeconds: 0,
        channels: 3,
        channelMax: 2_047,
        connectedAtMs: 5,
        peerHost: '10.0.0.1',
      },
      { name: '10.0.0.1:2 -> 10.0.0.2:5672', node: 'rabbit@a', clientName: 'older' },
      { name: '10.0.0.1:3 -> 10.0.0.2:5672', node: '' },
    ]);
  });

  test('a consumer without its channel still counts for its queue', async () => {
    const rows = await asked(
      '/api/consumers',
      [
        { queue: { name: 'compute', vhost: '/' }, channel_details: { connection_name: 'c' } },
        { queue: { name: 'compute', vhost: '/' }, channel_details: [] },
      ],
      (api) => api.consumers(limits),
    );
    expect(rows).toEqual([
      { vhost: '/', queue: 'compute', connectionName: 'c' },
      { vhost: '/', queue: 'compute' },
    ]);
  });

  test('the overview of an empty broker has totals, but not all of them', async () => {
    const overview = await asked(
      '/api/overview',
      {
        node: 'rabbit@a',
        rabbitmq_version: '3.10.8',
        object_totals: { queues: 2 },
        statistics_db_event_queue: 0,
      },
      (api) => api.overview(limits),
    );
    expect(overview).toEqual({
      node: 'rabbit@a',
      rabbitmqVersion: '3.10.8',
      statisticsBacklog: 0,
      totals: { queues: 2 },
    });
    const bare = await asked('/api/overview', { object_totals: [] }, (api) => api.overview(limits));
    expect(bare).toEqual({ node: '', totals: {} });
  });

  test('tags come as a list or as one string', async () => {
    const tags = (given: unknown) =>
      asked('/api/whoami', { name: 'w', tags: given }, async (api) => (await api.whoAmI(limits)).tags);
    expect(await tags(['monitoring'])).toEqual(['monitoring']);
    expect(await tags('administrator,monitoring')).toEqual(['administrator', 'monitoring']);
    expect(await tags('')).toEqual([]);
  });

  test('a compressed listing is read like any other', async () => {
    const compressed: Route = (request, response) => {
      expect(request.headers['accept-encoding']).toBe('gzip');
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify([{ name: 'é🐇', vhost: '/' }])));
    };
    const rows = await asked('/api/queues', compressed, (api) => api.queueTotals(limits));
    expect(rows).toEqual([{ vhost: '/', name: 'é🐇' }]);
  });
});

describe('what does not exist', () => {
  test('a queue and a connection are undefined, their bindings and channels are none', async () => {
    await using node = await openFakeNode({});
    const api = opened(node.url);
    expect(await api.queue('/', 'gone', limits)).toBeUndefined();
    expect(await api.connection('gone', limits)).toBeUndefined();
    expect(await api.bindingsOfQueue('/', 'gone', limits)).toEqual([]);
    expect(await api.channelsOfConnection('gone', limits)).toEqual([]);
  });

  test('a listing is never empty because it was not found', async () => {
    await using node = await openFakeNode({});
    const error = await failed(opened(node.url).queueTotals(limits));
    expect(error.why).toBe('http-error');
    expect(error.status).toBe(404);
  });

  test('a health check that the version does not know is unsupported', async () => {
    await using node = await openFakeNode({
      '/api/health/checks/alarms': { status: 'ok' },
      '/api/health/checks/node-is-quorum-critical': answer(503, {
        status: 'failed',
        reason: 'There are quorum queues that would lose their quorum',
        queues: [{ name: 'q', readable_name: "queue 'q' in vhost '/'", type: 'rabbit_quorum_queue' }],
      }),
      '/api/health/checks/local-alarms': answer(503, {
        status: 'failed',
        reason: 'There are alarms in effect on the node',
        alarms: [{ node: 'rabbit@a', resource: 'memory' }],
      }),
    });
    const api = opened(node.url);
    expect(await api.healthCheck('alarms', limits)).toEqual({ kind: 'ok' });
    expect(await api.healthCheck('nope', limits)).toEqual({ kind: 'unsupported' });
    expect(await api.healthCheck('node-is-quorum-critical', limits)).toEqual({
      kind: 'failed',
      reason: 'There are quorum queues that would lose their quorum',
      items: ["queue 'q' in vhost '/'"],
    });
    expect((await api.healthCheck('local-alarms', limits)).items).toEqual(['memory on rabbit@a']);
  });
});

describe('names in a path of the management API', () => {
  test('are encoded whole, in a path and nowhere else', async () => {
    await using node = await openFakeNode({});
    const api = opened(node.url);
    await api.queue('/', "a/b?c#d (é🐇)!'*~%2F", limits);
    await api.connection('127.0.0.1:57412 -> 127.0.0.1:5975', limits);
    expect(node.requests).toEqual([
      'GET /api/queues/%2F/a%2Fb%3Fc%23d%20%28%C3%A9%F0%9F%90%87%29%21%27%2A~%252F',
      'GET /api/connections/127.0.0.1%3A57412%20-%3E%20127.0.0.1%3A5975',
    ]);
  });

  test('that no URL can carry are refused before anything is sent', async () => {
    await using node = await openFakeNode({});
    const api = opened(node.url);
    await expect(api.deleteQueue('/', '..', { ...limits, ifUnused: true })).rejects.toThrow(RangeError);
    await expect(api.queue('.', 'q', limits)).rejects.toThrow(RangeError);
    expect(node.requests).toEqual([]);
  });
});

describe('a write to the management API:', () => {
  test('a queue is deleted only if unused, and only if empty when that is asked for', async () => {
    const accept: Route = (_, response) => response.writeHead(204).end();
    await using node = await openFakeNode({ '/api/queues/%2F/q': accept });
    const api = opened(node.url);
    expect(await api.deleteQueue('/', 'q', { ...limits, ifUnused: true })).toEqual({ kind: 'accepted' });
    await api.deleteQueue('/', 'q', { ...limits, ifUnused: true, ifEmpty: true });
    expect(node.requests).toEqual([
      'DELETE /api/queues/%2F/q?if-unused=true',
      'DELETE /api/queues/%2F/q?if-unused=true&if-empty=true',
    ]);
  });

  test('a refusal comes with the broker’s reason, an absent queue is absent', async () => {
    await using node = await openFakeNode({
      '/api/queues/%2F/used': answer(400, { error: 'bad_request', reason: "queue 'used' in use" }),
      '/api/queues/%2F/mine': answer(401, { error: 'not_authorised', reason: 'Not administrator user' }),
    });
    const api = opened(node.url);
    const remove = (name: string) => api.deleteQueue('/', name, { ...limits, ifUnused: true });
    expect(await remove('used')).toEqual({ kind: 'refused', reason: "400 queue 'used' in use" });
    expect(await remove('mine')).toEqual({ kind: 'refused', reason: '401 Not administrator user' });
    expect(await remove('gone')).toEqual({ kind: 'absent' });
  });

  test('the broker’s reason is cut, and half of our own password is not left by it', async () => {
    const reason = `${'x'.repeat(190)}${PASSWORD}${'y'.repeat(90)}`;
    await using node = await openFakeNode({ '/api/queues/%2F/q': answer(400, { reason }) });
    const refused = await opened(node.url).deleteQueue('/', 'q', { ...limits, ifUnused: true });
    expect(refused).toEqual({ kind: 'refused', reason: `400 ${'x'.repeat(190)}…${'y'.repeat(9)}` });
  });

  test('a server error leaves it open what happened, so it is an error', async () => {
    await using node = await openFakeNode({ '/api/queues/%2F/q': answer(500, {}) });
    const error = await failed(opened(node.url).deleteQueue('/', 'q', { ...limits, ifUnused: true }));
    expect(error.why).toBe('http-error');
    expect(error.method).toBe('DELETE');
  });

  test('a connection that broke during a write is not asked again', async () => {
    const drop: Route = (request) => request.socket.destroy();
    await using node = await openFakeNode({ '/api/queues/%2F/q': drop });
    await failed(opened(node.url).deleteQueue('/', 'q', { ...limits, ifUnused: true }));
    expect(node.requests).toHaveLength(1);
  });

  test('a queue is bound by one request that names everything', async () => {
    const bodies: string[] = [];
    const accept: Route = (request, response) => {
      request.setEncoding('utf8').on('data', (part: string) => bodies.push(part));
      request.on('end', () => response.writeHead(201).end());
    };
    await using node = await openFakeNode({ '/api/bindings/%2F/e/nova/q/compute.cmp%2F1': accept });
    const binding = { vhost: '/', exchange: 'nova', queue: 'compute.cmp/1', routingKey: 'compute.cmp/1' };
    const api = opened(node.url);
    expect(await api.bindQueue(binding, limits)).toEqual({ kind: 'accepted' });
    expect(node.requests).toEqual(['POST /api/bindings/%2F/e/nova/q/compute.cmp%2F1']);
    expect(bodies).toEqual(['{"routing_key":"compute.cmp/1","arguments":{}}']);
    expect(await api.bindQueue({ ...binding, exchange: 'gone' }, limits)).toEqual({ kind: 'absent' });
    await expect(api.bindQueue({ ...binding, exchange: '..' }, limits)).rejects.toThrow(RangeError);
  });

  test('the reason for closing a connection travels as one plain line', async () => {
    const accept: Route = (_, response) => response.writeHead(204).end();
    await using node = await openFakeNode({ '/api/connections/c': accept });
    await opened(node.url).closeConnection('c', {
      ...limits,
      reason: 'INC-7: leak,\r\nx-evil: 1 🐇 by Alice',
    });
    expect(node.headers[0]?.['x-reason']).toBe('INC-7: leak, x-evil: 1 by Alice');
    expect(node.headers[0]?.['x-evil']).toBeUndefined();
  });
});

describe('an answer that cannot be used', () => {
  const cases: readonly (readonly [string, Route, string])[] = [
    ['a wrong password', answer(401, { error: 'not_authorized', reason: 'Login failed' }), 'unauthorized'],
    ['a forbidden path', answer(403, ''), 'unauthorized'],
    ['an HTML page', answer(200, '<html><body>Welcome to nginx</body></html>'), 'not-json'],
    ['JSON that ends too early', answer(200, '[{"name":"rabbit@a","runn'), 'not-json'],
    ['an object for a list', answer(200, { error: 'x' }), 'not-json'],
    ['an error page of a proxy', answer(502, '<html>Bad Gateway</html>'), 'http-error'],
    ['a redirect', (_, response) => response.writeHead(302, { location: '/api/nodes/' }).end(), 'http-error'],
    ['an answer that is cut off', cutting('[{"name":'), 'http-error'],
    ['a connection that is dropped', (request) => request.socket.destroy(), 'unreachable'],
  ];
  test.each(cases)('is an error, and no empty listing: %s', async (_, route, why) => {
    const error = await asked('/api/nodes', route, (api) => failed(api.nodes(limits)));
    expect(error.why).toBe(why);
    expect(error.message).toMatch(/^GET \/api\/nodes on rabbit@server-44: [^<]+$/);
  });

  test('a read that meets a dropped connection is tried once more', async () => {
    let calls = 0;
    const firstDropped: Route = (request, response) => {
      calls += 1;
      if (calls === 1) {
        request.socket.destroy();
      } else {
        answer(200, [])(request, response);
      }
    };
    expect(await asked('/api/nodes', firstDropped, (api) => api.nodes(limits))).toEqual([]);
  });

  test.each([
    ['a node that takes the request and hangs', hanging],
    ['an answer that stops in the middle', stalling('[{"name":"rabbit@a"')],
  ])('%s: the limit covers the whole answer', async (_, route) => {
    const error = await asked('/api/nodes', route, (api) => failed(api.nodes({ timeoutMs: 50 })));
    expect(error.why).toBe('timeout');
    expect(error.message).toContain('no complete answer within 50 ms');
  });

  test('a caller that gives up is not kept waiting', async () => {
    const controller = new AbortController();
    const error = await asked(
      '/api/nodes',
      () => controller.abort(),
      (api) => failed(api.nodes({ timeoutMs: 60_000, signal: controller.signal })),
    );
    expect(error.why).toBe('timeout');
  });

  test('a port that nobody listens on', async () => {
    const node = await openFakeNode({});
    await node[Symbol.asyncDispose]();
    expect((await failed(opened(node.url).nodes(limits))).why).toBe('refused');
    expect(await opened(node.url).portOpen?.(limits)).toBe(false);
  });

  test('a port that speaks no TLS', async () => {
    await using node = await openFakeNode({});
    const error = await failed(opened(node.url.replace('http:', 'https:')).nodes(limits));
    expect(error.why).toBe('tls');
  });

  test('a port that speaks something else', async () => {
    const server = createServer((socket) => socket.end('AMQP\u0000\u0000\u0009\u0001'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const error = await failed(opened(`http://127.0.0.1:${port}`).nodes(limits));
    server.close();
    expect(error.why).toBe('http-error');
  });

  test('no error ever holds the password', async () => {
    await using node = await openFakeNode({ '/api/nodes': answer(401, {}), '/api/overview': hanging });
    const api = opened(node.url.replace('http://', `http://watership:${PASSWORD}@`));
    const errors = [await failed(api.nodes(limits)), await failed(api.overview({ timeoutMs: 20 }))];
    const coded = Buffer.from(`watership:${PASSWORD}`).toString('base64');
    for (const error of errors) {
      const shown = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error);
      expect(shown).not.toContain(PASSWORD);
      expect(shown).not.toContain(coded);
    }
    expect(node.headers[0]?.authorization).toBe(`Basic ${coded}`);
  });
});

test('a port that opens is told from an API that answers', async () => {
  await using node = await openFakeNode({ '/api/nodes': hanging });
  expect(await opened(node.url).portOpen?.(limits)).toBe(true);
  expect(node.requests).toEqual([]);
});

test('one connection serves many requests', async () => {
  const sockets = new Set<unknown>();
  const counted: Route = (request, response) => {
    sockets.add(request.socket);
    answer(200, [])(request, response);
  };
  await using node = await openFakeNode({ '/api/nodes': counted });
  const api = opened(node.url);
  for (let asks = 0; asks < 5; asks += 1) {
    await api.nodes(limits);
  }
  expect(sockets.size).toBe(1);
});
