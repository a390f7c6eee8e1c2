import type { Channel, ConsumeMessage } from 'amqplib';
import { closeChannel } from '../amqp/close-channel.ts';
import { briefly, now, timerDelay } from '../amqp/deadline.ts';
import { BrokerUnreachable, MessageDeliveryFailure, reasonOf } from '../errors.ts';
import {
  anObject,
  aSwitch,
  aText,
  atLeast,
  checkOptions,
  type WantedOptions,
} from '../options/option-checks.ts';
import { withoutSecrets } from '../options/redact.ts';
import type { Transport } from '../transport/transport.ts';
import { decodeBody, isObject, type WireMessage } from '../wire/envelope.ts';

/** What to listen in on, and until when. */
export interface TapOptions {
  /** An exchange that exists; the tap declares none. */
  readonly exchange: string;
  /** Such as `notifications.#`, or `#` for every request too. */
  readonly routingKey: string;
  /** Ends after so many messages. @default no end */
  readonly maxMessages?: number;
  /** Ends after so many seconds; Infinity is no end. @default 60 */
  readonly maxSeconds?: number;
  readonly signal?: AbortSignal;
  /** Messages the broker keeps for a slow reader before it drops the oldest. @default 1000 */
  readonly maxQueued?: number;
  /** Mask the values of keys that name tokens, passwords and secrets. @default true */
  readonly mask?: boolean;
  /** Longest time to connect, milliseconds. @default 10000 */
  readonly timeoutMs?: number;
}

/** A message as it passed. */
export interface TappedMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly bytes: number;
  /** The inner message, masked; undefined when it cannot be read. */
  readonly message: WireMessage | undefined;
  /** Why it cannot be read. */
  readonly unreadable?: string;
}

const wanted: WantedOptions<TapOptions> = {
  exchange: aText,
  routingKey: aText,
  maxMessages: atLeast(0),
  maxSeconds: atLeast(0),
  signal: anObject,
  maxQueued: atLeast(1),
  mask: aSwitch,
  timeoutMs: atLeast(0),
};

const messageTtlMs = 60_000;
const unacknowledged = 50;

/**
 * Messages that pass an exchange, without taking any from anybody: from a queue of its own, exclusive, short and
 * gone at the end, whatever way it ends.
 * @throws MessageDeliveryFailure when the exchange does not exist, or the connection is lost.
 * @throws BrokerUnreachable when there is no broker.
 * @throws TypeError for an option that cannot be meant.
 * @example
 * for await (const message of tap(transport, { exchange: 'nova', routingKey: '#', maxMessages: 10 })) console.log(message);
 */
export async function* tap(transport: Transport, options: TapOptions): AsyncGenerator<TappedMessage, void> {
  checkOptions('tap', options, wanted);
  if (options.exchange === undefined || options.routingKey === undefined) {
    throw new TypeError("tap needs an exchange and a routing key: { exchange: 'nova', routingKey: '#' }.");
  }
  const { maxMessages = Number.POSITIVE_INFINITY, maxSeconds = 60, signal } = options;
  if (signal?.aborted || maxSeconds <= 0 || maxMessages < 1) {
    return;
  }
  // A timer of our own: what AbortSignal.any holds of AbortSignal.timeout may be collected, and never ends anything.
  const ending = new AbortController();
  const end = ending.signal;
  const stop = () => ending.abort();
  const late = setTimeout(stop, timerDelay(maxSeconds * 1000));
  signal?.addEventListener('abort', stop);
  let opened: OpenTap | undefined;
  try {
    opened = await beforeEnd(end, open(transport, options, end));
    if (!opened && !signal?.aborted) {
      throw new Error(notSetUp(transport));
    }
    if (!opened) {
      return;
    }
    for (let seen = 0; seen < maxMessages; seen += 1) {
      const message = await opened.inbox.next();
      if (!message) {
        return;
      }
      opened.channel.ack(message);
      yield readTapped(transport, message, options.mask ?? true);
    }
  } catch (reason) {
    if (reason instanceof BrokerUnreachable) {
      throw reason;
    }
    throw new MessageDeliveryFailure(`The tap on exchange '${options.exchange}' ended: ${reasonOf(reason)}`, {
      cause: reason,
    });
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', stop);
    opened?.inbox.finish();
    // The queue is exclusive to the connection, which lives on: deleted here, or by the broker with its consumer.
    if (opened) {
      await closeChannel(opened.channel);
    }
  }
}

interface OpenTap {
  readonly channel: Channel;
  readonly inbox: Inbox;
}

async function open(transport: Transport, options: TapOptions, end: AbortSignal): Promise<OpenTap> {
  const model = await transport.link.connected(now() + (options.timeoutMs ?? 10_000), 'oneRound');
  const channel = await model.createChannel();
  const inbox = new Inbox(end);
  channel.on('error', (error: Error) => inbox.fail(error));
  channel.on('close', () => inbox.fail(new Error('the channel was closed')));
  try {
    await listen(channel, options, inbox);
    return { channel, inbox };
  } catch (reason) {
    await closeChannel(channel);
    throw reason;
  }
}

/** What was opened, or undefined when a broker that does not answer lets the end come first; then it is closed later. */
async function beforeEnd(end: AbortSignal, opening: Promise<OpenTap>): Promise<OpenTap | undefined> {
  let opened: OpenTap | undefined;
  let isOver = false;
  const arriving = opening.then(async (tap) => {
    if (isOver) {
      await closeChannel(tap.channel);
    } else {
      opened = tap;
    }
  });
  const ended = new Promise<void>((resolve) => {
    end.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([arriving, ended]);
  // What is nearly there is waited for: who ends a tap may rely on it that nothing is left.
  await briefly(arriving);
  isOver = true;
  return opened;
}

function notSetUp(transport: Transport): string {
  const blocked = transport.blockedBecause;
  const because = blocked === undefined ? '' : `; it accepts no messages now: ${blocked}`;
  return `the broker did not set it up in time${because}.`;
}

async function listen(channel: Channel, options: TapOptions, inbox: Inbox): Promise<void> {
  // Passive: a wrong guess at an exchange's properties would be refused, and a tap must not create one.
  await channel.checkExchange(options.exchange);
  const { queue } = await channel.assertQueue('', {
    exclusive: true,
    autoDelete: true,
    durable: false,
    arguments: {
      'x-max-length': options.maxQueued ?? 1000,
      'x-overflow': 'drop-head',
      'x-message-ttl': messageTtlMs,
      // Should the connection stay while the consumer goes.
      'x-expires': messageTtlMs,
    },
  });
  await channel.prefetch(unacknowledged);
  await channel.consume(queue, (message) => {
    if (message) {
      inbox.put(message);
    } else {
      inbox.fail(new Error('the broker cancelled the consumer'));
    }
  });
  await channel.bindQueue(queue, options.exchange, options.routingKey);
}

/** Messages that have come and are not read yet; the prefetch bounds them. */
class Inbox {
  readonly #end: AbortSignal;
  readonly #messages: ConsumeMessage[] = [];
  #failure: Error | undefined;
  #isFinished = false;
  #wake: (() => void) | undefined;

  constructor(end: AbortSignal) {
    this.#end = end;
    end.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  put(message: ConsumeMessage): void {
    this.#messages.push(message);
    this.#wake?.();
  }

  fail(reason: Error): void {
    this.#failure ??= reason;
    this.#wake?.();
  }

  finish(): void {
    this.#isFinished = true;
  }

  /** The next message, or undefined at the end. */
  async next(): Promise<ConsumeMessage | undefined> {
    for (;;) {
      if (this.#end.aborted || this.#isFinished) {
        return undefined;
      }
      if (this.#failure) {
        throw this.#failure;
      }
      const message = this.#messages.shift();
      if (message) {
        return message;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function readTapped(transport: Transport, message: ConsumeMessage, mask: boolean): TappedMessage {
  const { exchange, routingKey } = message.fields;
  const seen = { exchange, routingKey, bytes: message.content.length };
  try {
    const read = decodeBody(message.content, message.properties, transport.options.bigIntegers);
    const shown = mask ? withoutSecrets(read) : read;
    return { ...seen, message: isObject(shown) ? shown : {} };
  } catch (reason) {
    return { ...seen, message: undefined, unreadable: reasonOf(reason) };
  }
}
