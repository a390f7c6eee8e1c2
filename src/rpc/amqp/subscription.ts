import type { Channel, ConsumeMessage } from 'amqplib';
import { MessageDeliveryFailure, reasonOf, TopologyConflict } from '../errors.ts';
import type { TransportEvent } from '../options/options.ts';
import { closeChannel } from './close-channel.ts';
import { before, briefly, type Deadline, pause } from './deadline.ts';
import type { Link } from './link.ts';
import { refusedAs } from './topology.ts';
import { withResolvers } from './with-resolvers.ts';

/** One queue to consume from. */
export interface Consumer {
  readonly queue: string;
  readonly consumerTag: string;
  /** The broker need not be told that a message has come. @default false */
  readonly noAck?: boolean;
  /** Unacknowledged messages it may hold; 0 is no limit. @default the subscription's */
  readonly prefetch?: number;
  /** Asked each time it begins: where to begin in a stream. */
  readonly arguments?: () => Readonly<Record<string, unknown>>;
}

/** A message with the channel it came on: acknowledgements go there, or nowhere when it is gone. */
export interface Delivery {
  readonly message: ConsumeMessage;
  readonly channel: Channel;
}

/** What to declare and consume, again after every loss. */
export interface SubscriptionOptions {
  /** For messages: `server 'compute.host-1'`. */
  readonly what: string;
  /** Unacknowledged messages each consumer may hold; 0 is no limit. */
  readonly prefetch: number;
  readonly declare: (channel: Channel) => Promise<void>;
  /** Asked after each declaration. */
  readonly consumers: () => readonly Consumer[];
  readonly onDelivery: (delivery: Delivery) => void;
  readonly tell: (event: TransportEvent) => void;
}

/** A pause before declaring again, milliseconds: first and longest. */
const pausesMs = [100, 10_000] as const;

/**
 * A channel with consumers that comes back: after a reconnect, after the broker closed the channel, and after it
 * cancelled a consumer because the queue was deleted, all is declared and consumed again.
 */
export class Subscription {
  readonly #link: Link;
  readonly #options: SubscriptionOptions;
  readonly #stopping = new AbortController();
  #ready = withResolvers<Channel>();
  readonly #cancelled = withResolvers<never>();
  #channel: Channel | undefined;
  #running: Promise<void> | undefined;
  #lastFailure: unknown;

  constructor(link: Link, options: SubscriptionOptions) {
    this.#link = link;
    this.#options = options;
  }

  /** The open channel, once all is declared and consumed. Starts the subscription when needed. */
  async ready(deadline: Deadline): Promise<Channel> {
    if (this.#channel) {
      return this.#channel;
    }
    this.#running ??= this.#run();
    // A link that cannot connect says why, better than a timeout here could.
    await Promise.race([this.#link.connected(deadline), this.#cancelled.promise]);
    return before(deadline, this.#ready.promise, () => this.#late());
  }

  /** The open channel, if there is one now. */
  get channel(): Channel | undefined {
    return this.#channel;
  }

  /**
   * Cancels the consumers; the channel stays, so that what was taken can be acknowledged. Does not wait for a broker
   * that will not answer.
   */
  async cancel(): Promise<void> {
    this.#stopping.abort();
    const channel = this.#channel;
    // A caller that waits for its beginning would wait for ever from now on.
    if (!channel) {
      this.#ready.reject(this.#stopped());
      return this.#cancelled.reject(this.#stopped());
    }
    const cancelled = this.#options.consumers().map(({ consumerTag }) => channel.cancel(consumerTag));
    await briefly(Promise.allSettled(cancelled));
  }

  /** Ends it: what was not acknowledged goes back to the queues. Never throws. */
  async close(): Promise<void> {
    this.#stopping.abort();
    this.#ready.reject(this.#stopped());
    if (this.#channel) {
      await closeChannel(this.#channel);
    }
    this.#channel = undefined;
  }

  async #run(): Promise<void> {
    const { what, tell } = this.#options;
    const signal = AbortSignal.any([this.#stopping.signal, this.#link.closing]);
    let failures = 0;
    let isFirst = true;
    while (!signal.aborted) {
      let reason: string;
      try {
        const model = await this.#link.connected();
        if (signal.aborted) {
          return;
        }
        const opened = await this.#open(await model.createChannel());
        if (signal.aborted) {
          return void (await closeChannel(opened.channel));
        }
        this.#channel = opened.channel;
        this.#ready.resolve(opened.channel);
        if (!isFirst) {
          tell({ kind: 'consumers-restored', what });
        }
        isFirst = false;
        failures = 0;
        reason = await opened.lost;
        this.#channel = undefined;
        if (signal.aborted) {
          return;
        }
        this.#ready = withResolvers();
      } catch (failure) {
        if (signal.aborted) {
          return;
        }
        if (isFirst && failure instanceof TopologyConflict) {
          return this.#giveUp(failure);
        }
        failures += 1;
        this.#lastFailure = failure;
        reason = reasonOf(failure);
      }
      tell({ kind: 'consumers-lost', what, reason });
      const [first, longest] = pausesMs;
      await pause(Math.min(longest, first * 2 ** failures), signal);
    }
  }

  /** Opened on a fresh channel; `lost` tells when it is no longer whole. */
  async #open(channel: Channel): Promise<{ channel: Channel; lost: Promise<string> }> {
    const { declare, consumers, prefetch, onDelivery } = this.#options;
    const lost = withResolvers<string>();
    channel.on('error', (error: Error) => lost.resolve(error.message));
    channel.on('close', () => lost.resolve('the channel was closed'));
    try {
      await declare(channel);
      let limit = 0;
      for (const consumer of consumers()) {
        const { queue, consumerTag, noAck = false } = consumer;
        const wanted = consumer.prefetch ?? prefetch;
        // It holds for the consumers that begin after it.
        if (wanted !== limit) {
          await channel.prefetch(wanted);
        }
        limit = wanted;
        const onMessage = (message: ConsumeMessage | null) => {
          if (message) {
            return onDelivery({ message, channel });
          }
          lost.resolve(`the broker cancelled the consumer of queue '${queue}'`);
        };
        const options = { consumerTag, noAck, arguments: consumer.arguments?.() };
        await refusedAs(`consume queue '${queue}'`, () => channel.consume(queue, onMessage, options));
      }
    } catch (reason) {
      await closeChannel(channel);
      throw reason;
    }
    const reason = lost.promise.then(async (why) => {
      if (!this.#stopping.signal.aborted) {
        await closeChannel(channel);
      }
      return why;
    });
    return { channel, lost: reason };
  }

  #stopped(): MessageDeliveryFailure {
    return new MessageDeliveryFailure(`Stopped: ${this.#options.what}.`);
  }

  #late(): MessageDeliveryFailure {
    const cause = this.#lastFailure;
    const because = cause === undefined ? '' : `: ${reasonOf(cause)}`;
    return new MessageDeliveryFailure(`The broker did not set up ${this.#options.what} in time${because}.`, {
      cause,
    });
  }

  #giveUp(conflict: TopologyConflict): void {
    this.#ready.reject(conflict);
    this.#running = undefined;
    this.#ready.promise.catch(() => {
      this.#ready = withResolvers();
    });
  }
}
