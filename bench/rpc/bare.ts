import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { drive, PAYLOAD, TOPIC, type Work } from './work.ts';

/**
 * `bare.ts serve|drive <url>`: what amqplib does with no messaging layer over it. A call is a message to a queue and an
 * answer matched by its correlation id; no confirms, no expiry, no envelope. A cast waits for the broker's confirm, as
 * everybody's cast does here.
 */
const [role, url = ''] = process.argv.slice(2);
const connection = await connect(url, { noDelay: true });
const queue = `bare-${TOPIC}`;

if (role === 'serve') {
  const channel = await connection.createChannel();
  await channel.assertQueue(queue, { durable: false });
  await channel.prefetch(100);
  await channel.consume(queue, (message) => {
    if (message === null) return;
    channel.ack(message);
    const { text } = JSON.parse(message.content.toString());
    const { replyTo, correlationId } = message.properties;
    if (typeof replyTo !== 'string') return;
    channel.sendToQueue(replyTo, Buffer.from(JSON.stringify({ result: text })), { correlationId });
  });
} else {
  const channel = await connection.createChannel();
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
      channel.sendToQueue(queue, request(), { correlationId, replyTo });
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
