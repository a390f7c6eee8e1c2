import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  decodeBody,
  getNotifier,
  getRpcClient,
  getRpcServer,
  PythonException,
  Target,
  type TransportOptions,
} from '../../../src/rpc/index.ts';
import { readFailure } from '../../../src/rpc/wire/failure.ts';
import type { Notification } from '../../../src/rpc/wire/notification.ts';
import { readNotification } from '../../../src/rpc/wire/notification.ts';
import { readReply } from '../../../src/rpc/wire/reply.ts';
import { readRequest } from '../../../src/rpc/wire/request.ts';
import { openTestBroker, type TestBroker, until } from '../broker.ts';
import debian from '../fixtures/captured-14.0.3.json' with { type: 'json' };
import trixie from '../fixtures/captured-16.1.0.json' with { type: 'json' };
import { type Published, record } from '../recorder.ts';

/** What our client, server and notifier really hand to the broker, beside what Python's did. */
const messages = [debian, trixie].flatMap(({ osloMessaging, captures }) =>
  captures.flatMap(({ name, messages: of }) =>
    of.map((each, index) => ({ ...each, name, index, title: `${osloMessaging} ${name} message ${index}` })),
  ),
);
type Captured = (typeof messages)[number];

const isRequest = ({ message }: Captured) => 'method' in message;
const requests = messages.filter((each) => isRequest(each));
const notifications = messages.filter(({ message }) => 'event_type' in message);
/** Each answer with the request it answers. Signs of life have a test of their own. */
const replies = messages.flatMap((each, index) => {
  if (!('ending' in each.message) || each.message.ending !== true) {
    return [];
  }
  const asked = messages.slice(0, index).findLast((before) => isRequest(before));
  return asked ? [{ ...each, asked }] : [];
});

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

const open = (options: TransportOptions = {}) =>
  broker.transport({ controlExchange: 'nova', osloIdentical: true, ...options }, `/${host}`);

test('our requests are theirs', async () => {
  for (const captured of requests) {
    const transport = open(isCompressed(captured) ? { compression: 'gzip' } : {});
    const { published } = await record(transport);
    const { client_timeout: monitor, ...context } = readRequest(read(captured)).context;
    const { method, args, namespace, version, messageId } = readRequest(read(captured));
    const topic = captured.exchange.replace(/_fanout$/, '');
    const [key = '', server] = captured.routingKey.split('.');
    const client = getRpcClient(
      transport,
      new Target({
        ...(captured.exchange === 'nova' ? { topic: key } : { topic, fanout: true }),
        ...(server !== undefined && { server }),
        ...(typeof namespace === 'string' && { namespace }),
        ...('version' in captured.message && { version: String(version) }),
      }),
      {
        timeoutMs: Number(expirationOf(captured) ?? 5_000),
        mandatory: captured.name === '18_mandatory_no_queue',
        ...(typeof monitor === 'number' && { callMonitorTimeoutMs: monitor * 1000 }),
      },
    );
    const given = [context, String(method), Object(args)] as const;
    // Nobody answers: the call ends with its transport.
    if (messageId === undefined) {
      await client.cast(...given);
    } else {
      client.call(...given).catch(() => {});
    }
    await until(async () => published.length > 0 || undefined);
    expect(shape(published[0])).toEqual(shape(asPublished(captured)));
    await transport.cleanup();
  }
});

test('our answers are theirs', async () => {
  for (const captured of replies) {
    const transport = open({
      missingReplyQueueMs: 1,
      ...(isCompressed(captured) && { compression: 'gzip' }),
    });
    const { published } = await record(transport);
    const { result, failure } = readReply(read(captured));
    const answer = () => {
      if (!failure) {
        return result;
      }
      const { class: name, module, message, args, kwargs } = failure;
      throw new PythonException(name, message, { module, args, kwargs });
    };
    const isRefused = failure?.module === 'oslo_messaging.rpc.dispatcher';
    const { method, namespace, version } = readRequest(read(captured.asked));
    const isPing = method === 'oslo_rpc_server_ping';
    const served = {
      target: new Target({
        version: isRefused || isPing ? '1.3' : String(version),
        ...(typeof namespace === 'string' && !isRefused && { namespace }),
      }),
      ...(!isRefused && !isPing && { [String(method)]: answer }),
    };
    await getRpcServer(transport, new Target({ topic: 'compute', server: 'host-1' }), [served]).start();
    await broker.raw(async (channel) => {
      const { content_type: contentType, headers } = captured.asked.properties;
      const body = bytes(captured.asked);
      channel.publish('nova', captured.asked.routingKey, body, { contentType, headers });
      await channel.waitForConfirms();
    }, `/${host}`);
    const ours = await until(async () => published.find(({ exchange }) => exchange === ''));
    expect(shape(ours)).toEqual(shape({ ...asPublished(captured), routingKey: ours.routingKey }));
    expect(ours.routingKey).toBe(readRequest(read(captured.asked)).replyQueue);
    await transport.cleanup();
  }
});

test('our notifications are theirs', async () => {
  for (const captured of notifications) {
    const transport = open();
    const { published } = await record(transport);
    const notification: Notification = readNotification(read(captured));
    const isEnveloped = captured.body.includes('oslo.version');
    const notifier = getNotifier(transport, {
      publisherId: String(notification.publisherId),
      topics: [captured.routingKey.slice(0, captured.routingKey.lastIndexOf('.'))],
      driver: isEnveloped ? 'messagingv2' : 'messaging',
      clock: () => new Date(`${String(notification.metadata.timestamp).slice(0, 23).replace(' ', 'T')}Z`),
      sendContext: (context) => context,
    });
    const { context, eventType, payload } = notification;
    const method = ({ info: 'info', error: 'error', warn: 'warn' } as const)[notification.priority] ?? 'info';
    await notifier[method](context, String(eventType), payload);
    expect(shape(published[0])).toEqual(shape(asPublished(captured)));
    await transport.cleanup();
  }
});

test('every kind of capture was compared', () => {
  expect([requests.length, replies.length, notifications.length].every((count) => count > 15)).toBe(true);
  expect(requests.length + replies.length + notifications.length).toBeLessThanOrEqual(messages.length);
});

const bytes = ({ body, encoding }: Captured) => Buffer.from(body, encoding === 'base64' ? 'base64' : 'utf8');

const expirationOf = ({ properties }: Captured): unknown => Reflect.get(properties, 'expiration');

const isCompressed = ({ properties }: Captured) => Object.hasOwn(properties.headers, 'compression');

function read(captured: Captured) {
  const { content_type: contentType, headers } = captured.properties;
  return decodeBody(bytes(captured), { contentType, headers });
}

/** A capture as what was given to our library would be. */
function asPublished(captured: Captured): Published {
  const { exchange, routingKey, properties } = captured;
  const isReply = 'ending' in captured.message;
  return {
    exchange,
    routingKey,
    content: bytes(captured),
    options: {
      contentType: properties.content_type,
      contentEncoding: properties.content_encoding,
      deliveryMode: properties.delivery_mode,
      priority: properties.priority,
      headers: properties.headers,
      // Python sets it for replies, and for requests that must reach a queue.
      mandatory: isReply || captured.name === '18_mandatory_no_queue',
      ...(expirationOf(captured) !== undefined && { expiration: expirationOf(captured) }),
    },
  };
}

/** What must be the same: all but ids, tracebacks, microseconds, and the infinities that JSON has not. */
function shape(message: Published | undefined) {
  if (!message) {
    return undefined;
  }
  const { content, options, ...address } = message;
  const { contentType, headers } = options;
  const decoded = decodeBody(content, { contentType, headers: Object(headers) });
  const { failure, timestamp, ...rest } = decoded;
  const told = failure === undefined ? undefined : readFailure(failure);
  const text = JSON.stringify(
    { ...rest, failure: told && { ...told, tb: [] }, timestamp: String(timestamp).slice(0, 23) },
    (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
  );
  const withoutIds = text
    .replaceAll(/"[0-9a-f]{32}"/g, '"<id>"')
    .replaceAll(/reply_[0-9a-f]{32}/g, 'reply_<id>')
    .replaceAll(/"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"/g, '"<uuid>"');
  return { ...address, options, keys: Object.keys(decoded), message: JSON.parse(withoutIds) };
}
