import { randomUUID } from 'node:crypto';
import { type ChannelModel, connect } from 'amqplib';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { waitFor } from '../../../sandbox/wait.ts';
import { type ManagementApi, ManagementError, openManagement, openMetrics } from '../../../src/rpc/index.ts';

const limits = { timeoutMs: 10_000 };
/** Statistics come once a tick; five of them are an eternity. */
const soon = { withinMs: 20_000 };

function opened(password?: string): ManagementApi {
  const url = new URL(inject('managementUrl'));
  return openManagement({
    node: 'rabbit@localhost',
    url: url.origin,
    username: decodeURIComponent(url.username),
    password: password ?? decodeURIComponent(url.password),
  });
}

let connection: ChannelModel;
const clientName = `nova-compute:4242:${randomUUID()}`;
beforeEach(async () => {
  connection = await connect(inject('amqpUrl'), { clientProperties: { connection_name: clientName } });
  // The tests close it from the other side.
  connection.on('error', () => undefined);
});
afterEach(async () => {
  await connection.close().catch(() => undefined);
});

/** A queue of this name with so many messages in it. */
async function queueWith(name: string, messages: number, options: { readonly 'x-queue-type'?: string } = {}) {
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(name, { durable: true, arguments: options });
  for (let index = 0; index < messages; index += 1) {
    channel.sendToQueue(name, Buffer.from('x'));
  }
  await channel.waitForConfirms();
  return channel;
}

const inTotals = async (name: string) =>
  (await opened().queueTotals(limits)).find((row) => row.name === name);

describe('a real broker', () => {
  const api = opened();

  test('says who it is', async () => {
    // Just started, its row is ragged: the alarms come with the first statistics.
    const node = await waitFor(
      'a whole row',
      async () => (await api.nodes(limits)).find(({ hasMemoryAlarm }) => hasMemoryAlarm !== undefined),
      soon,
    );
    expect(node).toMatchObject({ name: 'rabbit@localhost', isRunning: true, hasMemoryAlarm: false });
    expect(node?.uptimeMs).toBeGreaterThan(0);
    const overview = await api.overview(limits);
    expect(overview.node).toBe('rabbit@localhost');
    expect(overview.rabbitmqVersion).toMatch(/^\d+\.\d+\.\d+/);
    expect((await api.whoAmI(limits)).tags).toContain('administrator');
    expect(await api.portOpen?.(limits)).toBe(true);
  });

  test('refuses a wrong password', async () => {
    const error: unknown = await opened('wrong')
      .nodes(limits)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ManagementError);
    expect(error).toMatchObject({ why: 'unauthorized', status: 401 });
  });

  test('knows its health checks, and which it does not have', async () => {
    expect(await api.healthCheck('alarms', limits)).toMatchObject({ kind: 'ok' });
    expect(await api.healthCheck('node-is-quorum-critical', limits)).toMatchObject({ kind: 'ok' });
    expect(await api.healthCheck('no-such-check', limits)).toEqual({ kind: 'unsupported' });
  });

  test.each(['compute', 'a/b c?d#e%2F', `<!here|x> "q" \\ 'q' é🐇`])(
    'lists and reads a queue named %s, and deletes it only while nobody uses it',
    async (name) => {
      const channel = await queueWith(name, 3);
      expect(
        await waitFor(
          'the messages',
          async () => ((await inTotals(name))?.ready === 3 ? inTotals(name) : false),
          soon,
        ),
      ).toEqual({
        vhost: '/',
        name,
        ready: 3,
        unacknowledged: 0,
        state: 'running',
      });
      expect(await api.queue('/', name, limits)).toMatchObject({ name, type: 'classic', durable: true });
      expect(await api.queue('/', name, { ...limits, stats: false })).toMatchObject({
        name,
        type: 'classic',
      });

      const { consumerTag } = await channel.consume(name, () => undefined);
      const refused = await api.deleteQueue('/', name, { ...limits, ifUnused: true });
      expect(refused).toMatchObject({ kind: 'refused', reason: expect.stringContaining('in use') });
      await channel.cancel(consumerTag);
      await channel.close();
      expect(await api.deleteQueue('/', name, { ...limits, ifUnused: true, ifEmpty: true })).toMatchObject({
        kind: 'refused',
        reason: expect.stringContaining('not empty'),
      });
      expect(await api.deleteQueue('/', name, { ...limits, ifUnused: true })).toEqual({ kind: 'accepted' });
      expect(await api.queue('/', name, limits)).toBeUndefined();
      expect(await api.deleteQueue('/', name, { ...limits, ifUnused: true })).toEqual({ kind: 'absent' });
    },
  );

  test('gives the same depths by its metrics as by its totals', async () => {
    const names = ['metrics "quoted" \\ é🐇', `reply_${randomUUID().replaceAll('-', '')}`];
    for (const name of names) {
      await queueWith(name, 2);
    }
    const metrics = openMetrics({ node: 'rabbit@localhost', url: inject('metricsUrl') });
    const rows = await waitFor(
      'the metrics',
      async () => {
        const found = (await metrics.queues(limits)).filter(({ name }) => names.includes(name));
        return found.length === 2 && found.every(({ ready }) => ready === 2) ? found : false;
      },
      soon,
    );
    expect(rows.toSorted((one, other) => one.name.localeCompare(other.name))).toEqual(
      names
        .toSorted((one, other) => one.localeCompare(other))
        .map((name) => ({ vhost: '/', name, ready: 2, unacknowledged: 0 })),
    );
    for (const name of names) {
      await api.deleteQueue('/', name, { ...limits, ifUnused: true });
    }
  });

  test('takes no page of metrics that another node writes', async () => {
    const metrics = openMetrics({ node: 'rabbit@elsewhere', url: inject('metricsUrl') });
    await expect(metrics.queues(limits)).rejects.toThrow(
      'GET /metrics/detailed on rabbit@elsewhere: the node rabbit@localhost answers at this address',
    );
  });

  test('leads from a connection to its channels, consumers and queues, and closes it with a reason', async () => {
    const name = `traced-${randomUUID()}`;
    const channel = await queueWith(name, 0);
    await channel.consume(name, () => undefined);
    const seen = await waitFor(
      'the connection',
      async () => {
        const row = (await api.connections(limits)).find((each) => each.clientName === clientName);
        return row?.channels === undefined || row.channels === 0 ? false : row;
      },
      soon,
    );
    expect(seen).toMatchObject({ node: 'rabbit@localhost', vhost: '/', channelMax: 2_047 });
    expect(await api.connection(seen.name, limits)).toMatchObject({ name: seen.name, clientName });
    const channels = await api.channelsOfConnection(seen.name, limits);
    expect(channels.map(({ connectionName }) => connectionName)).toEqual([seen.name]);
    const consumers = await waitFor(
      'the consumer',
      async () => {
        const own = (await api.consumers(limits)).filter((row) => row.queue === name);
        return own.length === 1 ? own : false;
      },
      soon,
    );
    expect(consumers).toEqual([{ vhost: '/', queue: name, connectionName: seen.name }]);
    const counted = (await api.consumerQueues(limits)).filter((row) => row.queue === name);
    expect(counted).toEqual([{ vhost: '/', queue: name }]);

    const closed = new Promise<Error>((resolve) => connection.once('close', resolve));
    expect(await api.closeConnection(seen.name, { ...limits, reason: 'INC-7 by Alice' })).toEqual({
      kind: 'accepted',
    });
    expect((await closed)?.message).toContain('INC-7 by Alice');
    await waitFor('it to be gone', async () => (await api.connection(seen.name, limits)) === undefined, soon);
    expect(await api.closeConnection(seen.name, { ...limits, reason: 'again' })).toEqual({ kind: 'absent' });
    await api.deleteQueue('/', name, { ...limits, ifUnused: true });
  });

  test('binds a queue, once or twice, and says when something is not there', async () => {
    const channel = await queueWith('to-bind', 0);
    await channel.assertExchange('to-bind_topic', 'topic', { durable: false });
    const binding = { vhost: '/', exchange: 'to-bind_topic', queue: 'to-bind', routingKey: 'to-bind' };
    expect(await api.bindQueue(binding, limits)).toEqual({ kind: 'accepted' });
    expect(await api.bindQueue(binding, limits)).toEqual({ kind: 'accepted' });
    const named = (await api.bindingsOfQueue('/', 'to-bind', limits)).filter(({ source }) => source !== '');
    expect(named).toMatchObject([{ source: 'to-bind_topic', routingKey: 'to-bind' }]);
    expect(await api.bindQueue({ ...binding, exchange: 'no-such' }, limits)).toEqual({ kind: 'absent' });
    await channel.deleteExchange('to-bind_topic');
    await channel.deleteQueue('to-bind');
  });

  test('lists bindings and exchanges', async () => {
    const channel = await queueWith('bound', 0);
    await channel.assertExchange('bound_fanout', 'fanout', { durable: true });
    await channel.bindQueue('bound', 'bound_fanout', 'key');
    const binding = {
      vhost: '/',
      source: 'bound_fanout',
      destination: 'bound',
      destinationType: 'queue',
      routingKey: 'key',
    };
    expect(await api.bindingsOfQueue('/', 'bound', limits)).toContainEqual(binding);
    expect(await api.bindings(limits)).toContainEqual(binding);
    expect(await api.exchanges(limits)).toContainEqual({ vhost: '/', name: 'bound_fanout' });
    await channel.deleteExchange('bound_fanout');
    await channel.deleteQueue('bound');
  });
});
