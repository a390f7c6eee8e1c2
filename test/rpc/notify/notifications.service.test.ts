import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  getNotificationListener,
  getNotifier,
  getRpcClient,
  type Notification,
  type TappedMessage,
  Target,
  tap,
} from '../../../src/rpc/index.ts';
import { openTestBroker, type TestBroker, until } from '../broker.ts';

let broker: TestBroker;
beforeEach(() => {
  broker = openTestBroker();
});
afterEach(() => broker.close());

function set() {
  const exchange = broker.unique('exchange');
  const topic = broker.unique('notifications');
  const transport = broker.transport({ controlExchange: exchange });
  const notifier = getNotifier(transport, {
    publisherId: 'compute.host-1',
    topics: [topic],
    clock: () => new Date('2026-11-22T12:03:44.887Z'),
  });
  return { exchange, topic, transport, notifier, target: new Target({ topic }) };
}

const count = async (queue: string) =>
  (await broker.raw((channel) => channel.checkQueue(queue))).messageCount;

describe('a listener', () => {
  test.each(['messagingv2', 'messaging'] as const)(
    'hears what driver %s sent before it came',
    async (driver) => {
      const { transport, topic, target } = set();
      const notifier = getNotifier(transport, {
        publisherId: 'compute.host-1',
        topics: [topic],
        driver,
        clock: () => new Date('2026-11-22T12:03:44.887Z'),
        sendContext: ({ token: _hidden, ...context }) => context,
      });
      await notifier.info({ user: 'u', token: 'hunter2' }, 'compute.create', { id: 1 });
      const heard: Notification[] = [];
      await getNotificationListener(transport, [target], [{ info: (each) => void heard.push(each) }]).start();
      await until(async () => (heard.length === 1 ? true : undefined));
      expect(heard[0]).toEqual({
        context: { user: 'u' },
        publisherId: 'compute.host-1',
        eventType: 'compute.create',
        priority: 'info',
        payload: { id: 1 },
        metadata: {
          messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          timestamp: '2026-11-22 12:03:44.887000',
        },
      });
      await until(async () => ((await count(`${topic}.info`)) === 0 ? true : undefined));
    },
  );

  test('gets back what it gave back, until it is handled', async () => {
    const { transport, notifier, target } = set();
    const results = ['throw', 'requeue', 'handled'];
    const heard: unknown[] = [];
    const endpoint = {
      error: ({ payload }: Notification) => {
        heard.push(payload);
        const result = results.shift();
        if (result === 'throw') {
          throw new Error('not now');
        }
        return result === 'requeue' ? ('requeue' as const) : undefined;
      },
    };
    const listener = getNotificationListener(transport, [target], [endpoint], { allowRequeue: true });
    await listener.start();
    await notifier.error({}, 'compute.fail', { id: 1 });
    await until(async () => (heard.length === 3 ? true : undefined));
    await notifier.error({}, 'compute.fail', { id: 2 });
    await until(async () => (heard.length === 4 ? true : undefined));
    expect(heard).toEqual([{ id: 1 }, { id: 1 }, { id: 1 }, { id: 2 }]);
  });

  test('whose failure handler throws goes on, and what failed is settled', async () => {
    const { transport, topic, target, notifier } = set();
    const heard: unknown[] = [];
    const endpoint = {
      info: ({ payload }: Notification) => {
        heard.push(payload);
        throw new Error('poison');
      },
    };
    const onFailure = () => {
      throw new Error('mine');
    };
    const listener = getNotificationListener(transport, [target], [endpoint], { onFailure });
    await listener.start();
    for (const payload of [1, 2]) {
      await notifier.info({}, 'compute.create', payload);
    }
    await until(async () => (heard.length === 2 ? true : undefined));
    await listener.stop();
    await listener.wait();
    expect([heard, await count(`${topic}.info`)]).toEqual([[1, 2], 0]);
  });

  test('starts again after a stop, with what it had begun to gather', async () => {
    const { transport, target, notifier } = set();
    const heard: number[] = [];
    const endpoint = { info: (batch: readonly Notification[]) => void heard.push(batch.length) };
    const listener = getNotificationListener(transport, [target], [endpoint], {
      batchSize: 10,
      batchTimeoutMs: 300,
    });
    await listener.start();
    await notifier.info({}, 'compute.create', 1);
    await listener.stop();
    // Without a wait: it is done by the start.
    await listener.start();
    await until(async () => (heard.length === 1 ? true : undefined));
    expect(heard).toEqual([1]);
  });

  test('without leave to requeue a failed one is gone', async () => {
    const { transport, notifier, target, topic } = set();
    const failures: unknown[] = [];
    const endpoint = { info: () => Promise.reject(new Error('no')) };
    const onFailure = (thrown: unknown) => failures.push(thrown);
    await getNotificationListener(transport, [target], [endpoint], { onFailure }).start();
    await notifier.info({}, 'a', {});
    await until(async () =>
      failures.length === 1 && (await count(`${topic}.info`)) === 0 ? true : undefined,
    );
  });

  test('in batches gets full ones at once and the rest after a while, by priority', async () => {
    const { transport, notifier, target } = set();
    const batches: unknown[][] = [];
    const note = (batch: readonly Notification[]) =>
      void batches.push(batch.map(({ priority, payload }) => [priority, payload]));
    for (const payload of [1, 2, 3]) {
      await notifier.info({}, 'a', payload);
    }
    const endpoint = { info: note, error: note, filter: { eventType: 'a' } };
    const options = { batchSize: 2, batchTimeoutMs: 50 };
    await getNotificationListener(transport, [target], [endpoint], options).start();
    await until(async () => (batches.length === 2 ? true : undefined));
    expect(batches).toEqual([
      [
        ['info', 1],
        ['info', 2],
      ],
      [['info', 3]],
    ]);
  });

  test('listeners of one pool share, and the queue of others is not touched', async () => {
    const { transport, notifier, target, topic } = set();
    const heard: unknown[] = [];
    const pool = broker.unique('pool');
    for (const name of ['one', 'two']) {
      const endpoint = { info: ({ payload }: Notification) => void heard.push([name, payload]) };
      await getNotificationListener(transport, [target], [endpoint], { pool }).start();
    }
    for (let id = 0; id < 6; id += 1) {
      await notifier.info({}, 'a', id);
    }
    await until(async () => (heard.length === 6 ? true : undefined));
    expect(await count(`${topic}.info`)).toBe(6);
  });
});

describe('a tap', () => {
  test('sees messages masked, takes none away, and leaves nothing behind', async () => {
    const { transport, notifier, exchange, topic } = set();
    await notifier.info({}, 'first', {});
    const seen: TappedMessage[] = [];
    const options = { exchange, routingKey: '#', maxMessages: 2, maxSeconds: 10 };
    const tapping = (async () => {
      for await (const message of tap(transport, options)) {
        seen.push(message);
      }
    })();
    await until(async () => ((await bindings(exchange)) === 2 ? true : undefined));
    await notifier.info({}, 'second', { password: 'hunter2', id: 1 });
    await getRpcClient(transport, new Target({ topic: 'nobody' })).cast({ auth_token: 'hunter2' }, 'm', {});
    await tapping;
    expect(seen.map(({ routingKey }) => routingKey)).toEqual([`${topic}.info`, 'nobody']);
    expect(seen[0]?.message).toMatchObject({ event_type: 'second', payload: { password: '***', id: 1 } });
    expect(seen[1]?.message).toMatchObject({ method: 'm', _context_auth_token: '***' });
    expect(await count(`${topic}.info`)).toBe(2);
    await until(async () => ((await bindings(exchange)) === 1 ? true : undefined));
  });

  test.each(['signal', 'return'] as const)('ended by %s it leaves nothing behind', async (way) => {
    const { transport, notifier, exchange } = set();
    await notifier.info({}, 'first', {});
    const stop = new AbortController();
    const stream = tap(transport, { exchange, routingKey: '#', signal: stop.signal });
    const first = stream.next();
    await until(async () => ((await bindings(exchange)) === 2 ? true : undefined));
    await notifier.info({}, 'second', {});
    expect((await first).value).toMatchObject({ message: { event_type: 'second' } });
    if (way === 'signal') {
      const end = stream.next();
      stop.abort();
      expect(await end).toEqual({ done: true, value: undefined });
    } else {
      await stream.return();
    }
    await until(async () => ((await bindings(exchange)) === 1 ? true : undefined));
  });

  test('ends when its time is over although nothing passes, and the garbage is collected meanwhile', async () => {
    const { transport, notifier, exchange } = set();
    await notifier.info({}, 'first', {});
    const { signal } = new AbortController();
    const next = tap(transport, { exchange, routingKey: 'nothing', maxSeconds: 1, signal }).next();
    await until(async () => ((await bindings(exchange)) === 2 ? true : undefined));
    collectGarbage();
    expect(await next).toEqual({ done: true, value: undefined });
    await until(async () => ((await bindings(exchange)) === 1 ? true : undefined));
  });

  test('on an exchange that is not there it fails, and creates none', async () => {
    const { transport } = set();
    const exchange = broker.unique('missing');
    await expect(tap(transport, { exchange, routingKey: '#' }).next()).rejects.toThrow('404');
    await transport.connect(1_000);
  });

  test('ends with an error when its connection is lost', async () => {
    const { transport, notifier, exchange } = set();
    await notifier.info({}, 'first', {});
    const next = tap(transport, { exchange, routingKey: '#' }).next();
    const failed = expect(next).rejects.toThrow(`The tap on exchange '${exchange}' ended`);
    await until(async () => ((await bindings(exchange)) === 2 ? true : undefined));
    await broker.cut(transport);
    await failed;
  });
});

async function bindings(exchange: string): Promise<number> {
  const rows = await broker.manage('GET', `/exchanges/%2F/${exchange}/bindings/source`);
  return Array.isArray(rows) ? rows.length : 0;
}

/** Node's own collector, which no program sees without asking. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
