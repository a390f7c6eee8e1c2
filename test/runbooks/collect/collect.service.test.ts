import { randomUUID } from 'node:crypto';
import { type ChannelModel, connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { waitFor } from '../../../sandbox/wait.ts';
import { openManagement, openMetrics } from '../../../src/rpc/index.ts';
import {
  answerTo,
  type ClusterPorts,
  type CollectNode,
  collectSnapshot,
  lookAt,
} from '../../../src/runbooks/index.ts';
import { settings } from '../observation.ts';

const NODE = 'rabbit@localhost';
const clock = { now: () => Date.now(), sleep: () => Promise.resolve() };
const run = randomUUID().slice(0, 8);
const names = { read: `read-${run}`, unread: `unread-${run}`, stream: `stream-${run}` };
const clientName = `nova-conductor:1:${randomUUID()}`;

function node(by: 'totals' | 'metrics'): CollectNode {
  const url = new URL(inject('managementUrl'));
  const management = openManagement({
    node: NODE,
    url: url.origin,
    username: url.username,
    password: url.password,
  });
  const metrics = openMetrics({ node: NODE, url: inject('metricsUrl') });
  return { name: NODE, management, ...(by === 'metrics' ? { metrics } : {}) };
}

const sweep = (by: 'totals' | 'metrics') =>
  collectSnapshot({ cluster: 'test', nodes: [node(by)], deadlineMs: 10_000, clock });

let connection: ChannelModel;
beforeAll(async () => {
  connection = await connect(inject('amqpUrl'), { clientProperties: { connection_name: clientName } });
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(names.read, { durable: false });
  await channel.consume(names.read, () => undefined);
  await channel.assertQueue(names.unread, { durable: false, arguments: { 'x-expires': 600_000 } });
  await channel.assertQueue(names.stream, { durable: true, arguments: { 'x-queue-type': 'stream' } });
  for (const name of [names.unread, names.stream]) {
    channel.sendToQueue(name, Buffer.from('x'));
  }
  await channel.waitForConfirms();
});
afterAll(async () => {
  const channel = await connection.createChannel();
  for (const name of Object.values(names)) {
    await channel.deleteQueue(name);
  }
  await connection.close();
});

describe.each(['totals', 'metrics'] as const)('a sweep of a real broker by its %s', (by) => {
  test('sees one side, its queues with their consumers, and the client', async () => {
    const snapshot = await waitFor(
      'the sweep to see everything',
      async () => {
        const seen = await sweep(by);
        const unread = seen.queues.rows.find(({ name }) => name === names.unread);
        const client = seen.connections.rows.find((row) => row.clientName === clientName);
        // The broker's metrics know a young stream some seconds later than its other queues, and a busy one a consumer.
        const stream = seen.queues.rows.find(({ name }) => name === names.stream);
        const read = seen.queues.rows.find(({ name }) => name === names.read);
        const isWhole = unread?.ready === 1 && client?.channels === 1 && read?.consumers === 1;
        return isWhole && stream !== undefined ? seen : false;
      },
      { withinMs: 20_000 },
    );
    expect(snapshot.sides).toMatchObject([{ members: [NODE] }]);
    expect(snapshot.queues.missing).toEqual([]);
    const row = (name: string) => snapshot.queues.rows.find((each) => each.name === name);
    expect(row(names.read)).toMatchObject({ ready: 0, consumers: 1, seenBy: NODE });
    expect(row(names.unread)).toMatchObject({ ready: 1, consumers: 0, type: 'classic' });
    expect(row(names.stream)).not.toHaveProperty('consumers');
    const client = snapshot.connections.rows.find((each) => each.clientName === clientName);
    expect(snapshot.consumers.rows).toContainEqual({
      vhost: '/',
      queue: names.read,
      connectionName: client?.name,
    });
  });

  test('tells a stream, which keeps its messages, from a queue', async () => {
    const snapshot = await waitFor(
      'the stream',
      async () => {
        const seen = await sweep(by);
        return seen.queues.rows.some(({ name, type }) => name === names.stream && type === 'stream') && seen;
      },
      { withinMs: 20_000 },
    );
    expect(snapshot.queues.missing).toEqual([]);
  });
});

test('a real broker lists what it counts: a listing of many is whole', async () => {
  const channel = await connection.createChannel();
  const many = Array.from({ length: 24 }, (_, index) => `many-${run}-${index}`);
  for (const name of many) {
    await channel.assertQueue(name, { durable: false });
    await channel.consume(name, () => undefined);
  }
  try {
    const { totals } = await waitFor(
      'the broker to count them',
      async () => {
        const overview = await node('totals').management.overview({ timeoutMs: 5_000 });
        return (overview.totals.consumers ?? 0) >= many.length && overview;
      },
      { withinMs: 20_000 },
    );
    expect(totals.queues).toBeGreaterThanOrEqual(many.length);
    for (const by of ['totals', 'metrics'] as const) {
      const snapshot = await sweep(by);
      expect(
        [snapshot.queues, snapshot.consumers, snapshot.connections].map(({ missing }) => missing),
      ).toEqual([[], [], []]);
      expect(snapshot.consumers.rows.length).toBeGreaterThanOrEqual(many.length);
    }
  } finally {
    for (const name of many) {
      await channel.deleteQueue(name);
    }
    await channel.close();
  }
});

test('looks are answered by a real broker', async () => {
  const ports: ClusterPorts = {
    settings,
    management: [node('totals').management],
    hosts: { argvOf: () => undefined, run: async () => ({ kind: 'not-started', because: 'no hosts here' }) },
    probe: () => Promise.reject(new Error('not asked')),
    clock,
  };
  const looks = [
    { look: 'queue', vhost: '/', name: names.unread },
    { look: 'queue', vhost: '/', name: 'no such queue' },
    { look: 'side', node: NODE },
    { look: 'stop-is-safe', node: NODE },
    { look: 'connection', name: 'no such connection' },
  ] as const;
  const answered = await lookAt(looks, ports, { deadlineMs: 10_000 });
  const [queue, noQueue, side, stop, noConnection] = looks.map((look) => answerTo(answered, look));
  expect(queue).toMatchObject({
    kind: 'queue',
    byNode: [{ node: NODE, row: { name: names.unread, expiresMs: 600_000, isDurable: false } }],
  });
  expect(noQueue).toEqual({ kind: 'queue', byNode: [{ node: NODE }] });
  expect(side).toMatchObject({ kind: 'side', node: NODE });
  expect(side?.kind === 'side' && side.queues.map(({ name }) => name)).toContain(names.unread);
  expect(stop).toEqual({ kind: 'stop-is-safe', isSafe: true, critical: [] });
  expect(noConnection).toEqual({ kind: 'gone' });
});
