import { type Channel, type ChannelModel, connect } from 'amqplib';
import { clientName, isFanout, queueName, scale } from './scale.ts';

/** Fills the broker and stays connected: a program of its own, so that its memory is not the bot's. */
const [url = ''] = process.argv.slice(2);

const channelsEach = scale.channels / scale.connections;

/** Runs `work` for 0 … count-1, some at a time. */
async function each(count: number, work: (index: number) => Promise<unknown>, atOnce = 50): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

const connections: ChannelModel[] = [];
await each(scale.connections, async (index) => {
  const options = { clientProperties: { connection_name: clientName(index) } };
  connections.push(await connect(`${url}?heartbeat=60`, options));
});

const channels: Channel[] = [];
await each(scale.channels, async (index) => {
  const connection = connections[Math.floor(index / channelsEach)];
  if (connection !== undefined) {
    channels.push(await connection.createChannel());
  }
});

const channelOf = (index: number): Channel => {
  const channel = channels[index % channels.length];
  if (channel === undefined) {
    throw new Error('There is no channel');
  }
  return channel;
};

await each(scale.queues, async (index) => {
  const channel = channelOf(index);
  const name = queueName(index);
  await channel.assertQueue(name, { durable: false, arguments: { 'x-expires': 1_800_000 } });
  if (!isFanout(name)) {
    return;
  }
  const exchange = name.replace(/_fanout_.*$/, '_fanout');
  await channel.assertExchange(exchange, 'fanout', { durable: false });
  await channel.bindQueue(name, exchange, '');
});
await each(scale.consumers, async (index) => {
  await channelOf(index).consume(queueName(index), () => undefined);
});
for (let index = 0; index < scale.messages; index += 1) {
  const unread = scale.consumers + (index % 20) * 7;
  channelOf(index).sendToQueue(queueName(unread), Buffer.from('{"oslo.version":"2.0","oslo.message":"{}"}'));
}

process.send?.('ready');
process.once('disconnect', () => process.exit(0));
