import type { Deadline } from '../amqp/deadline.ts';
import type { Link } from '../amqp/link.ts';
import { type Delivery, Subscription } from '../amqp/subscription.ts';
import { declareQueue, type Queue, replyQueue } from '../amqp/topology.ts';
import { MessageDeliveryFailure, reasonOf } from '../errors.ts';
import type { TransportEvent, TransportOptions } from '../options/options.ts';
import { decodeBody } from '../wire/envelope.ts';
import { type IncomingReply, readReply } from '../wire/reply.ts';

/** A call that waits for its replies. */
export interface Waiter {
  /** True from the moment the request may have reached a server. */
  isSent: boolean;
  readonly onReply: (reply: IncomingReply) => void;
  readonly onLost: (reason: Error) => void;
}

/** A transport's one reply queue, and the calls that wait for what comes in there. */
export class Replies {
  readonly #isExclusive: boolean;
  #named: Queue | undefined;
  readonly #options: TransportOptions;
  readonly #tell: (event: TransportEvent) => void;
  readonly #subscription: Subscription;
  readonly #waiters = new Map<string, Waiter>();

  constructor(link: Link, options: TransportOptions, tell: (event: TransportEvent) => void) {
    this.#isExclusive = !options.osloIdentical;
    this.#options = options;
    this.#tell = tell;
    this.#subscription = new Subscription(link, {
      what: `the reply queue of '${link.connectionName}'`,
      prefetch: 0,
      declare: (channel) => declareQueue(channel, this.#queue),
      // An exclusive queue goes with its connection: there is nobody an unacknowledged reply could go back to.
      consumers: () => [{ queue: this.#queue.name, consumerTag: '1', noAck: this.#isExclusive }],
      onDelivery: (delivery) => this.#onDelivery(delivery),
      tell,
    });
    if (!this.#isExclusive) {
      return;
    }
    link.onDown((reason) => {
      // The replies that were in it are gone: better an error now than a timeout later.
      this.#failSent(reason);
      // A broker that has not noticed the loss yet holds the old one for a connection that is no more.
      this.#named = undefined;
    });
  }

  /** The reply queue's name; it changes when an exclusive one was lost with its connection. */
  get name(): string {
    return this.#queue.name;
  }

  /** Named when it is first needed: a transport that only serves needs none. */
  get #queue(): Queue {
    this.#named ??= replyQueue(this.#options);
    return this.#named;
  }

  /** How many calls wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Whether the reply queue is there and consumed now. */
  get isReady(): boolean {
    return this.#subscription.channel !== undefined;
  }

  /** The name of the reply queue, once it is there and consumed. */
  async queue(deadline: Deadline): Promise<string> {
    await this.#subscription.ready(deadline);
    return this.#queue.name;
  }

  expect(messageId: string, waiter: Waiter): void {
    this.#waiters.set(messageId, waiter);
  }

  forget(messageId: string): void {
    this.#waiters.delete(messageId);
  }

  async close(): Promise<void> {
    const closed = new MessageDeliveryFailure('The transport was cleaned up while the call was in flight.');
    for (const waiter of [...this.#waiters.values()]) {
      waiter.onLost(closed);
    }
    await this.#subscription.close();
  }

  #onDelivery({ message, channel }: Delivery): void {
    try {
      if (!this.#isExclusive) {
        channel.ack(message);
      }
      const reply = readReply(decodeBody(message.content, message.properties, this.#options.bigIntegers));
      // Late heartbeats and second answers find no waiter; that is no error.
      if (reply.messageId !== undefined) {
        this.#waiters.get(reply.messageId)?.onReply(reply);
      }
    } catch (reason) {
      this.#tell({ kind: 'dropped', what: 'a reply', reason: reasonOf(reason) });
    }
  }

  #failSent(reason: Error): void {
    const sent = [...this.#waiters.values()].filter(({ isSent }) => isSent);
    for (const waiter of sent) {
      waiter.onLost(
        new MessageDeliveryFailure(
          `The connection was lost while the call was in flight: ${reason.message}. It may have been carried out.`,
          { cause: reason },
        ),
      );
    }
  }
}
