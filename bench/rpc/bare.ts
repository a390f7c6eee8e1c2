import { randomUUID } from 'node:crypto';
import { type Channel, connect } from 'amqplib';
import { drive, PAYLOAD, type Work } from './work.ts';

/**
 * `bare.ts serve|drive <url> <topic> confirmed|unconfirmed`: what amqplib does with no messaging layer over it. A call is
 * a message and an answer matched by its correlation id: no contexts, no versions, no time limits.
 * `confirmed` puts the same work on the wire as oslo.messaging: the broker confirms requests and answers, they have as
 * many bytes and the same properties, and go the same way. `unconfirmed` is as lean as can be: it trusts the broker,
 * but for casts, which would measure nothing then.
 */
const [role, url = '', topic = '', confirms] = process.argv.slice(2);
const connection = await connect(url, { noDelay: true });
const isConfirmed = confirms === 'confirmed';
const openChannel = (): Promise<Channel> =>
  isConfirmed ? connection.createConfirmChannel() : connection.createChannel();
const exchange = isConfirmed ? `exchange-${topic}` : '';
/** What the envelope, the ids and the context keys of oslo.messaging come to, bytes. */
const added = isConfirmed ? { call: 'x'.repeat(242), cast: 'x'.repeat(119), reply: 'x'.repeat(170) } : {};
const properties = isConfirmed
  ? { contentType: 'application/json', contentEncoding: 'utf-8', deliveryMode: 2, priority: 0 }
  : {};

if (role === 'serve') {
  const channel = await connection.createChannel();
  const answering = await openChannel();
  await channel.assertQueue(topic, { durable: false });
  if (isConfirmed) {
    await channel.assertExchange(exchange, 'topic', { durable: false });
    await channel.bindQueue(topic, exchange, topic);
  }
  await channel.prefetch(100);
  await channel.consume(topic, (message) => {
    if (message === null) {
      return;
    }
    channel.ack(message);
    const { text } = JSON.parse(message.content.toString());
    const { replyTo, correlationId } = message.properties;
    if (typeof replyTo !== 'string') {
      return;
    }
    const answer = Buffer.from(JSON.stringify({ result: text, added: added.reply }));
    answering.sendToQueue(replyTo, answer, { ...properties, mandatory: isConfirmed, correlationId });
  });
} else {
  const channel = await connection.createChannel();
  const asking = await openChannel();
  const confirming = await connection.createConfirmChannel();
  const { queue: replyTo } = await channel.assertQueue('', { exclusive: true });
  const waiting = new Map<string, (result: unknown) => void>();
  await channel.consume(
    replyTo,
    (message) => {
      const id = String(message?.properties.correlationId);
      waiting.get(id)?.(JSON.parse(message?.content.toString() ?? 'null').result);
      waiting.delete(id);
    },
    { noAck: true },
  );
  const request = (work: Work['mode']) => Buffer.from(JSON.stringify({ text: PAYLOAD, added: added[work] }));
  const call = () =>
    new Promise((resolve) => {
      const correlationId = randomUUID();
      waiting.set(correlationId, resolve);
      asking.publish(exchange, topic, request('call'), { ...properties, correlationId, replyTo });
    });
  const cast = () =>
    new Promise<void>((resolve, reject) => {
      confirming.publish(exchange, topic, request('cast'), properties, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  process.on('message', (work: Work) => {
    void drive(work, work.mode === 'call' ? call : cast).then((worked) => process.send?.(worked));
  });
}
process.send?.('ready');
process.once('disconnect', () => process.exit(0));
