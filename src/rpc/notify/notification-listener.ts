import { never, now, timerDelay } from '../amqp/deadline.ts';
import { type Delivery, Subscription } from '../amqp/subscription.ts';
import { type BoundQueue, declareBound, sharedQueue, topicExchange } from '../amqp/topology.ts';
import { reasonOf } from '../errors.ts';
import { mostPrefetch } from '../options/option-checks.ts';
import { RecentIds } from '../server/recent-ids.ts';
import { callBack } from '../transport/callback.ts';
import type { Transport } from '../transport/transport.ts';
import { decodeBody } from '../wire/envelope.ts';
import { type Notification, readNotification } from '../wire/notification.ts';
import { noOpSerializer, type Serializer } from '../wire/serializer.ts';
import { type Target, topicOf } from '../wire/target.ts';
import { priorities } from './notifier.ts';

/** What an endpoint says: done with it, or give it back to the queue. Nothing said is done. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is the usual one.
export type NotificationResult = 'handled' | 'requeue' | undefined | void;

/** How a listener works. */
export interface ListenerOptions {
  /** A failed or returned notification goes back to its queue; else it is gone. @default false */
  readonly allowRequeue?: boolean;
  /** Listeners of one pool share a queue of that name and each notification reaches one of them. @default none */
  readonly pool?: string;
  /** @default noOpSerializer */
  readonly serializer?: Serializer;
  /** Told of every failure that an endpoint raised. @default nobody */
  readonly onFailure?: (thrown: unknown) => void;
}

/** How a listener in batches works. */
export interface BatchListenerOptions extends ListenerOptions {
  /** Most notifications in a batch. */
  readonly batchSize: number;
  /** A batch that is not full goes out after this time, milliseconds. @default 1000 */
  readonly batchTimeoutMs?: number;
}

/** Whether the endpoints get lists. */
export function isBatching(options: ListenerOptions | BatchListenerOptions): options is BatchListenerOptions {
  return 'batchSize' in options && options.batchSize !== undefined;
}

interface Received {
  readonly delivery: Delivery;
  readonly uniqueId: string | undefined;
  readonly notification: Notification;
}

const prefetch = 100;

/** Handles notifications of one priority, and says what is to become of them. */
export type HandleBatch = (priority: string, batch: readonly Notification[]) => Promise<NotificationResult>;

/** Listener that acknowledges notifications after they were handled. Made by `getNotificationListener`. */
export class NotificationListener {
  readonly #transport: Transport;
  readonly #queues: readonly BoundQueue[];
  readonly #options: ListenerOptions;
  readonly #batchSize: number;
  readonly #batchTimeoutMs: number;
  readonly #handle: HandleBatch;
  readonly #recent = new RecentIds();
  #waiting: Received[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #subscription: Subscription | undefined;
  #isStopping = false;
  #disown: () => void = () => {};

  constructor(
    transport: Transport,
    targets: readonly Target[],
    served: ReadonlySet<string>,
    handle: HandleBatch,
    options: ListenerOptions | BatchListenerOptions,
  ) {
    this.#transport = transport;
    this.#options = options;
    const { batchSize = 1, batchTimeoutMs = 1_000 } = isBatching(options) ? options : {};
    this.#batchSize = batchSize;
    this.#batchTimeoutMs = batchTimeoutMs;
    this.#handle = handle;
    const { queues } = transport.options;
    this.#queues = targets.flatMap((target) =>
      priorities
        .filter((priority) => served.has(priority))
        .map((priority) => {
          const routingKey = `${topicOf(target)}.${priority}`;
          const exchange = topicExchange(target.exchange ?? transport.controlExchange, queues);
          return { exchange, queue: sharedQueue(options.pool ?? routingKey, queues), routingKey };
        }),
    );
  }

  /** Declares the queues and begins to listen; resolves when the consumers are there. */
  async start(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    if (this.#isStopping) {
      await this.wait();
    }
    this.#subscription ??= this.#subscribe();
    await this.#subscription.ready(options.timeoutMs === undefined ? never : now() + options.timeoutMs);
  }

  /** Takes no more notifications; those not begun go back to their queues at `wait`. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
    this.#isStopping = this.#subscription !== undefined;
    await this.#subscription?.cancel();
  }

  /** Waits until what runs is done, then lets go of the channel. Call `stop` before. */
  async wait(): Promise<void> {
    while (this.#running) {
      await this.#running;
    }
    await this.#subscription?.close();
    this.#subscription = undefined;
    this.#isStopping = false;
    this.#disown();
  }

  #subscribe(): Subscription {
    const names = [...new Set(this.#queues.map(({ queue }) => queue.name))];
    const subscription = new Subscription(this.#transport.link, {
      what: `listener of ${names.join(', ')}`,
      prefetch: Math.min(mostPrefetch, Math.max(prefetch, this.#batchSize)),
      declare: async (channel) => {
        for (const each of this.#queues) {
          await declareBound(channel, each);
        }
      },
      consumers: () => names.map((queue, index) => ({ queue, consumerTag: String(index + 1) })),
      onDelivery: (delivery) => this.#receive(delivery),
      tell: (event) => this.#transport.tell(event),
    });
    this.#disown = this.#transport.own({
      close: async () => {
        await this.stop();
        await subscription.close();
      },
    });
    return subscription;
  }

  #receive(delivery: Delivery): void {
    // What comes while the consumers are being cancelled goes back to its queue with the channel.
    if (this.#isStopping) {
      return;
    }
    const { message } = delivery;
    try {
      const { bigIntegers } = this.#transport.options;
      const inner = decodeBody(message.content, message.properties, bigIntegers);
      const { _unique_id: id } = inner;
      const notification = this.#deserialized(readNotification(inner));
      this.#waiting.push({ delivery, uniqueId: typeof id === 'string' ? id : undefined, notification });
    } catch (reason) {
      refuse(delivery);
      this.#transport.tell({ kind: 'dropped', what: 'a notification', reason: reasonOf(reason) });
      return;
    }
    this.#pump();
  }

  #deserialized(notification: Notification): Notification {
    const serializer = this.#options.serializer ?? noOpSerializer;
    const context = serializer.deserializeContext(notification.context);
    return { ...notification, context, payload: serializer.deserializeEntity(context, notification.payload) };
  }

  #pump(): void {
    if (this.#running || this.#waiting.length === 0) {
      return;
    }
    const isFull = this.#waiting.length >= this.#batchSize;
    if (!isFull) {
      this.#timer ??= setTimeout(() => this.#begin(), timerDelay(this.#batchTimeoutMs));
      return;
    }
    this.#begin();
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running) {
      return;
    }
    this.#running = this.#work(this.#waiting.splice(0, this.#batchSize)).finally(() => {
      this.#running = undefined;
      this.#pump();
    });
  }

  /** One batch: grouped by priority, each group handled and settled as a whole. */
  async #work(batch: readonly Received[]): Promise<void> {
    const present = new Set(batch.map(({ notification }) => notification.priority));
    for (const priority of [...present].toSorted()) {
      const ofPriority = batch.filter(({ notification }) => notification.priority === priority);
      const group = ofPriority.filter((each) => this.#isFirst(each));
      if (group.length === 0) {
        continue;
      }
      let result: NotificationResult = 'requeue';
      try {
        result = await this.#handle(
          priority,
          group.map(({ notification }) => notification),
        );
      } catch (thrown) {
        callBack(`A listener's onFailure`, () => this.#options.onFailure?.(thrown));
      }
      const goesBack = result === 'requeue' && this.#options.allowRequeue === true;
      for (const each of group) {
        this.#settle(each, goesBack);
      }
    }
  }

  /** False for one that was handled before: it is acknowledged and dropped. */
  #isFirst(received: Received): boolean {
    if (!this.#recent.has(received.uniqueId)) {
      return true;
    }
    acknowledge(received.delivery);
    return false;
  }

  #settle(received: Received, goesBack: boolean): void {
    if (!goesBack) {
      this.#recent.isNew(received.uniqueId);
    }
    if (goesBack) {
      giveBack(received.delivery);
    } else {
      acknowledge(received.delivery);
    }
  }
}

/** On a channel that is gone there is nothing to acknowledge: the broker delivers it again. */
function acknowledge({ channel, message }: Delivery): void {
  try {
    channel.ack(message);
  } catch {}
}

function giveBack({ channel, message }: Delivery): void {
  try {
    channel.reject(message, true);
  } catch {}
}

function refuse({ channel, message }: Delivery): void {
  try {
    channel.reject(message, false);
  } catch {}
}
