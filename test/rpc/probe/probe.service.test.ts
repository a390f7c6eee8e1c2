import type { ConsumeMessage } from 'amqplib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decodeBody, getRpcServer, probeService, Target } from '../../../src/rpc/index.ts';
import { openTestBroker, type TestBroker } from '../broker.ts';

let broker: TestBroker;
beforeEach(() => {
  broker = openTestBroker();
});
afterEach(() => broker.close());

async function serve(options: { readonly ping?: boolean; readonly executor?: 'blocking' } = {}) {
  const exchange = broker.unique('exchange');
  const topic = broker.unique('topic');
  const transport = broker.transport({ controlExchange: exchange });
  const hang = () => new Promise(() => {});
  await getRpcServer(transport, new Target({ topic, server: 'host-1' }), [{ hang }], options).start();
  const prober = broker.transport({ controlExchange: exchange });
  return { exchange, topic, prober };
}

test.each(['auto', 'ping', 'ignoreErrors', 'baseapi'] as const)(
  'a working service is alive for a probe of kind %s, ping endpoint or not',
  async (kind) => {
    for (const ping of [true, false]) {
      const { topic, prober } = await serve({ ping });
      for (const target of [new Target({ topic }), new Target({ topic, server: 'host-1' })]) {
        const result = await probeService(prober, target, { kind });
        expect(result.verdict).toBe('alive');
        expect(result.tookMs).toBeGreaterThan(0);
      }
    }
  },
);

test('a service that hangs is deaf, and its consumers are counted', async () => {
  const { topic, prober, exchange } = await serve({ executor: 'blocking' });
  const body = Buffer.from('{"method": "hang"}');
  await broker.raw(async (channel) => {
    channel.publish(exchange, `${topic}.host-1`, body, { contentType: 'application/json' });
    await channel.waitForConfirms();
  });
  const result = await probeService(prober, new Target({ topic, server: 'host-1' }), { timeoutMs: 200 });
  expect(result).toMatchObject({ verdict: 'deaf', consumers: 1 });
  expect(result.how).toBe(`No answer within 200 ms; queue '${topic}.host-1' has 1 consumer.`);
});

test('a service nobody has heard of is absent, and the probe leaves nothing', async () => {
  const { prober, exchange } = await serve();
  const topic = broker.unique('nobody');
  const result = await probeService(prober, new Target({ topic }));
  expect(result.verdict).toBe('absent');
  expect(result.how).toBe(
    `Exchange '${exchange}' has no queue bound for '${topic}', and there is no queue of that name.`,
  );
  const elsewhere = await probeService(prober, new Target({ topic, exchange: topic }));
  expect(elsewhere).toMatchObject({ verdict: 'absent', how: `Exchange '${topic}' does not exist.` });
  await expect(broker.raw((channel) => channel.checkExchange(topic))).rejects.toThrow('404');
});

test('a service whose queue lost its binding is absent although it consumes', async () => {
  const { topic, prober, exchange } = await serve();
  await broker.raw((channel) => channel.unbindQueue(topic, exchange, topic));
  const result = await probeService(prober, new Target({ topic }));
  expect(result).toMatchObject({ verdict: 'absent', consumers: 1 });
  expect(result.how).toContain(`although queue '${topic}' has 1 consumer`);
});

test('a virtual host that refuses its user is told by its name, with what may be wrong', async () => {
  const prober = broker.transport({}, '/no%2Fwhere');
  const result = await probeService(prober, new Target({ topic: 'compute' }));
  expect(result.verdict).toBe('unreachable');
  expect(result.how).toContain(
    "the login succeeded, but virtual host 'no/where' was refused: it does not exist, or",
  );
});

test('a probe asks for no signs of life, and expires by itself', async () => {
  const { prober, exchange } = await serve();
  const queue = broker.unique('watched');
  await broker.raw(async (channel) => {
    await channel.assertQueue(queue, { expires: 60_000 });
    await channel.bindQueue(queue, exchange, queue);
    const seen = new Promise<ConsumeMessage>((resolve) => {
      void channel.consume(queue, (message) => message && resolve(message), { noAck: true });
    });
    await probeService(prober, new Target({ topic: queue }), { timeoutMs: 500 });
    const { content, properties } = await seen;
    expect(decodeBody(content, properties)).toMatchObject({ _timeout: null });
    expect(properties.expiration).toBe('500');
  });
});

test('many probes at once each get their own answer', async () => {
  const { topic, prober } = await serve();
  const targets = ['host-1', 'host-2', undefined].flatMap((server) =>
    Array.from({ length: 10 }, () => new Target({ topic, ...(server !== undefined && { server }) })),
  );
  const results = await Promise.all(targets.map((target) => probeService(prober, target)));
  expect(results.map(({ verdict }) => verdict)).toEqual([
    ...Array.from({ length: 10 }, () => 'alive'),
    ...Array.from({ length: 10 }, () => 'absent'),
    ...Array.from({ length: 10 }, () => 'alive'),
  ]);
});
