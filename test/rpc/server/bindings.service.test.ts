import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { getRpcClient, getRpcServer, Target, type TransportOptions } from '../../../src/rpc/index.ts';
import { openTestBroker, type TestBroker, until } from '../broker.ts';

let broker: TestBroker;
beforeEach(() => {
  broker = openTestBroker();
});
afterEach(() => broker.close());

async function serve(options: TransportOptions = {}) {
  const exchange = broker.unique('exchange');
  const topic = broker.unique('topic');
  const transport = broker.transport({ controlExchange: exchange, ...options });
  const failures: unknown[] = [];
  const seen: unknown[] = [];
  const endpoint = {
    target: new Target({ version: '2.4' }),
    echo: () => 'here',
    note: (_context: unknown, args: unknown) => void seen.push(args),
  };
  const onFailure = (method: string, thrown: unknown) => failures.push([method, thrown]);
  const target = new Target({ topic, server: 'host-1' });
  await getRpcServer(transport, target, [endpoint], { bindingCheckMs: 50, onFailure }).start();
  const clientTransport = broker.transport({ controlExchange: exchange });
  const client = getRpcClient(clientTransport, new Target({ topic, version: '2.0' }), { timeoutMs: 5_000 });
  return { exchange, topic, transport, client, seen, failures };
}

/** The call that tells at once when nobody is bound. */
const answers = (client: Awaited<ReturnType<typeof serve>>['client']) =>
  until(() =>
    client
      .prepare({ mandatory: true })
      .call({}, 'echo')
      .catch(() => undefined),
  );

describe('a server whose binding is gone', () => {
  test('notices, binds again and says so, without a new connection or consumer', async () => {
    const { exchange, topic, transport, client } = await serve();
    const own = `${topic}.host-1`;
    await broker.raw((channel) => channel.unbindQueue(own, exchange, own));
    expect(await answers(client.prepare({ server: 'host-1' }))).toBe('here');
    await until(async () => transport.events.some(({ kind }) => kind === 'bindings-restored') || undefined);
    expect(transport.events.filter(({ kind }) => kind !== 'bindings-lost')).toMatchObject([
      { kind: 'connected' },
      { kind: 'bindings-restored', what: `server '${own}'` },
    ]);
    expect(transport.events).toContainEqual({
      kind: 'bindings-lost',
      what: `server '${own}'`,
      reason: `no binding of '${own}' on exchange '${exchange}'`,
    });
  });

  test('binds the queues again that it shares, and where a message would reach others', async () => {
    const { exchange, topic, client, seen } = await serve();
    await broker.raw((channel) => channel.unbindQueue(topic, exchange, topic));
    expect(await answers(client)).toBe('here');
    await broker.raw((channel) => channel.deleteExchange(`${topic}_fanout`));
    await until(async () => {
      await client.prepare({ fanout: true }).cast({}, 'note', {});
      return seen.length > 0 ? true : undefined;
    });
  });

  test('gets over the deletion of its exchange, which every caller waits for in vain otherwise', async () => {
    const { exchange, transport, client } = await serve();
    await client.call({}, 'echo');
    await broker.raw((channel) => channel.deleteExchange(exchange));
    expect(await answers(client)).toBe('here');
    await until(async () => transport.events.some(({ kind }) => kind === 'bindings-restored') || undefined);
  });
});

test('asking itself is no request, and leaves nothing in the queue of a server that is busy or gone', async () => {
  const { exchange, topic, transport, failures } = await serve({ prefetch: 1 });
  const other = broker.transport({ controlExchange: exchange });
  const complaints: unknown[] = [];
  const endpoint = { target: new Target({ version: '2.4' }) };
  const twin = getRpcServer(other, new Target({ topic, server: 'host-1' }), [endpoint], {
    bindingCheckMs: 20,
    onFailure: (...failure) => complaints.push(failure),
  });
  // It gets half of what the first one asks itself, and the other way round: neither complains.
  await twin.start();
  const rounds = () => broker.raw((channel) => channel.checkQueue(`${topic}.host-1`));
  for (let looked = 0; looked < 20; looked += 1) {
    expect(await rounds()).toMatchObject({ messageCount: 0 });
  }
  expect([...failures, ...complaints]).toEqual([]);
  expect(transport.events.map(({ kind }) => kind)).toEqual(['connected']);
});

test('without a check nothing is bound again', async () => {
  const exchange = broker.unique('exchange');
  const topic = broker.unique('topic');
  const transport = broker.transport({ controlExchange: exchange });
  await getRpcServer(transport, new Target({ topic, server: 'host-1' }), [], { bindingCheckMs: 0 }).start();
  await broker.raw((channel) => channel.unbindQueue(topic, exchange, topic));
  await expect(
    getRpcClient(transport, new Target({ topic }), { mandatory: true }).call({}, 'echo'),
  ).rejects.toThrow('No queue takes messages');
});
