import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  encodeEnvelope,
  getRpcClient,
  getRpcServer,
  MessageUndeliverable,
  MessagingTimeout,
  PythonException,
  RemoteError,
  type ServerOptions,
  Target,
} from '../../src/rpc/index.ts';
import { openTestBroker, type TestBroker, until } from './broker.ts';

let broker: TestBroker;
beforeEach(() => {
  broker = openTestBroker();
});
afterEach(() => broker.close());

async function serve(endpoint: object, options: ServerOptions = {}) {
  const exchange = broker.unique('exchange');
  const topic = broker.unique('topic');
  const transport = broker.transport({ controlExchange: exchange });
  const server = getRpcServer(transport, new Target({ topic, server: 'host-1' }), [endpoint], options);
  await server.start();
  const clientTransport = broker.transport({ controlExchange: exchange });
  const client = getRpcClient(clientTransport, new Target({ topic }), { timeoutMs: 5_000 });
  return { exchange, topic, transport, server, clientTransport, client };
}

const properties = { contentType: 'application/json', contentEncoding: 'utf-8' };

describe('RPC calls', () => {
  test('odd values come back as they were', async () => {
    const { client } = await serve({ echo: (_context: unknown, { value }: { value: unknown }) => value });
    const values = [
      null,
      '',
      'hé\u0000\u{1f600}',
      0,
      -1.5,
      [],
      {},
      [[{ a: [null] }]],
      'x'.repeat(500_000),
      true,
    ];
    for (const value of [...values, 2n ** 63n, { ['__proto__']: 1 }]) {
      expect(await client.call({}, 'echo', { value })).toEqual(value);
    }
  });

  test('the context arrives, and client_timeout with it', async () => {
    const { client } = await serve({ who: (context: unknown) => context });
    expect(await client.call({ user: 'u', roles: ['admin'] }, 'who')).toEqual({
      user: 'u',
      roles: ['admin'],
      client_timeout: null,
    });
  });

  test('a failure tells class, message and traceback', async () => {
    const { client } = await serve({
      fail: () => {
        throw new PythonException('KeyError', 'no such key', { args: ['k'] });
      },
    });
    const failure: unknown = await client.call({}, 'fail').catch((reason: unknown) => reason);
    expect(failure).toBeInstanceOf(RemoteError);
    expect(failure).toMatchObject({
      excType: 'KeyError',
      module: 'builtins',
      value: 'no such key',
      args: ['k'],
    });
  });

  test('a remote failure becomes an error of the client', async () => {
    class Missing extends Error {}
    const { clientTransport, topic } = await serve({
      fail: () => Promise.reject(new PythonException('Missing', 'gone', { module: 'nova.exception' })),
    });
    const client = getRpcClient(clientTransport, new Target({ topic }), {
      toError: ({ class: name, message }) => (name === 'Missing' ? new Missing(message) : undefined),
    });
    await expect(client.call({}, 'fail')).rejects.toThrow(Missing);
  });

  test('a result that is no JSON value is a failure, not silence', async () => {
    const circular: unknown[] = [];
    circular.push(circular);
    const { client } = await serve({ circle: () => circular });
    await expect(client.call({}, 'circle')).rejects.toThrow(RemoteError);
  });

  test('nobody there is a timeout, or at once an error for a mandatory call', async () => {
    const { client } = await serve({ echo: () => 'here' });
    // A busy machine may take longer than the short timeout to connect, which is another error.
    await client.call({}, 'echo');
    const lonely = client.prepare({ server: 'host-2' });
    await expect(lonely.prepare({ timeoutMs: 100 }).call({}, 'echo')).rejects.toThrow(MessagingTimeout);
    await expect(lonely.prepare({ mandatory: true }).call({}, 'echo')).rejects.toThrow(MessageUndeliverable);
  });

  test('who declares nothing leaves nothing behind where nobody is', async () => {
    const exchange = broker.unique('nowhere');
    const target = new Target({ exchange, topic: 'nobody' });
    const client = getRpcClient(broker.transport(), target, { declares: false });
    await expect(client.call({}, 'echo')).rejects.toThrow('404');
    await expect(client.prepare({ fanout: true }).cast({}, 'echo')).rejects.toThrow('404');
    await expect(broker.raw((channel) => channel.checkExchange(exchange))).rejects.toThrow('404');
  });

  test('of many mandatory messages only those without a queue come back', async () => {
    const { client } = await serve({ echo: () => 'here' });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 64 }, (_, index) =>
        client.prepare({ mandatory: true, server: index % 2 === 0 ? 'host-1' : 'host-2' }).call({}, 'echo'),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(
      Array.from({ length: 64 }, (_, index) => (index % 2 === 0 ? 'fulfilled' : 'rejected')),
    );
  });

  test('compressed requests and replies are read', async () => {
    const exchange = broker.unique('exchange');
    const transport = broker.transport({ controlExchange: exchange, compression: 'gzip' });
    const target = new Target({ topic: broker.unique('topic'), server: 'host-1' });
    await getRpcServer(transport, target, [{ echo: (_context: unknown, args: unknown) => args }]).start();
    expect(await getRpcClient(transport, target).call({}, 'echo', { a: 'x'.repeat(9999) })).toHaveProperty(
      'a',
    );
  });

  test('signs of life keep a monitored call going beyond its monitor timeout, and stop with it', async () => {
    const { clientTransport, topic } = await serve({
      slow: () => new Promise((resolve) => setTimeout(() => resolve('done'), 3_000)),
      hang: () => new Promise(() => {}),
    });
    const monitored = getRpcClient(clientTransport, new Target({ topic }), {
      callMonitorTimeoutMs: 2_000,
      timeoutMs: 10_000,
    });
    // Longer than a timer can be.
    const patient = monitored.prepare({ callMonitorTimeoutMs: 3e9 });
    const calls = [monitored.call({}, 'slow'), patient.call({}, 'slow')];
    expect(await Promise.all(calls)).toEqual(['done', 'done']);
    const silent = monitored.prepare({ server: 'nobody' });
    await expect(silent.call({}, 'slow')).rejects.toThrow('No sign of life');
  });
});

describe('RPC casts', () => {
  test('a fanout reaches every server, a cast one of them', async () => {
    const exchange = broker.unique('exchange');
    const topic = broker.unique('topic');
    const seen: string[] = [];
    for (const host of ['host-1', 'host-2', 'host-3']) {
      const endpoint = {
        note: (_context: unknown, { what }: { what: string }) => void seen.push(`${host} ${what}`),
      };
      const target = new Target({ topic, server: host });
      await getRpcServer(broker.transport({ controlExchange: exchange }), target, [endpoint]).start();
    }
    const client = getRpcClient(broker.transport({ controlExchange: exchange }), new Target({ topic }));
    await client.prepare({ fanout: true }).cast({}, 'note', { what: 'all' });
    await client.prepare({ server: 'host-2' }).cast({}, 'note', { what: 'own' });
    await until(async () => (seen.length === 4 ? true : undefined));
    expect(seen.toSorted()).toEqual(['host-1 all', 'host-2 all', 'host-2 own', 'host-3 all']);
  });
});

describe('what a server does with what it gets', () => {
  test('the same unique id twice runs once', async () => {
    let ran = 0;
    const { exchange, topic, client } = await serve({ count: () => ++ran });
    const body = encodeEnvelope({ method: 'count', args: {}, _unique_id: 'a'.repeat(32) });
    await broker.raw(async (channel) => {
      for (let sent = 0; sent < 3; sent += 1) {
        channel.publish(exchange, topic, body, properties);
      }
      await channel.waitForConfirms();
    });
    expect(await client.call({}, 'count')).toBe(2);
  });

  test('rubbish is rejected and the server goes on', async () => {
    const { exchange, topic, client, transport } = await serve({ echo: () => 'fine' });
    await broker.raw(async (channel) => {
      channel.publish(exchange, topic, Buffer.from('{'), properties);
      channel.publish(exchange, topic, Buffer.from('[]'), properties);
      channel.publish(exchange, topic, Buffer.from('{"method": "echo"}'), { contentType: 'text/plain' });
      channel.publish(exchange, topic, Buffer.alloc(0), {});
      await channel.waitForConfirms();
    });
    expect(await client.call({}, 'echo')).toBe('fine');
    expect(transport.events.filter(({ kind }) => kind === 'dropped')).toHaveLength(4);
    expect(await broker.raw((channel) => channel.checkQueue(topic))).toMatchObject({ messageCount: 0 });
  });

  test('a request without an envelope is answered', async () => {
    let ran = 0;
    const { exchange, topic } = await serve({ count: () => ++ran });
    await broker.raw(async (channel) => {
      channel.publish(exchange, topic, Buffer.from('{"method": "count"}'), properties);
      await channel.waitForConfirms();
    });
    await until(async () => (ran === 1 ? true : undefined));
  });

  test('a hung blocking server holds its prefetch and leaves the rest ready', async () => {
    const { topic, client } = await serve({ hang: () => new Promise(() => {}) }, { executor: 'blocking' });
    for (let sent = 0; sent < 10; sent += 1) {
      await client.cast({}, 'hang');
    }
    // One is taken and acknowledged, four are held, the rest waits.
    const ready = await until(async () => {
      const { messageCount } = await broker.raw((channel) => channel.checkQueue(topic));
      return messageCount === 5 ? messageCount : undefined;
    });
    expect(ready).toBe(5);
  });

  test('concurrency limits how many run at the same time', async () => {
    let running = 0;
    let most = 0;
    const { client } = await serve(
      {
        work: async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
        },
      },
      { concurrency: 3 },
    );
    await Promise.all(Array.from({ length: 30 }, () => client.call({}, 'work')));
    expect(most).toBeLessThanOrEqual(3);
    expect(most).toBeGreaterThan(1);
  });

  test('stop and wait let what runs finish, and remove only the fanout queue', async () => {
    const gate = { open: () => {}, begun: () => {} };
    const opened = new Promise<void>((resolve) => {
      gate.open = resolve;
    });
    const begun = new Promise<void>((resolve) => {
      gate.begun = resolve;
    });
    const slow = () => {
      gate.begun();
      return opened.then(() => 'finished');
    };
    const { client, server, topic } = await serve({ slow });
    const call = client.call({}, 'slow');
    await begun;
    await server.stop();
    const rows = await broker.manage('GET', '/queues?columns=name');
    const names = Array.isArray(rows)
      ? rows.map((row) => String(row.name)).filter((name) => name.includes(topic))
      : [];
    expect(names.toSorted()).toEqual([topic, `${topic}.host-1`]);
    gate.open();
    await server.wait();
    expect(await call).toBe('finished');
    await server.start();
    expect(await client.prepare({ server: 'host-1' }).call({}, 'slow')).toBe('finished');
  });
});
