import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import {
  getRpcClient,
  getRpcServer,
  getTransport,
  MessageDeliveryFailure,
  MessagingTimeout,
  Target,
  TopologyConflict,
  type TransportEvent,
  type TransportOptions,
} from '../../src/rpc/index.ts';
import { openTestBroker, type TestBroker, until } from './broker.ts';
import { openProxy } from './proxy.ts';

let broker: TestBroker;
beforeEach(() => {
  broker = openTestBroker();
});
afterEach(() => broker.close());

async function serve(clientOptions: TransportOptions = {}) {
  const exchange = broker.unique('exchange');
  const topic = broker.unique('topic');
  const gate = { hung: 0, open: () => {} };
  const opened = new Promise<void>((resolve) => {
    gate.open = resolve;
  });
  const endpoint = {
    echo: (_context: unknown, args: unknown) => args,
    hang: async () => {
      gate.hung += 1;
      await opened;
      return 'late';
    },
  };
  const transport = broker.transport({ controlExchange: exchange });
  await getRpcServer(transport, new Target({ topic, server: 'host-1' }), [endpoint]).start();
  const clientTransport = broker.transport({ controlExchange: exchange, ...clientOptions });
  const client = getRpcClient(clientTransport, new Target({ topic }), { timeoutMs: 10_000 });
  const begun = () => until(async () => (gate.hung > 0 ? true : undefined));
  return { exchange, topic, transport, clientTransport, client, gate, begun };
}

const restored = (transport: { readonly events: readonly { readonly kind: string }[] }, times = 1) =>
  until(async () => {
    const seen = transport.events.filter(({ kind }) => kind === 'consumers-restored');
    return seen.length >= times ? true : undefined;
  });

describe('a server', () => {
  test('comes back after its connection was closed, with the same queues', async () => {
    const { transport, client, topic } = await serve();
    await broker.cut(transport);
    await restored(transport);
    expect(await client.call({}, 'echo', { a: 1 })).toEqual({ a: 1 });
    const rows = await broker.manage('GET', '/queues?columns=name');
    const names = Array.isArray(rows) ? rows.filter((row) => String(row.name).startsWith(topic)) : [];
    expect(names).toHaveLength(3);
  });

  test('notices that its queue was deleted, and declares it again', async () => {
    const { transport, client, topic } = await serve();
    await broker.raw((channel) => channel.deleteQueue(topic));
    await restored(transport);
    expect(await client.call({}, 'echo', {})).toEqual({});
    expect(transport.events.map(({ kind }) => kind)).toEqual([
      'connected',
      'consumers-lost',
      'consumers-restored',
    ]);
  });

  test('still answers a call whose caller it lost meanwhile, without harm', async () => {
    const { clientTransport, client, gate, begun } = await serve();
    const call = client.call({}, 'hang');
    const failed = expect(call).rejects.toThrow(MessageDeliveryFailure);
    await begun();
    await broker.cut(clientTransport);
    await failed;
    gate.open();
    expect(await client.call({}, 'echo', {})).toEqual({});
  });

  test('refuses to start when a queue of its name has other properties, and says which', async () => {
    const topic = broker.unique('topic');
    await broker.raw((channel) => channel.assertQueue(topic, { durable: true }));
    const server = getRpcServer(broker.transport(), new Target({ topic, server: 'host-1' }), []);
    await expect(server.start()).rejects.toThrow(TopologyConflict);
    await expect(server.start()).rejects.toThrow(topic);
    await broker.raw((channel) => channel.deleteQueue(topic));
    await server.start();
  });
});

describe('a call', () => {
  test('in flight fails at once when the connection goes, and says that it may have been carried out', async () => {
    const { clientTransport, client, begun } = await serve();
    const call = client.call({}, 'hang');
    const failed = expect(call).rejects.toThrow('may have been carried out');
    await begun();
    await broker.cut(clientTransport);
    await failed;
    expect(clientTransport.replies.waiting).toBe(0);
  });

  test('in flight survives it with a reply queue like that of Python', async () => {
    const { clientTransport, client, gate, begun } = await serve({ osloIdentical: true });
    const call = client.call({}, 'hang');
    await begun();
    await broker.cut(clientTransport);
    gate.open();
    expect(await call).toBe('late');
  });

  test('survives the deletion of the reply queue', async () => {
    const { client, clientTransport, gate, begun } = await serve({ osloIdentical: true });
    const call = client.call({}, 'hang');
    await begun();
    const queue = await clientTransport.replies.queue(performance.now() + 1_000);
    await broker.raw((channel) => channel.deleteQueue(queue));
    gate.open();
    expect(await call).toBe('late');
  });

  test('begun while there is no connection is saved by the reconnect', async () => {
    const { clientTransport, client } = await serve();
    await client.call({}, 'echo');
    await broker.cut(clientTransport);
    expect(await client.call({}, 'echo', { a: 2 })).toEqual({ a: 2 });
  });

  test('finds its deleted exchange, declares it, and says that nobody is bound', async () => {
    const { client, exchange } = await serve();
    await client.call({}, 'echo');
    await broker.raw((channel) => channel.deleteExchange(exchange));
    await expect(client.prepare({ timeoutMs: 300 }).call({}, 'echo')).rejects.toThrow(MessagingTimeout);
    await broker.raw((channel) => channel.checkExchange(exchange));
  });

  test('uses an exchange of other properties as it is', async () => {
    const exchange = broker.unique('exchange');
    const topic = broker.unique('topic');
    const durable = broker.transport({ controlExchange: exchange, queues: { durable: true } });
    await getRpcServer(durable, new Target({ topic, server: 'host-1' }), [{ echo: () => 'here' }]).start();
    const transient = broker.transport({ controlExchange: exchange });
    expect(await getRpcClient(transient, new Target({ topic })).call({}, 'echo')).toBe('here');
    await broker.raw((channel) => channel.deleteExchange(exchange));
    for (const each of [topic, `${topic}.host-1`]) {
      await broker.raw((channel) => channel.deleteQueue(each));
    }
  });
});

test('a frozen broker is noticed within twice the heartbeat timeout, and the next host serves', async () => {
  const { exchange, topic } = await serve();
  const url = new URL(inject('amqpUrl'));
  const [first, second] = [await openProxy(Number(url.port)), await openProxy(Number(url.port))];
  const login = `${url.username}:${url.password}`;
  const events: TransportEvent[] = [];
  const transport = getTransport(
    `rabbit://${login}@127.0.0.1:${first.port},${login}@127.0.0.1:${second.port}/`,
    {
      controlExchange: exchange,
      heartbeatSeconds: 2,
      onEvent: (event) => events.push(event),
    },
  );
  const client = getRpcClient(transport, new Target({ topic }), { timeoutMs: 20_000 });
  expect(await client.call({}, 'echo', { a: 1 })).toEqual({ a: 1 });
  first.freeze();
  const frozenAt = performance.now();
  await expect(client.call({}, 'echo')).rejects.toThrow(MessageDeliveryFailure);
  expect(performance.now() - frozenAt).toBeLessThan(4_000);
  expect(await client.call({}, 'echo', { a: 2 })).toEqual({ a: 2 });
  const connected = events.flatMap((event) => (event.kind === 'connected' ? [event.host] : []));
  expect(connected).toEqual([`127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`]);
  await transport.cleanup();
  await first.close();
  await second.close();
});

test('cleanup does not wait for a frozen broker, and nothing goes on after it', async () => {
  const url = new URL(inject('amqpUrl'));
  const proxy = await openProxy(Number(url.port));
  const told: TransportEvent[] = [];
  const transport = getTransport(`rabbit://${url.username}:${url.password}@127.0.0.1:${proxy.port}/`, {
    onEvent: (event) => told.push(event),
  });
  const topic = broker.unique('topic');
  await getRpcServer(transport, new Target({ topic, server: 'host-1' }), []).start();
  proxy.freeze();
  const before = performance.now();
  await transport.cleanup();
  expect(performance.now() - before).toBeLessThan(10_000);
  // Its heartbeats would go on, and keep the process alive, until they had been missed often enough.
  expect(told.at(-1)?.kind).toBe('disconnected');
  await proxy.close();
});

test('of 32-way calls through three cut connections none is lost without an error, and all goes on', async () => {
  const { transport, clientTransport, client } = await serve();
  const outcomes = { answered: 0, failed: 0, wrong: 0 };
  let isOver = false;
  const callers = Array.from({ length: 32 }, async (_, caller) => {
    for (let turn = 0; !isOver; turn += 1) {
      const args = { caller, turn };
      await client
        .prepare({ timeoutMs: 2_000 })
        .call({}, 'echo', args)
        .then(
          (answer) => {
            if (JSON.stringify(answer) === JSON.stringify(args)) {
              outcomes.answered += 1;
            } else {
              outcomes.wrong += 1;
            }
          },
          () => {
            outcomes.failed += 1;
          },
        );
    }
  });
  for (const each of [clientTransport, transport, clientTransport]) {
    const before = outcomes.answered;
    await until(async () => (outcomes.answered > before + 200 ? true : undefined));
    await broker.cut(each);
  }
  const before = outcomes.answered;
  await until(async () => (outcomes.answered > before + 200 ? true : undefined));
  isOver = true;
  await Promise.all(callers);
  expect(outcomes.wrong).toBe(0);
  expect(outcomes.failed).toBeGreaterThan(0);
  expect(clientTransport.replies.waiting).toBe(0);
});
