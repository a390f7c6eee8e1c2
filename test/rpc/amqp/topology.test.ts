import { expect, test } from 'vitest';
import {
  fanoutExchange,
  fanoutQueue,
  type Queue,
  replyQueue,
  serverQueues,
  sharedQueue,
  topicExchange,
} from '../../../src/rpc/amqp/topology.ts';
import type { QueueOptions } from '../../../src/rpc/options/options.ts';
import captured from '../fixtures/topology.json' with { type: 'json' };

/** oslo's options of each capture, in our words. */
const options: Readonly<Record<string, QueueOptions>> = {
  'default.14.0.3': {},
  'durable.14.0.3': { durable: true },
  'autodelete.14.0.3': { autoDelete: true },
  'quorum.14.0.3': { quorum: true, quorumDeliveryLimit: 5 },
};
const cases = Object.entries(options).map(([name, queues]) => ({ name, queues, ops: find(name) }));

test.each(cases)('$name: a server declares exactly what Python declares', ({ queues, ops }) => {
  const bound = serverQueues({ exchange: 'nova', topic: 'compute', server: 'host-1' }, queues);
  const ours = bound.flatMap(({ exchange, queue, routingKey }) => [
    {
      op: 'exchange_declare',
      exchange: exchange.name,
      type: exchange.type,
      durable: exchange.durable,
      auto_delete: exchange.autoDelete,
      arguments: null,
    },
    declared(queue),
    {
      op: 'queue_bind',
      queue: queue.name,
      exchange: exchange.name,
      routing_key: routingKey,
      arguments: null,
    },
  ]);
  const theirs = ops.server.filter(({ op }) => op !== 'basic_consume');
  expect(ours.map((each) => withoutId(each))).toEqual(theirs.map((each) => withoutId(each)));
});

test.each(cases)('$name: an identical reply queue and the notification queue too', ({ queues, ops }) => {
  const reply = declared(replyQueue({ osloIdentical: true, queues }));
  expect(withoutId(reply)).toEqual(withoutId(ops.client.find(({ op }) => op === 'queue_declare')));
  const notification = declared(sharedQueue('notifications.info', queues));
  expect(notification).toEqual(ops.notifier.find(({ op }) => op === 'queue_declare'));
});

test('by default a reply queue is exclusive and leaves nothing behind', () => {
  expect(replyQueue({})).toMatchObject({ exclusive: true, autoDelete: true, durable: false, arguments: {} });
});

test('with transient quorum queues, fanout and reply are durable quorum queues that expire', () => {
  const queues = { quorum: true, transientQuorum: true };
  const quorum = { durable: true, arguments: { 'x-expires': 1_800_000, 'x-queue-type': 'quorum' } };
  expect(fanoutQueue('compute', queues)).toMatchObject(quorum);
  expect(replyQueue({ osloIdentical: true, queues })).toMatchObject(quorum);
  expect(fanoutExchange('compute', queues)).toMatchObject({ durable: true, autoDelete: true });
  expect(topicExchange('nova', queues)).toMatchObject({ durable: true, autoDelete: false });
});

test('an expiry of zero is none, and another one is in milliseconds', () => {
  expect(fanoutQueue('compute', { transientExpiresMs: 0 }).arguments).toEqual({});
  expect(fanoutQueue('compute', { transientExpiresMs: 5_000 }).arguments).toEqual({ 'x-expires': 5_000 });
});

function find(name: string) {
  const found = captured.find((each) => each.name === name);
  if (!found?.server) {
    throw new Error(`no capture ${name}`);
  }
  const { server, client = [], notifier = [] } = found;
  return { server, client, notifier };
}

function declared(queue: Queue) {
  return {
    op: 'queue_declare',
    queue: queue.name,
    durable: queue.durable,
    exclusive: queue.exclusive,
    auto_delete: queue.autoDelete,
    arguments: queue.arguments,
  };
}

/** Queue names end in 32 random digits. */
function withoutId(operation: object | undefined): unknown {
  return JSON.parse(JSON.stringify(operation ?? null).replaceAll(/_[0-9a-f]{32}/g, '_<id>'));
}
