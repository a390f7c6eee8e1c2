import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  getRpcClient,
  getRpcServer,
  RemoteError,
  type ServerOptions,
  Target,
} from '../../../src/rpc/index.ts';
import { openTestBroker, type TestBroker } from '../broker.ts';

let broker: TestBroker;
beforeEach(() => {
  broker = openTestBroker();
});
afterEach(() => broker.close());

const module = new URL('../threads/endpoints.ts', import.meta.url);

async function serve(options: ServerOptions = {}) {
  const exchange = broker.unique('exchange');
  const topic = broker.unique('topic');
  const transport = broker.transport({ controlExchange: exchange });
  const server = getRpcServer(transport, new Target({ topic, server: 'host-1' }), module, {
    executor: 'threading',
    ...options,
  });
  await server.start();
  const clientTransport = broker.transport({ controlExchange: exchange });
  const client = getRpcClient(clientTransport, new Target({ topic }), { timeoutMs: 20_000 });
  return { server, transport, client };
}

describe('a server with threads', () => {
  test('answers, and fails as Python callers know it', async () => {
    const { client } = await serve();
    expect(await client.call({ user: 'u' }, 'echo', { big: 2n ** 63n })).toEqual({
      context: { user: 'u', client_timeout: null },
      args: { big: 2n ** 63n },
      isMainThread: false,
    });
    const failure: unknown = await client.call({}, 'python').catch((reason: unknown) => reason);
    expect(failure).toMatchObject({ excType: 'KeyError', module: 'builtins', args: ['k', 2n ** 63n] });
    await expect(client.call({}, 'circular')).rejects.toThrow(RemoteError);
  });

  test('goes on sending signs of life while a thread is busy', async () => {
    const { client } = await serve();
    const monitored = client.prepare({ callMonitorTimeoutMs: 2_000 });
    expect(await monitored.call({}, 'spin', { ms: 4_500 })).toBe('done');
  });

  test('tells the caller of a thread that died, and serves the next one', async () => {
    const failures: unknown[] = [];
    const { client } = await serve({
      concurrency: 1,
      onFailure: (method, thrown) => failures.push([method, thrown]),
    });
    await expect(client.call({}, 'exit')).rejects.toThrow('may be half done');
    expect(failures).toMatchObject([['exit', { name: 'WorkerLost' }]]);
    expect(await client.call({}, 'oslo_rpc_server_ping')).toBe('pong');
  });

  test('runs no more at a time than it has threads, and finishes what it began before it ends', async () => {
    const { client, server, transport } = await serve({ concurrency: 2 });
    const threads = await Promise.all(Array.from({ length: 8 }, () => client.call({}, 'thread')));
    expect(new Set(threads).size).toBeLessThanOrEqual(2);
    const slow = client.call({}, 'spin', { ms: 300 });
    // Sent after it on the same way: when this one is answered, that one has begun.
    await client.call({}, 'thread');
    await server.stop();
    await server.wait();
    expect(await slow).toBe('done');
    await server.start();
    expect(await client.prepare({ server: 'host-1' }).call({}, 'oslo_rpc_server_ping')).toBe('pong');
    await transport.cleanup();
  });

  test('that cannot load its module does not start', async () => {
    const target = new Target({ topic: broker.unique('topic'), server: 'host-1' });
    const missing = new URL('../threads/missing.js', import.meta.url);
    const server = getRpcServer(broker.transport(), target, missing, { executor: 'threading' });
    await expect(server.start()).rejects.toThrow('cannot be loaded');
  });
});
