import { afterAll, describe, expect, test } from 'vitest';
import {
  getNotificationListener,
  getNotifier,
  getRpcClient,
  getRpcServer,
  getTransport,
  InvalidTarget,
  probeService,
  Target,
  type Transport,
  tap,
} from '../../../src/rpc/index.ts';

const transport = getTransport('rabbit://127.0.0.1:1/');
const target = new Target({ topic: 't', server: 's' });
const endpoint = { info: () => undefined };
afterAll(() => transport.cleanup());

/** As plain JavaScript calls it: nothing has looked at the types. */
const untyped = (call: unknown, ...args: readonly unknown[]): unknown =>
  typeof call === 'function' ? Reflect.apply(call, undefined, args) : undefined;

describe('what is not meant is told at once, with what is', () => {
  test.each<readonly [string, () => unknown]>([
    [
      'getRpcClient has no option timeout. Did you mean timeoutMs?',
      () => untyped(getRpcClient, transport, target, { timeout: 5 }),
    ],
    [
      'getRpcClient has no option call_monitor_timeout. Did you mean callMonitorTimeoutMs?',
      () => untyped(getRpcClient, transport, target, { call_monitor_timeout: 5 }),
    ],
    [
      'The option timeoutMs of getRpcClient must be a number of at least 0; it is a string.',
      () => untyped(getRpcClient, transport, target, { timeoutMs: '5' }),
    ],
    [
      'The option timeoutMs of getRpcClient must be a number of at least 0; it is NaN.',
      () => getRpcClient(transport, target, { timeoutMs: Number.NaN }),
    ],
    [
      'The option callMonitorTimeoutMs of getRpcClient must be a number of at least 2000; it is 600.',
      () => getRpcClient(transport, target, { callMonitorTimeoutMs: 600 }),
    ],
    [
      'The option retry of getRpcClient must be a number of at least -1, or null; it is an object.',
      () => untyped(getRpcClient, transport, target, { retry: {} }),
    ],
    [
      'prepare has no option time_out_ms. Did you mean timeoutMs?',
      () =>
        untyped((options: object) => getRpcClient(transport, target).prepare(options), { time_out_ms: 5 }),
    ],
    [
      'The option executor of getRpcServer must be one of blocking, async, threading; it is a string.',
      () => untyped(getRpcServer, transport, target, [endpoint], { executor: 'eventlet' }),
    ],
    [
      'The option concurrency of getRpcServer must be a number of at least 1; it is 0.',
      () => getRpcServer(transport, target, [endpoint], { concurrency: 0 }),
    ],
    ['Endpoints are a list: [endpoint].', () => untyped(getRpcServer, transport, target, endpoint)],
    [
      'The option driver of getNotifier must be one of messagingv2, messaging, noop; it is a string.',
      () => untyped(getNotifier, transport, { publisherId: 'p', driver: 'log' }),
    ],
    [
      "The option topics of getNotifier must be a list of texts, such as ['notifications']; it is a string.",
      () => untyped(getNotifier, transport, { publisherId: 'p', topics: 'notifications' }),
    ],
    ['The options of getNotifier must be an object; it is nothing.', () => untyped(getNotifier, transport)],
    [
      "getNotifier needs a publisherId, which names who notifies: { publisherId: 'compute.host-1' }.",
      () => untyped(getNotifier, transport, {}),
    ],
    [
      'getNotificationListener has no option batch_size. Did you mean batchSize?',
      () => untyped(getNotificationListener, transport, [target], [endpoint], { batch_size: 5 }),
    ],
    [
      'A listener takes lists: [new Target({ topic })], [endpoint].',
      () => untyped(getNotificationListener, transport, target, [endpoint]),
    ],
    [
      'No endpoint of the listener has a method that is named after a priority: audit, debug, info, warn, error, critical, sample.',
      () => untyped(getNotificationListener, transport, [target], [{ information: () => undefined }]),
    ],
    [
      'getTransport has no option controlexchange. Did you mean controlExchange?',
      () => untyped(getTransport, 'rabbit://h/', { controlexchange: 'nova' }),
    ],
    [
      'tls has no option verfy. It has: enabled,',
      () => untyped(getTransport, 'rabbit://h/', { tls: { verfy: false } }),
    ],
    [
      'queues has no option durabel. It has: durable,',
      () => untyped(getTransport, 'rabbit://h/', { queues: { durabel: true } }),
    ],
  ])('%s', (said, act) => {
    expect(act).toThrow(TypeError);
    expect(act).toThrow(said);
  });

  test('of a probe and a tap too', async () => {
    const probed = untyped(probeService, transport, target, { kind: 'bogus' });
    await expect(probed).rejects.toThrow('must be one of auto, ping, ignoreErrors, baseapi; it is a string.');
    const silent = (options: object) =>
      untyped((of: Transport) => tap(of, { exchange: 'e', routingKey: '#', ...options }).next(), transport);
    await expect(silent({ maxseconds: 1 })).rejects.toThrow(
      'tap has no option maxseconds. Did you mean maxSeconds?',
    );
    await expect(silent({ exchange: undefined })).rejects.toThrow('tap needs an exchange and a routing key');
  });

  test('a value is never repeated: it may be a secret', () => {
    const act = () => untyped(getTransport, 'rabbit://h/', { login: 'hunter2' });
    expect(act).toThrow(/^(?!.*hunter2)/);
  });
});

describe('a target', () => {
  test('has no fields but its own', () => {
    const act = () => untyped((fields: object) => new Target(fields), { topic: 't', legacy_namespaces: [] });
    expect(act).toThrow(InvalidTarget);
    expect(act).toThrow('A target has no legacy_namespaces. It has: exchange, topic, server,');
  });

  test('is made by its class', () => {
    const act = () => untyped(getRpcClient, transport, { topic: 't' });
    expect(act).toThrow(InvalidTarget);
    expect(act).toThrow('A target is made with new Target({ … })');
  });
});

test.each([
  ['echo', {}],
  [undefined, 'echo'],
  [null, 'echo'],
  [{}, undefined],
  [{}, 'echo', ['a']],
  [{}, 'echo', null],
])('a request of %j is told from one with context, method and arguments', async (...args) => {
  const client = getRpcClient(transport, target);
  for (const way of ['call', 'cast'] as const) {
    const sent = Reflect.apply(client[way], client, args);
    await expect(sent).rejects.toThrow("A request is (context, 'method', { argument: value })");
  }
});
