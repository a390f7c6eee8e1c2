import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import {
  getNotifier,
  getRpcClient,
  getRpcServer,
  getTransport,
  probeService,
  Target,
  type Transport,
  type TransportOptions,
  tap,
} from '../../src/rpc/index.ts';
import { openTestBroker, type TestBroker } from './broker.ts';

const secret = 'hunter2';
/** Whatever it becomes on the way: decoded, encoded, as bytes. */
const traces = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];
const heard: unknown[] = [];
let broker: TestBroker;
beforeEach(() => {
  broker = openTestBroker();
  heard.length = 0;
});
afterEach(() => broker.close());

function expectNoSecret(): void {
  expect(heard.length).toBeGreaterThan(0);
  for (const each of heard) {
    const texts = [String(each), inspect(each, { depth: 20, showHidden: true }), String(Object(each).stack)];
    for (const text of texts) {
      for (const trace of traces) {
        expect(text).not.toContain(trace);
      }
    }
  }
}

async function hear(what: Promise<unknown>): Promise<void> {
  heard.push(await what.catch((reason: unknown) => reason));
}

/** Everything a program may do with a transport, which all fails or is told here. */
async function useInEveryWay(transport: Transport): Promise<void> {
  const target = new Target({ topic: broker.unique('topic'), server: 'host-1' });
  const client = getRpcClient(transport, target, { timeoutMs: 300, retry: 0 });
  await hear(transport.connect(300));
  await hear(client.call({}, 'm'));
  await hear(client.prepare({ mandatory: true }).call({}, 'm'));
  await hear(client.cast({}, 'm'));
  await hear(getRpcServer(transport, target, []).start({ timeoutMs: 300 }));
  await hear(getNotifier(transport, { publisherId: 'p', timeoutMs: 300 }).info({}, 'e', {}));
  await hear(probeService(transport, target, { timeoutMs: 300 }));
  await hear(tap(transport, { exchange: 'nowhere', routingKey: '#', timeoutMs: 300 }).next());
  heard.push(transport.connectionName, transport.hosts, transport);
  await transport.cleanup();
  await hear(client.call({}, 'm'));
}

const open = (url: string, options: TransportOptions = {}) =>
  getTransport(url, { ...options, onEvent: (event) => heard.push(event) });

test('a URL that cannot be read does not repeat its password', () => {
  for (const url of [
    ...['rabbit://u:hunter2@h:port/', 'rabbit://u:hunter2@[::1/', 'u:hunter2@h', 'u+x:hunter2@h/'],
    ...['rabbit://u:a?hunter2@h/', 'rabbit://u:a?hunter2@h/?b=1', 'kafka://u:hunter2@h/'],
    ...['rabbit://u:hunter2@h/?ssl=hunter2', 'rabbit://h/?ssl_key_file=/hunter2'],
    ...['rabbit://h/?rabbit_login_method=hunter2', 'rabbit://h/?kombu_compression=hunter2'],
    ...['rabbit://u:hunter2@h:99999/', 'rabbit://u:hunter2@fd00::1/', 'rabbit://u:p#hunter2:x@h:y/'],
  ]) {
    try {
      heard.push(open(url).hosts);
    } catch (reason) {
      // The file that cannot be read is named by its cause, for whoever may see paths.
      heard.push(url.includes('key_file') ? String(reason) : reason);
    }
  }
  expectNoSecret();
});

test.each(['PLAIN', 'AMQPLAIN'] as const)('a login by %s that is refused does not tell it', async (login) => {
  const { port } = new URL(inject('amqpUrl'));
  await useInEveryWay(open(`rabbit://watership:${secret}@127.0.0.1:${port}/`, { login }));
  expect(heard.map((each) => Reflect.get(Object(each), 'kind'))).toContain('connect-failed');
  expectNoSecret();
});

test('peers that are not there, not RabbitMQ, or without TLS do not make it known', async () => {
  const rude = createServer((socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
  const address = rude.address();
  const port = typeof address === 'object' ? address?.port : 0;
  for (const url of [
    `rabbit://u:${secret}@127.0.0.1:1/`,
    `rabbit://u:${secret}@127.0.0.1:${port}/`,
    `rabbit://u:${secret}@127.0.0.1:${port}/?ssl=1`,
  ]) {
    await useInEveryWay(open(url, { connectTimeoutMs: 200 }));
  }
  rude.close();
  expectNoSecret();
});

test('a virtual host that may not be used, and a program that works, tell nothing either', async () => {
  const { username, password, port } = new URL(inject('amqpUrl'));
  traces.push(`:${password}@`);
  await useInEveryWay(open(`rabbit://${username}:${password}@127.0.0.1:${port}/no-such-host`));
  await useInEveryWay(open(`rabbit://${username}:${password}@127.0.0.1:${port}/`));
  traces.pop();
  expectNoSecret();
});
