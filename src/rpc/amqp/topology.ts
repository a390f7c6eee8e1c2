import type { Channel, Options } from 'amqplib';
import { reasonOf, TopologyConflict } from '../errors.ts';
import type { QueueOptions, TransportOptions } from '../options/options.ts';
import { nextQueueName } from './queue-names.ts';

/** An exchange as it is declared. */
export interface Exchange {
  readonly name: string;
  readonly type: 'topic' | 'fanout';
  readonly durable: boolean;
  readonly autoDelete: boolean;
}

/** A queue as it is declared. */
export interface Queue {
  readonly name: string;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** A queue with the exchange that feeds it. */
export interface BoundQueue {
  readonly exchange: Exchange;
  readonly queue: Queue;
  readonly routingKey: string;
}

const defaultTransientExpiresMs = 1_800_000;

/** The topic exchange that a service's requests and notifications go through. */
export function topicExchange(name: string, queues: QueueOptions = {}): Exchange {
  return { name, type: 'topic', durable: isDurable(queues), autoDelete: queues.autoDelete ?? false };
}

/** A topic's fanout exchange. It is not scoped by the control exchange. */
export function fanoutExchange(topic: string, queues: QueueOptions = {}): Exchange {
  return {
    name: `${topic}_fanout`,
    type: 'fanout',
    durable: queues.transientQuorum ?? false,
    autoDelete: true,
  };
}

/** A queue that many may share and that outlives its consumers: `topic`, `topic.server`, `notifications.info`. */
export function sharedQueue(name: string, queues: QueueOptions = {}): Queue {
  return {
    name,
    durable: isDurable(queues),
    exclusive: false,
    autoDelete: queues.autoDelete ?? false,
    arguments: queues.quorum ? quorumArguments(queues) : {},
  };
}

/** One server's queue on its topic's fanout exchange, or the stream that all of them consume. */
export function fanoutQueue(topic: string, queues: QueueOptions = {}): Queue {
  if (!queues.streamFanout) {
    return transientQueue(`${topic}_fanout_${nextQueueName(queues.names)}`, queues);
  }
  const seconds = Math.ceil((queues.transientExpiresMs ?? defaultTransientExpiresMs) / 1000);
  return {
    name: `${topic}_fanout`,
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: { 'x-queue-type': 'stream', ...(seconds > 0 && { 'x-max-age': `${seconds}s` }) },
  };
}

/** Whether a server's fanout queue is to go with the server: random names would pile up, the others are used again. */
export function isFanoutQueueTemporary(queues: QueueOptions = {}): boolean {
  return !queues.streamFanout && queues.names === undefined;
}

/** A transport's reply queue: exclusive, so that nothing is left behind, or exactly as Python declares it. */
export function replyQueue(options: TransportOptions): Queue {
  const name = `reply_${nextQueueName(options.queues?.names)}`;
  return options.osloIdentical
    ? transientQueue(name, options.queues)
    : { name, durable: false, exclusive: true, autoDelete: true, arguments: {} };
}

/** What a server listens on, in oslo's order: the topic, itself, and everybody. */
export function serverQueues(
  address: { readonly exchange: string; readonly topic: string; readonly server: string },
  queues: QueueOptions = {},
): readonly [BoundQueue, BoundQueue, BoundQueue] {
  const { topic } = address;
  const exchange = topicExchange(address.exchange, queues);
  const own = `${topic}.${address.server}`;
  return [
    { exchange, queue: sharedQueue(topic, queues), routingKey: topic },
    { exchange, queue: sharedQueue(own, queues), routingKey: own },
    { exchange: fanoutExchange(topic, queues), queue: fanoutQueue(topic, queues), routingKey: topic },
  ];
}

/** Declares an exchange. The broker closes the channel when one of other properties exists. */
export async function declareExchange(channel: Channel, exchange: Exchange): Promise<void> {
  const { name, type, durable, autoDelete } = exchange;
  await refusedAs(`declare exchange '${name}'`, () =>
    channel.assertExchange(name, type, { durable, autoDelete }),
  );
}

/** Declares a queue. */
export async function declareQueue(channel: Channel, queue: Queue): Promise<void> {
  const { name, durable, exclusive, autoDelete } = queue;
  const options: Options.AssertQueue = { durable, exclusive, autoDelete, arguments: { ...queue.arguments } };
  await refusedAs(`declare queue '${name}'`, () => channel.assertQueue(name, options));
}

/** Declares exchange and queue and binds them. */
export async function declareBound(channel: Channel, bound: BoundQueue): Promise<void> {
  await declareExchange(channel, bound.exchange);
  await declareQueue(channel, bound.queue);
  const { name: queue } = bound.queue;
  const { name: exchange } = bound.exchange;
  await refusedAs(`bind queue '${queue}' to exchange '${exchange}'`, () =>
    channel.bindQueue(queue, exchange, bound.routingKey),
  );
}

/** AMQP's reply code of an error, such as 404 or 406. */
export function replyCodeOf(error: unknown): number | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code === 'number') {
    return code;
  }
  return error instanceof Error && error.cause !== undefined ? replyCodeOf(error.cause) : undefined;
}

/** Name of a declaration among those of one channel. */
export function declarationKey(declaration: Exchange | BoundQueue): string {
  return 'queue' in declaration ? `queue ${declaration.queue.name}` : `exchange ${declaration.name}`;
}

/** Does what is called `what`, such as `declare queue 'compute'`. Throws TopologyConflict when asking again is no use. */
export async function refusedAs(what: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (cause) {
    if (cause instanceof TypeError) {
      throw new TopologyConflict(`AMQP cannot ${what.slice(0, 90)}…: ${reasonOf(cause)}`, { cause });
    }
    const code = replyCodeOf(cause);
    // 403 access refused, 405 locked, 406 other properties, 530 not allowed: asking again would not help.
    if (code !== 403 && code !== 405 && code !== 406 && code !== 530) {
      throw cause;
    }
    throw new TopologyConflict(`The broker refuses to ${what}: ${reasonOf(cause)}`, { cause });
  }
}

function quorumArguments(queues: QueueOptions): Record<string, unknown> {
  const { quorumDeliveryLimit: limit, quorumMaxMemoryLength: length, quorumMaxMemoryBytes: bytes } = queues;
  return {
    'x-queue-type': 'quorum',
    ...(limit && { 'x-delivery-limit': limit }),
    ...(length && { 'x-max-in-memory-length': length }),
    ...(bytes && { 'x-max-in-memory-bytes': bytes }),
  };
}

function isDurable(queues: QueueOptions): boolean {
  return queues.durable ?? queues.quorum ?? false;
}

function transientQueue(name: string, queues: QueueOptions = {}): Queue {
  const expiresMs = queues.transientExpiresMs ?? defaultTransientExpiresMs;
  const quorum = queues.transientQuorum ?? false;
  return {
    name,
    durable: quorum,
    exclusive: false,
    autoDelete: false,
    arguments: {
      ...(expiresMs > 0 && { 'x-expires': expiresMs }),
      ...(quorum && { 'x-queue-type': 'quorum' }),
    },
  };
}
