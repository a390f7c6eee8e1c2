import type { Channel, ChannelModel } from 'amqplib';
import type { Transport } from '../../src/rpc/index.ts';

/** One AMQP method as it was given to the library, named and filled as the captures of Python are. */
export type Operation = { readonly op: string } & Readonly<Record<string, unknown>>;

/** A message as it was given to the library. */
export interface Published {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What a transport does from now on. */
export interface Recording {
  readonly operations: Operation[];
  readonly published: Published[];
}

/** Connects a transport and writes down what it asks of the broker, which it asks all the same. */
export async function record(transport: Transport): Promise<Recording> {
  const recording: Recording = { operations: [], published: [] };
  const model = await transport.link.connected();
  watch(model, 'createChannel', recording);
  watch(model, 'createConfirmChannel', recording);
  return recording;
}

function watch(model: ChannelModel, name: 'createChannel' | 'createConfirmChannel', into: Recording): void {
  const create: () => Promise<Channel> = model[name].bind(model);
  Reflect.set(model, name, async () => {
    const channel = await create();
    for (const [method, describe] of Object.entries(described)) {
      before(channel, method, (given) => into.operations.push(describe(given)));
    }
    before(channel, 'publish', ([exchange, routingKey, content, options]) =>
      into.published.push({
        exchange: String(exchange),
        routingKey: String(routingKey),
        content: content as Buffer,
        options: fields(options),
      }),
    );
    return channel;
  });
}

function before(channel: Channel, name: string, tell: (given: readonly unknown[]) => void): void {
  const act: unknown = Reflect.get(channel, name);
  if (typeof act !== 'function') {
    throw new Error(`no method ${name}`);
  }
  Reflect.set(channel, name, (...given: unknown[]) => {
    tell(given);
    return Reflect.apply(act, channel, given);
  });
}

const described: Readonly<Record<string, (given: readonly unknown[]) => Operation>> = {
  prefetch: ([count]) => ({ op: 'basic_qos', args: [0, count, false] }),
  assertExchange: ([exchange, type, options]) => ({
    op: 'exchange_declare',
    exchange,
    type,
    durable: fields(options)['durable'],
    auto_delete: fields(options)['autoDelete'],
    arguments: null,
  }),
  assertQueue: ([queue, options]) => ({
    op: 'queue_declare',
    queue,
    durable: fields(options)['durable'],
    exclusive: fields(options)['exclusive'],
    auto_delete: fields(options)['autoDelete'],
    arguments: fields(options)['arguments'],
  }),
  bindQueue: ([queue, exchange, key]) => ({
    op: 'queue_bind',
    queue,
    exchange,
    routing_key: key,
    arguments: null,
  }),
  consume: ([queue, , options]) => ({
    op: 'basic_consume',
    queue,
    no_ack: fields(options)['noAck'],
    consumer_tag: fields(options)['consumerTag'],
    arguments: fields(options)['arguments'] ?? null,
  }),
  deleteQueue: ([queue]) => ({ op: 'queue_delete', queue, if_unused: false, if_empty: false }),
};

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
