import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { getNotifier, getRpcClient, getRpcServer, Target, TopologyConflict } from '../../../src/rpc/index.ts';
import { openTestBroker, type TestBroker } from '../broker.ts';
import captured from '../fixtures/topology.json' with { type: 'json' };
import { type Operation, record } from '../recorder.ts';

let broker: TestBroker;
let host: string;
beforeEach(async () => {
  broker = openTestBroker();
  host = broker.unique('captured');
  await broker.manage('PUT', `/vhosts/${host}`, {});
});
afterEach(async () => {
  await broker.close();
  await broker.manage('DELETE', `/vhosts/${host}`);
});

/** oslo's options, written where a service's transport URL would have them. */
function open(options: object) {
  const query = Object.entries(options)
    .map(([key, value]) => `${key}=${value}`)
    .join('&');
  return broker.transport({ controlExchange: 'nova', osloIdentical: true }, `/${host}?${query}`);
}

const target = new Target({ topic: 'compute', server: 'host-1' });
const working = captured.filter(({ server }) => server !== undefined);

test.each(working)('$name: we declare, bind and consume what Python does', async (capture) => {
  const serving = open(capture.options);
  const served = await record(serving);
  const endpoint = { echo: (_context: unknown, args: unknown) => args, note: () => {} };
  const server = getRpcServer(serving, target, [endpoint], { bindingCheckMs: 0 });
  await server.start();
  expect(comparable(served.operations)).toEqual(comparable(capture.server));
  const limit = capture.options.rabbit_qos_prefetch_count ?? 100;
  expect(served.operations).toContainEqual({ op: 'basic_qos', args: [0, limit, false] });

  const calling = open(capture.options);
  const called = await record(calling);
  const client = getRpcClient(calling, new Target({ topic: 'compute' }), { timeoutMs: 10_000 });
  expect(await client.call({}, 'echo', { a: 1 })).toEqual({ a: 1 });
  await client.prepare({ fanout: true }).cast({}, 'note');
  expect(comparable(called.operations)).toEqual(comparable(capture.client));

  const notifying = open(capture.options);
  const notified = await record(notifying);
  await getNotifier(notifying, { publisherId: 'p' }).info({}, 'e', {});
  expect(comparable(notified.operations)).toEqual(comparable(capture.notifier));

  served.operations.length = 0;
  await server.stop();
  expect(comparable(served.operations)).toEqual(comparable(capture.stop));
});

describe('where Python fails', () => {
  test('a conflict is told as one, with what conflicts', async () => {
    await broker.raw(async (channel) => {
      await channel.assertExchange('nova', 'topic', { durable: true });
      await channel.assertQueue('compute', { durable: true });
    }, `/${host}`);
    const durable = getRpcServer(open({}), target, []).start();
    await expect(durable).rejects.toThrow(TopologyConflict);
    await expect(durable).rejects.toThrow(`inequivalent arg 'durable' for exchange 'nova'`);
    const quorum = getRpcServer(open({ rabbit_quorum_queue: true }), target, []).start();
    await expect(quorum).rejects.toThrow(TopologyConflict);
    await expect(quorum).rejects.toThrow(`inequivalent arg 'x-queue-type' for queue 'compute'`);
  });

  test('a stream without a prefetch gets one', async () => {
    const options = {
      rabbit_transient_quorum_queue: true,
      rabbit_stream_fanout: true,
      rabbit_qos_prefetch_count: 0,
    };
    const transport = open(options);
    const { operations } = await record(transport);
    await getRpcServer(transport, target, []).start();
    expect(operations.filter(({ op }) => op === 'basic_qos')).toEqual([
      { op: 'basic_qos', args: [0, 100, false] },
    ]);
  });
});

/** Without what differs in each run, what Python says twice, and what no broker has read for years. */
function comparable(operations: readonly object[] | undefined): unknown[] {
  const plain = (operations ?? []).map((each) => {
    const text = JSON.stringify(each)
      .replaceAll(/_[0-9a-f]{32}/g, '_<id>')
      .replaceAll(/:\d+"/g, ':<n>"');
    const { arguments: given, ...rest }: Operation = JSON.parse(text);
    const { 'x-ha-policy': _mirrors, 'x-cancel-on-ha-failover': _failover, ...wanted } = Object(given);
    return { ...rest, arguments: wanted };
  });
  const seen = new Set<string>();
  const once = plain.filter((each) => {
    const text = JSON.stringify(each);
    return !seen.has(text) && seen.add(text);
  });
  return once.filter(({ op }) => op !== 'basic_qos');
}
