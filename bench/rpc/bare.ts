import { randomUUID } from 'node:crypto';
import { type Channel, connect } from 'amqplib';
import { drive, PAYLOAD, TOPIC, type Work } from './work.ts';

/**
 * `bare.ts serve|drive <url> confirmed|unconfirmed`: what amqplib does with no messaging layer over it. A call is a
 * message to a queue and an answer matched by its correlation id: no envelope, no contexts, no time limits. `confirmed`
 * has the broker confirm what is published, requests and answers, as oslo.messaging and we do; `unconfirmed` trusts it,
 * but for casts, which would measure nothing then.
 */
const [role, url = '', confirms] = process.argv.slice(2);
const connection = await connect(url, { noDelay: true });
const isConfirmed = confirms === 'confirmed';
const openChannel = (): Promise<Channel> =>
  isConfirmed ? connection.createConfirmChannel() : connection.createChannel();
const queue = `bare-${TOPIC}`;

if (role === 'serve') {
  const channel = await connection.createChannel();
  const answering = await openChannel();
  await channel.assertQueue(queue, { durable: false });
  await channel.prefetch(100);
  await channel.consume(queue, (message) => {
    if (message === null) return;
    channel.ack(message);
    const { text } = JSON.parse(message.content.toString());
    const { replyTo, correlationId } = message.properties;
    if (typeof replyTo !== 'string') return;
    answering.sendToQueue(replyTo, Buffer.from(JSON.stringify({ result: text })), { correlationId });
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
  const request = () => Buffer.from(JSON.stringify({ text: PAYLOAD }));
  const call = () =>
    new Promise((resolve) => {
      const correlationId = randomUUID();
      waiting.set(correlationId, resolve);
      asking.sendToQueue(queue, request(), { correlationId, replyTo });
    });
  const cast = () =>
    new Promise<void>((resolve, reject) => {
      confirming.sendToQueue(queue, request(), {}, (error) => (error ? reject(error) : resolve()));
    });
  process.on('message', (work: Work) => {
    void drive(work, work.mode === 'call' ? call : cast).then((worked) => process.send?.(worked));
  });
}
process.send?.('ready');
process.once('disconnect', () => process.exit(0));
