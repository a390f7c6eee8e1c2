import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { longestDelayMs, pause, timerDelay } from '../../src/rpc/amqp/deadline.ts';
import {
  BrokerUnreachable,
  getNotificationListener,
  getRpcServer,
  getTransport,
  MessageDeliveryFailure,
  Target,
  tap,
} from '../../src/rpc/index.ts';

/** Nobody listens there. */
const nowhere = () => getTransport('rabbit://127.0.0.1:1/', { reconnect: { initialDelayMs: 5 } });
const target = new Target({ topic: 't', server: 's' });

describe('a number that would never be reached is refused, with its name', () => {
  test.each([-1, 65_536, 1.5, Number.NaN])('by a server: a prefetch of %s', async (prefetch) => {
    await using transport = nowhere();
    expect(() => getRpcServer(transport, target, [{}], { prefetch })).toThrow(
      'The option prefetch of getRpcServer must be a whole number of at least 0 and at most 65535',
    );
  });

  test.each([0, -1, 1.5, Number.NaN])('by a listener: a batch size of %s', async (batchSize) => {
    await using transport = nowhere();
    expect(() => getNotificationListener(transport, [target], [{ info() {} }], { batchSize })).toThrow(
      `must be a whole number of at least 1; it is ${batchSize}.`,
    );
  });
});

test('times beyond what a timer holds are as long as a timer can be, not none', async () => {
  expect([3e9, Number.POSITIVE_INFINITY].map(timerDelay)).toEqual([longestDelayMs, longestDelayMs]);
  const ending = new AbortController();
  let isOver = false;
  const paused = pause(Number.POSITIVE_INFINITY, ending.signal).then(() => {
    isOver = true;
  });
  // A delay that no timer can hold would be over after 1 ms, so before a timer that is set later and waits longer.
  await pause(5, new AbortController().signal);
  expect(isOver).toBe(false);
  ending.abort();
  await paused;
});

test.each([0.0125, 0.5, Number.POSITIVE_INFINITY])(
  'a tap may take %s seconds, whole or not, and says that there is no broker',
  async (maxSeconds) => {
    await using transport = nowhere();
    await expect(tap(transport, { exchange: 'e', routingKey: '#', maxSeconds }).next()).rejects.toThrow(
      MessageDeliveryFailure,
    );
  },
);

test('a server that is stopped before there is a broker does not begin any more, and says so', async () => {
  await using transport = nowhere();
  const server = getRpcServer(transport, target, [{}]);
  const refused = expect(server.start()).rejects.toThrow("Stopped: server 't.s'");
  await new Promise((resolve) => setImmediate(resolve));
  await server.stop();
  await refused;
});

test('an event handler that throws is a warning, and the connection goes on', async () => {
  const warned = once(process, 'warning');
  await using transport = getTransport('rabbit://127.0.0.1:1/', {
    onEvent: () => {
      throw new Error('mine');
    },
  });
  await expect(transport.connect(5_000)).rejects.toThrow(BrokerUnreachable);
  await expect(transport.connect(5_000)).rejects.toThrow(BrokerUnreachable);
  const [warning] = await warned;
  expect(String(warning)).toContain("onEvent for 'connect-failed' threw: mine");
});
