import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  getNotificationListener,
  getNotifier,
  getRpcClient,
  getRpcServer,
  getTransport,
  MessageUndeliverable,
  type Notification,
  PythonException,
  probeService,
  Target,
  type Transport,
  type TransportOptions,
} from '../../src/rpc/index.ts';
import { type OsloPeer, startOsloPeer } from './oslo-peer.ts';
import { startThrowawayBroker, type ThrowawayBroker } from './throwaway-broker.ts';

let broker: ThrowawayBroker;
beforeAll(async () => {
  broker = await startThrowawayBroker();
});
afterAll(() => broker?.close());

const variants: { name: string; ours: TransportOptions; theirs: object }[] = [
  { name: 'with the defaults', ours: {}, theirs: {} },
  { name: 'with a reply queue like theirs', ours: { osloIdentical: true }, theirs: {} },
  {
    name: 'with durable queues and compressed bodies',
    ours: { queues: { durable: true }, compression: 'gzip' },
    theirs: { amqp_durable_queues: true, kombu_compression: 'gzip' },
  },
  { name: 'with quorum queues', ours: { queues: { quorum: true } }, theirs: { rabbit_quorum_queue: true } },
];

let exchanges = 0;
describe.each(variants)('$name', ({ ours, theirs }) => {
  let exchange: string;
  let topic: string;
  let transport: Transport;
  let peer: OsloPeer;

  beforeEach(() => {
    exchanges += 1;
    exchange = `exchange-${exchanges}`;
    topic = `topic-${exchanges}`;
    transport = getTransport(broker.amqpUrl, { ...ours, controlExchange: exchange });
    peer = startOsloPeer(broker.amqpUrl, exchange, theirs);
  });
  afterEach(async () => {
    await transport.cleanup();
    await peer.close();
  });

  test('our client and their server understand each other', async () => {
    await peer.ask('serve', { topic, server: 'host-1' });
    const client = getRpcClient(transport, new Target({ topic, version: '1.2' }), { timeoutMs: 10_000 });
    const args = {
      a: 1,
      text: 'hé\u{1f600}',
      list: [1, { deep: null }],
      big: 2n ** 63n,
      long: 'x'.repeat(40_000),
    };
    expect(await client.call({ user: 'u', roles: ['admin'] }, 'echo', args)).toEqual({
      context: { user: 'u', roles: ['admin'], client_timeout: null },
      args,
    });
    expect(await client.call({}, 'nothing')).toBeNull();
    expect(await client.call({}, 'odd')).toEqual({
      inf: Number.POSITIVE_INFINITY,
      big: 2n ** 63n,
      text: 'hé \u{1f600}',
    });
    expect(await client.prepare({ server: 'host-1' }).call({}, 'nothing')).toBeNull();
    const network = client.prepare({ namespace: 'net', version: '2.0' });
    expect(await network.call({}, 'which')).toBe('network');
    const many = await Promise.all(Array.from({ length: 100 }, (_, i) => client.call({}, 'echo', { i })));
    expect(many).toEqual(
      Array.from({ length: 100 }, (_, i) => ({ context: { client_timeout: null }, args: { i } })),
    );
  });

  test('their failures reach us', async () => {
    await peer.ask('serve', { topic, server: 'host-1' });
    const client = getRpcClient(transport, new Target({ topic, version: '1.2' }), { timeoutMs: 10_000 });
    const failing = async (call: Promise<unknown>) => call.catch((reason: unknown) => reason);
    expect(await failing(client.call({}, 'fail', { how: 'value' }))).toMatchObject({
      excType: 'ValueError',
      module: 'builtins',
      value: 'no value',
      args: ['no value'],
    });
    expect(await failing(client.call({}, 'fail', { how: 'custom' }))).toMatchObject({
      excType: 'CustomError',
      kwargs: { code: 7 },
    });
    expect(await failing(client.call({}, 'nosuch'))).toMatchObject({ excType: 'NoSuchMethod' });
    expect(await failing(client.call({}, 'echo', {}))).toMatchObject({ args: {} });
    expect(await failing(client.call({}, 'nothing', { extra: 1 }))).toMatchObject({ excType: 'TypeError' });
    const newer = client.prepare({ version: '1.9' });
    expect(await failing(newer.call({}, 'echo'))).toMatchObject({ excType: 'UnsupportedVersion' });
    const lonely = client.prepare({ server: 'host-2', mandatory: true });
    expect(await failing(lonely.call({}, 'echo'))).toBeInstanceOf(MessageUndeliverable);
  });

  test('our casts and fanouts reach them, and their signs of life reach us', async () => {
    await peer.ask('serve', { topic, server: 'host-1' });
    const client = getRpcClient(transport, new Target({ topic, version: '1.2' }), { timeoutMs: 10_000 });
    await client.cast({ user: 'u' }, 'note', { what: 'topic' });
    await client.prepare({ server: 'host-1' }).cast({}, 'note', { what: 'server' });
    await client.prepare({ fanout: true }).cast({}, 'note', { what: 'fanout' });
    const monitored = client.prepare({ callMonitorTimeoutMs: 2_000 });
    expect(await monitored.call({}, 'slow', { seconds: 3 })).toBe('done');
    const { result } = await peer.ask('seen');
    expect(new Set(Array.isArray(result) ? result.map(([, , what]) => what) : [])).toEqual(
      new Set(['topic', 'server', 'fanout']),
    );
  });

  test('our probes tell their living, hanging and absent services apart', async () => {
    await peer.ask('serve', { topic, server: 'host-1' });
    for (const kind of ['auto', 'ping', 'baseapi'] as const)
      expect(await probeService(transport, new Target({ topic, server: 'host-1' }), { kind })).toMatchObject({
        verdict: 'alive',
      });
    expect(await probeService(transport, new Target({ topic, server: 'host-2' }))).toMatchObject({
      verdict: 'absent',
    });
    await peer.close();
    const gone = await probeService(transport, new Target({ topic, server: 'host-1' }), { timeoutMs: 500 });
    expect(gone).toMatchObject({ verdict: 'deaf', consumers: 0 });
  });

  test('their client and our server understand each other', async () => {
    const seen: unknown[] = [];
    const endpoint = {
      target: new Target({ version: '1.3' }),
      echo: (context: unknown, args: unknown) => ({ context, args }),
      nothing: () => undefined,
      note: (_context: unknown, { what }: { what: unknown }) => void seen.push(what),
      slow: () => new Promise((resolve) => setTimeout(() => resolve('done'), 3_000)),
      fail: (_context: unknown, { how }: { how: string }) => {
        if (how === 'value') throw new PythonException('ValueError', 'no value');
        if (how === 'type') throw new TypeError('no type');
        throw new Error('no luck');
      },
    };
    const network = { target: new Target({ namespace: 'net', version: '2.0' }), which: () => 'network' };
    const server = getRpcServer(transport, new Target({ topic, server: 'host-1' }), [endpoint, network]);
    await server.start();
    const target = { topic, version: '1.2' };
    const args = { a: 1, text: 'hé\u{1f600}', list: [1, { deep: null }], long: 'x'.repeat(40_000) };
    expect(await peer.ask('call', { target, method: 'echo', args, ctxt: { user: 'u' } })).toEqual({
      result: { context: { user: 'u', client_timeout: null }, args },
    });
    expect(await peer.ask('call', { target, method: 'nothing' })).toEqual({ result: null });
    const own = { ...target, server: 'host-1' };
    expect(await peer.ask('call', { target: own, method: 'nothing' })).toEqual({ result: null });
    const net = { topic, namespace: 'net', version: '2.0' };
    expect(await peer.ask('call', { target: net, method: 'which' })).toEqual({ result: 'network' });
    expect(await peer.ask('call', { target, method: 'slow', monitor: 2 })).toEqual({ result: 'done' });
    expect(await peer.ask('call', { target, method: 'oslo_rpc_server_ping', ctxt: {} })).toMatchObject({
      raised: 'RemoteError',
    });
    const ping = { topic };
    expect(await peer.ask('call', { target: ping, method: 'oslo_rpc_server_ping' })).toEqual({
      result: 'pong',
    });

    expect(await peer.ask('call', { target, method: 'fail', args: { how: 'value' } })).toMatchObject({
      raised: 'ValueError',
      module: 'builtins',
    });
    expect(await peer.ask('call', { target, method: 'fail', args: { how: 'type' } })).toMatchObject({
      raised: 'TypeError',
    });
    expect(await peer.ask('call', { target, method: 'fail', args: { how: 'other' } })).toMatchObject({
      raised: 'RemoteError',
      type: 'Error',
      value: 'no luck',
    });
    expect(await peer.ask('call', { target, method: 'constructor' })).toMatchObject({ type: 'NoSuchMethod' });
    const newer = { topic, version: '1.9' };
    expect(await peer.ask('call', { target: newer, method: 'echo' })).toMatchObject({
      type: 'UnsupportedVersion',
    });

    await peer.ask('cast', { target, method: 'note', args: { what: 'topic' } });
    await peer.ask('cast', { target: { ...target, fanout: true }, method: 'note', args: { what: 'fanout' } });
    await peer.ask('call', { target, method: 'nothing' });
    expect(seen).toEqual(['topic', 'fanout']);
    await server.stop();
    await server.wait();
  });

  test('their listener hears our notifications, and ours hears theirs', async () => {
    await peer.ask('listen', { topic });
    const notifier = getNotifier(transport, { publisherId: 'node', topics: [topic] });
    await notifier.info({}, 'a.info', { id: 1 });
    await notifier.error({}, 'an.error', { id: 2 });
    let heard: unknown;
    for (let count = 0; count < 3; ) {
      heard = (await peer.ask('seen')).result;
      count = Array.isArray(heard) ? heard.length : 0;
    }
    expect(heard).toEqual(
      expect.arrayContaining([
        ['info', { client_timeout: null }, 'node', 'a.info', { id: 1 }, ['message_id', 'timestamp']],
        ['error', 'an.error'],
        ['error', 'an.error'],
      ]),
    );

    const own: Notification[] = [];
    const arrived = new Promise<void>((resolve) => {
      const take = (notification: Notification) => {
        own.push(notification);
        if (own.length === 2) resolve();
      };
      const targets = [new Target({ topic: `${topic}-python` })];
      getNotificationListener(transport, targets, [{ info: take, warn: take }])
        .start()
        .then(async () => {
          const given = { topic: `${topic}-python`, event_type: 'python.event', payload: { id: 3 } };
          await peer.ask('notify', { ...given, priority: 'info', driver: 'messagingv2' });
          await peer.ask('notify', { ...given, priority: 'warn', driver: 'messaging' });
        }, resolve);
    });
    await arrived;
    expect(
      own.map(({ eventType, payload, publisherId, context }) => ({
        eventType,
        payload,
        publisherId,
        context,
      })),
    ).toEqual(
      Array.from({ length: 2 }, () => ({
        eventType: 'python.event',
        payload: { id: 3 },
        publisherId: 'python',
        context: { user: 'u' },
      })),
    );
  });
});
