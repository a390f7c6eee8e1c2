import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  encodeEnvelope,
  getRpcClient,
  getRpcServer,
  MessagingTimeout,
  RemoteError,
  Target,
} from '../../../src/rpc/index.ts';
import { decodeBody } from '../../../src/rpc/wire/envelope.ts';
import { readRequest } from '../../../src/rpc/wire/request.ts';
import { openTestBroker, type TestBroker, until } from '../broker.ts';

let broker: TestBroker;
beforeEach(() => {
  broker = openTestBroker();
});
afterEach(() => broker.close());

const json = { contentType: 'application/json' };

/** A client, and a server made by hand: it sends what the test says in answer to the first call. */
async function answeredWith(replies: (id: string) => readonly object[], options: object = {}) {
  const exchange = broker.unique('exchange');
  const topic = broker.unique('topic');
  const transport = broker.transport({ controlExchange: exchange });
  const client = getRpcClient(transport, new Target({ topic }), { timeoutMs: 10_000, ...options });
  await broker.raw(async (channel) => {
    await channel.assertExchange(exchange, 'topic', { durable: false });
    await channel.assertQueue(topic, { durable: false });
    await channel.bindQueue(topic, exchange, topic);
  });
  const answered = broker.raw(async (channel) => {
    const message = await until(async () => (await channel.get(topic, { noAck: true })) || undefined);
    const { messageId = '', replyQueue } = readRequest(decodeBody(message.content, message.properties));
    for (const reply of replies(messageId)) {
      channel.sendToQueue(replyQueue, encodeEnvelope({ ...reply, _msg_id: messageId }), json);
      await channel.waitForConfirms();
    }
  });
  return { client, transport, answered };
}

const done = { failure: null, ending: true };

describe('a call takes its answer', () => {
  test('in two messages, as very old releases send it', async () => {
    const { client, answered } = await answeredWith(() => [
      { result: 'first', failure: null },
      { result: null, ...done },
    ]);
    expect(await client.call({}, 'm')).toBe('first');
    await answered;
  });

  test('once, however often and late it comes', async () => {
    const { client, transport, answered } = await answeredWith(() => [
      { result: 1, ...done },
      { result: 2, ...done },
      { result: null, failure: null, ending: false },
    ]);
    expect(await client.call({}, 'm')).toBe(1);
    await answered;
    expect(transport.replies.waiting).toBe(0);
    expect(transport.events.map(({ kind }) => kind)).toEqual(['connected']);
  });

  test('as a failure also where the failure cannot be read', async () => {
    const { client } = await answeredWith(() => [{ result: null, failure: '{', ending: true }]);
    await expect(client.call({}, 'm')).rejects.toThrow(RemoteError);
  });

  test('with what its own function makes of a failure, even when that throws', async () => {
    const toError = () => {
      throw new Error('of my own');
    };
    const failed = { result: null, failure: '{"class": "E", "module": "m"}', ending: true };
    const { client } = await answeredWith(() => [failed], { toError });
    await expect(client.call({}, 'm')).rejects.toThrow('of my own');
  });

  test('not from signs of life, which keep it going until its own time is over', async () => {
    const alive = { result: null, failure: null, ending: false };
    const { client } = await answeredWith(() => Array.from({ length: 4 }, () => alive), {
      timeoutMs: 900,
      callMonitorTimeoutMs: 100_000,
    });
    await expect(client.call({}, 'm')).rejects.toThrow(MessagingTimeout);
    await expect(client.call({}, 'm')).rejects.toThrow('within 900 ms');
  });
});

describe('a caller that is gone', () => {
  test('holds up nobody, and is not tried again for a while', async () => {
    const exchange = broker.unique('exchange');
    const topic = broker.unique('topic');
    const transport = broker.transport({ controlExchange: exchange, missingReplyQueueMs: 400 });
    const target = new Target({ topic, server: 'host-1' });
    const server = getRpcServer(transport, target, [{ echo: () => 'here' }], { executor: 'blocking' });
    await server.start();
    const client = getRpcClient(broker.transport({ controlExchange: exchange }), new Target({ topic }));
    const ask = (id: string) =>
      broker.raw(async (channel) => {
        const request = { method: 'echo', args: {}, _msg_id: id, _reply_q: 'gone', _unique_id: id };
        channel.publish(exchange, topic, encodeEnvelope(request), json);
        await channel.waitForConfirms();
      });
    const dropped = () => transport.events.flatMap((each) => (each.kind === 'dropped' ? [each.reason] : []));
    await ask('one');
    // One at a time, and yet this one does not wait for the other's reply to be given up.
    expect(await client.call({}, 'echo')).toBe('here');
    expect(dropped()).toEqual([]);
    await until(async () => dropped().length === 1 || undefined);
    await ask('two');
    await until(async () => dropped().length === 2 || undefined);
    expect(dropped()).toEqual([
      expect.stringContaining("No queue takes messages for 'gone'"),
      'its queue is gone',
    ]);
    await ask('three');
    await server.stop();
    await server.wait();
  });
});

test('a login by AMQPLAIN is a login', async () => {
  await broker.transport({ login: 'AMQPLAIN' }).connect(5_000);
});
