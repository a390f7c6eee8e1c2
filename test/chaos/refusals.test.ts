import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  getNotifier,
  getRpcClient,
  getRpcServer,
  getTransport,
  probeService,
  Target,
  TopologyConflict,
  type Transport,
  type TransportEvent,
  tap,
} from '../../src/rpc/index.ts';
import { type ChaosBroker, startChaosBroker } from './broker.ts';

let broker: ChaosBroker;
const opened: Transport[] = [];
beforeAll(async () => {
  broker = await startChaosBroker();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.cleanup()));
});
afterAll(() => broker?.close());

function open(url = broker.amqpUrl): Transport & { readonly events: TransportEvent[] } {
  const events: TransportEvent[] = [];
  const transport = getTransport(url, {
    reconnect: { initialDelayMs: 20, maxDelayMs: 200 },
    onEvent: (event) => events.push(event),
  });
  opened.push(transport);
  return Object.assign(transport, { events });
}

/** As a user who has these permissions in a virtual host of its own. */
async function openAs(configure: string, write: string, read: string) {
  const name = `u-${randomUUID()}`;
  await broker.ctl('add_vhost', name);
  await broker.ctl('add_user', name, 'pw');
  await broker.ctl('set_permissions', '-p', name, name, configure, write, read);
  const { host } = new URL(broker.amqpUrl);
  return open(`amqp://${name}:pw@${host}/${name}`);
}

const addressed = () => new Target({ topic: `topic-${randomUUID()}`, server: 'host-1' });
const echo = { echo: (_context: unknown, args: unknown) => args };

async function seen(transport: { readonly events: readonly TransportEvent[] }, kind: string) {
  for (;;) {
    const event = transport.events.find((each) => each.kind === kind);
    if (event) {
      return event;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('while a broker is short of memory', () => {
  test('a tap and a probe end in their time with that reason, and what stops does stop', async () => {
    const target = addressed();
    const transport = open();
    const server = getRpcServer(transport, target, [echo]);
    await server.start();
    await broker.ctl('set_vm_memory_high_watermark', '0.00001');
    try {
      // The broker blocks whoever publishes.
      const client = getRpcClient(transport, target, { timeoutMs: 500 });
      await expect(client.call({}, 'echo')).rejects.toThrow();
      await seen(transport, 'blocked');
      const options = { exchange: 'openstack', routingKey: '#' };
      await expect(tap(transport, { ...options, maxSeconds: 0.2 }).next()).rejects.toThrow(
        'it accepts no messages now: low on memory',
      );
      const ending = new AbortController();
      const tapped = tap(transport, { ...options, signal: ending.signal }).next();
      ending.abort();
      expect((await tapped).done).toBe(true);
      const { verdict, how } = await probeService(transport, target, { timeoutMs: 200 });
      expect([verdict, how]).toEqual(['unreachable', 'The broker accepts no messages now: low on memory.']);
      await server.stop();
      await server.wait();
      await transport.cleanup();
    } finally {
      await broker.ctl('set_vm_memory_high_watermark', '0.4');
    }
  });
});

test('a result that the broker finds too large is a failure that the caller is told, and others are answered', async () => {
  await broker.ctl('eval', 'application:set_env(rabbit, max_message_size, 100000).');
  await broker.ctl('eval', 'persistent_term:put(max_message_size, 100000).');
  try {
    const target = addressed();
    const large = { ...echo, large: () => 'x'.repeat(200_000) };
    await getRpcServer(open(), target, [large]).start();
    const client = getRpcClient(open(), target, { timeoutMs: 20_000 });
    for (let time = 0; time < 2; time += 1) {
      await expect(client.call({}, 'large')).rejects.toThrow(/bytes, but the broker accepts at most 100000/);
    }
    await expect(client.cast({}, 'echo', { text: 'x'.repeat(200_000) })).rejects.toThrow('at most');
    expect(await client.call({}, 'echo', { id: 1 })).toEqual({ id: 1 });
  } finally {
    await broker.ctl('eval', 'application:set_env(rabbit, max_message_size, 134217728).');
    await broker.ctl('eval', 'persistent_term:put(max_message_size, 134217728).');
  }
});

describe('a user who may not', () => {
  test('read or bind is told so at once, by all that needs it', async () => {
    const transport = await openAs('.*', '.*', '^$');
    const client = getRpcClient(transport, addressed());
    await expect(client.call({}, 'echo')).rejects.toThrow(
      /refuses to consume queue 'reply_.*ACCESS_REFUSED/s,
    );
    await expect(getRpcServer(transport, addressed(), [echo]).start()).rejects.toThrow(TopologyConflict);
    const notifier = getNotifier(transport, { publisherId: 'p' });
    await expect(notifier.info({}, 'e', {})).rejects.toThrow("refuses to bind queue 'notifications.info'");
  });

  test('answer gives the reply up at once, and says so', async () => {
    const transport = await openAs('.*', '^(?!amq.default).*', '.*');
    const target = addressed();
    await getRpcServer(transport, target, [echo]).start();
    const call = getRpcClient(transport, target, { timeoutMs: 60_000 }).call({}, 'echo');
    call.catch(() => {});
    expect(await seen(transport, 'dropped')).toMatchObject({
      reason: expect.stringContaining('amq.default'),
    });
  });

  test('use the virtual host is told which one', async () => {
    const transport = open(`${broker.amqpUrl}/nobodys`);
    await expect(transport.connect(5_000)).rejects.toThrow("virtual host 'nobodys' was refused");
  });
});

test('a broker that says goodbye in the same breath as welcome is left, and tried again', async () => {
  const openOk = Buffer.from([0, 10, 0, 41]);
  const said = Buffer.from('CONNECTION_FORCED - broker forced connection closure');
  // connection.close, 320: a method frame on channel 0.
  const method = Buffer.concat([
    Buffer.from([0, 10, 0, 50, 1, 64, said.length]),
    said,
    Buffer.from([0, 0, 0, 0]),
  ]);
  const goodbye = Buffer.concat([
    Buffer.from([1, 0, 0, 0, 0, 0, method.length]),
    method,
    Buffer.from([0xce]),
  ]);
  let connections = 0;
  const between = createServer((near) => {
    connections += 1;
    const isFirst = connections === 1;
    const far = connect(Number(new URL(broker.amqpUrl).port), '127.0.0.1');
    near.on('error', () => {}).on('close', () => far.destroy());
    far.on('error', () => {}).on('close', () => near.destroy());
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) =>
      near.write(isFirst && bytes.includes(openOk) ? Buffer.concat([bytes, goodbye]) : bytes),
    );
  });
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  try {
    const address = between.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const url = new URL(broker.amqpUrl);
    url.port = String(port);
    const transport = open(url.href);
    await getRpcClient(transport, addressed(), { timeoutMs: 10_000 }).cast({}, 'echo');
    expect(transport.events.map(({ kind }) => kind)).toEqual(['connect-failed', 'connected']);
    await transport.cleanup();
  } finally {
    between.close();
  }
});
