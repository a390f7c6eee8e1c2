import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeEnvelope, getRpcClient, getRpcServer, Target, type Transport } from '../../src/rpc/index.ts';
import { openTestBroker, type TestBroker, until } from './broker.ts';

let broker: TestBroker;
beforeEach(() => {
  broker = openTestBroker();
});
afterEach(() => broker.close());

/** A message as anybody with access to the broker may send it. */
interface Sent {
  readonly body: Buffer;
  readonly contentType?: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

const hostile = [
  'constructor',
  '__proto__',
  'prototype',
  'toString',
  'valueOf',
  'then',
  'hasOwnProperty',
  '',
];
const names = fc.oneof(fc.constantFrom(...hostile, 'echo', '_private', 'x'.repeat(300)), fc.string());
const values = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(-1, 0, 1, 1e300, '9'.repeat(30), 'NaN', { toString: 1 }, { toJSON: null }, [[[[]]]]),
);
/** Every field of a request, each absent, right or wrong. */
const fields = fc.record(
  {
    method: fc.oneof(names, values),
    args: fc.oneof(fc.dictionary(names, values), values),
    namespace: values,
    version: fc.oneof(fc.constantFrom('1.0', '1.', 'x', '99999999999999999999.1', '-1.-1'), values),
    _msg_id: fc.oneof(names, values),
    _reply_q: fc.oneof(names, values),
    _timeout: fc.oneof(fc.constantFrom(1e12, -5, '7', 2 ** 31), values),
    _unique_id: fc.oneof(names, values),
    _context_user: values,
    _context___proto__: values,
    result: values,
    failure: values,
    ending: values,
  },
  { requiredKeys: [] },
);

const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fields.map((message) => Buffer.from(JSON.stringify(message))),
  fields.map((message) => encodeEnvelope(message)),
  fc.tuple(fields, fc.nat(200)).map(([message, cut]) => encodeEnvelope(message).subarray(0, -1 - cut)),
  fc
    .tuple(values, values)
    .map(([version, inner]) =>
      Buffer.from(JSON.stringify({ 'oslo.version': version, 'oslo.message': inner })),
    ),
  // Deep and long: a stack or a memory that gives way.
  fc.constantFrom('[', '{"a":').map((open) => Buffer.from(open.repeat(50_000))),
  fc.constantFrom('method', 'args', '_msg_id', 'version').map((key) => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    return Buffer.from(`{"method": "echo", "_msg_id": "m", "_reply_q": "q", "${key}": ${deep}}`);
  }),
  fc.constant(Buffer.from(`{"method": "echo", "args": {"big": ${'9'.repeat(100_000)}}}`)),
);

const messages: fc.Arbitrary<Sent> = fc.record({
  body: bodies,
  contentType: fc.constantFrom('application/json', 'application/json', 'application/json', 'text/plain', ''),
  headers: fc.oneof(
    fc.constant({}),
    fc.record({ compression: fc.constantFrom('application/x-gzip', 'application/x-bz2', '', 7, true) }),
  ),
});

const send = (exchange: string, key: string, sent: readonly Sent[]) =>
  broker.raw(async (channel) => {
    for (const { body, ...properties } of sent) {
      channel.publish(exchange, key, body, properties);
    }
    await channel.waitForConfirms();
  });

test('whatever is sent to a server, it goes on serving, and nothing stays behind', {
  timeout: 120_000,
}, async () => {
  const exchange = broker.unique('exchange');
  const topic = broker.unique('topic');
  const transport = broker.transport({ controlExchange: exchange, missingReplyQueueMs: 10 });
  const ran: unknown[] = [];
  const endpoint = {
    echo: (_context: unknown, args: unknown) => void ran.push(args),
    _private: () => ran.push('_'),
  };
  const server = getRpcServer(transport, new Target({ topic, server: 'host-1' }), [endpoint]);
  await server.start();
  const client = getRpcClient(broker.transport({ controlExchange: exchange }), new Target({ topic }), {
    timeoutMs: 20_000,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(messages, { minLength: 20, maxLength: 60 }), async (sent) => {
      await send(exchange, topic, sent);
      // In the same queue, behind them all.
      expect(await client.call({}, 'oslo_rpc_server_ping')).toBe('pong');
    }),
    { numRuns: 40 },
  );
  await server.stop();
  await server.wait();
  expect(ran).not.toContain('_');
  expect(await broker.raw((channel) => channel.checkQueue(topic))).toMatchObject({ messageCount: 0 });
  expect(transport.events.filter(({ kind }) => kind === 'dropped').length).toBeGreaterThan(0);
  // One connection all the time: nothing was so bad that the channel or the connection went.
  expect(transport.events.filter(({ kind }) => kind !== 'dropped').map(({ kind }) => kind)).toEqual([
    'connected',
  ]);
});

test('whatever comes into a reply queue, the calls that wait get their own answers', {
  timeout: 120_000,
}, async () => {
  const exchange = broker.unique('exchange');
  const topic = broker.unique('topic');
  const serving = broker.transport({ controlExchange: exchange });
  const waiting: (() => void)[] = [];
  const held = (_context: unknown, args: unknown) =>
    new Promise((resolve) => {
      waiting.push(() => resolve(args));
    });
  await getRpcServer(serving, new Target({ topic, server: 'host-1' }), [{ held }]).start();
  for (const osloIdentical of [false, true]) {
    const transport = broker.transport({ controlExchange: exchange, osloIdentical });
    const client = getRpcClient(transport, new Target({ topic }), { timeoutMs: 20_000 });
    await fc.assert(
      fc.asyncProperty(fc.array(messages, { minLength: 20, maxLength: 60 }), async (sent) => {
        const call = client.call({}, 'held', { a: 1 });
        await until(async () => waiting.length > 0 || undefined);
        await send('', transport.replies.name, sent);
        waiting.pop()?.();
        expect(await call).toEqual({ a: 1 });
      }),
      { numRuns: 20 },
    );
    expect(connections(transport)).toEqual(['connected']);
    expect(transport.replies.waiting).toBe(0);
  }
});

function connections(
  transport: Transport & { readonly events: readonly { readonly kind: string }[] },
): string[] {
  return transport.events.map(({ kind }) => kind).filter((kind) => kind !== 'dropped');
}
