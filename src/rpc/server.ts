import { never, now } from './amqp/deadline.ts';
import type { Delivery } from './amqp/subscription.ts';
import { Subscription } from './amqp/subscription.ts';
import { declareBound, serverQueues } from './amqp/topology.ts';
import { Answerer } from './answerer.ts';
import { Dispatcher, type DispatcherOptions, type Endpoint } from './dispatcher.ts';
import { InvalidTarget, reasonOf } from './errors.ts';
import { pingEndpoint } from './ping.ts';
import { RecentIds } from './recent-ids.ts';
import { type Target, topicOf } from './target.ts';
import type { Transport } from './transport.ts';
import { decodeBody } from './wire/envelope.ts';
import { type IncomingRequest, readRequest } from './wire/request.ts';
import { shown } from './wire/shown.ts';

/** How a server works. */
export interface ServerOptions extends DispatcherOptions {
  /** `blocking` takes one message at a time, `async` up to `concurrency`. @default 'async' */
  readonly executor?: 'blocking' | 'async';
  /** How many messages `async` works on at the same time. @default 64 */
  readonly concurrency?: number;
  /**
   * Messages that each of the three consumers may hold without having begun them; the rest stays ready in the
   * queue for other servers. 0 is no limit, as Python. @default 4 for `blocking`, 100 for `async`
   */
  readonly prefetch?: number;
  /** Answer `oslo_rpc_server_ping`. @default true */
  readonly ping?: boolean;
  /** Told of every failure that an endpoint raised, besides the caller. @default nobody */
  readonly onFailure?: (method: string, thrown: unknown) => void;
}

/** Serves the calls and casts of a topic and server. Made by `getRpcServer`. */
export class RpcServer {
  readonly target: Target;
  readonly #transport: Transport;
  readonly #dispatcher: Dispatcher;
  readonly #answerer: Answerer;
  readonly #options: ServerOptions;
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();
  readonly #recent = new RecentIds();
  #waiting: Delivery[] = [];
  #started: Started | undefined;

  constructor(
    transport: Transport,
    target: Target,
    endpoints: readonly Endpoint[],
    options: ServerOptions = {},
  ) {
    topicOf(target);
    if (target.server === undefined || target.server === '')
      throw new InvalidTarget("A server's target needs a server: new Target({ topic, server }).");
    this.target = target;
    this.#transport = transport;
    this.#options = options;
    this.#limit = options.executor === 'blocking' ? 1 : (options.concurrency ?? 64);
    const served = options.ping === false ? endpoints : [...endpoints, pingEndpoint];
    this.#dispatcher = new Dispatcher(served, options);
    this.#answerer = new Answerer(transport);
  }

  /**
   * Declares the queues and begins to serve; resolves when the consumers are there. Waits for the broker as long
   * as it takes, or `timeoutMs`. Throws TopologyConflict when the broker has other queues of these names.
   */
  async start(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#started ??= this.#subscribe();
    const deadline = options.timeoutMs === undefined ? never : now() + options.timeoutMs;
    await this.#started.subscription.ready(deadline);
  }

  /** Takes no more messages and removes its fanout queue. What runs goes on: see `wait`. */
  async stop(): Promise<void> {
    const started = this.#started;
    if (!started || started.isStopping) return;
    started.isStopping = true;
    await started.subscription.cancel();
    for (const { message, channel } of this.#waiting.splice(0)) ignoreClosed(() => channel.nack(message));
    await started.subscription.channel?.deleteQueue(started.fanoutQueue).catch(() => {});
  }

  /** Waits until what runs is done and answered, then lets go of the channel. Call `stop` before. */
  async wait(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    const started = this.#started;
    if (!started?.isStopping) return;
    await started.subscription.close();
    started.disown();
    this.#started = undefined;
  }

  /** Stops, waits, and forgets what was served, so that the server can be started again. */
  async reset(): Promise<void> {
    await this.stop();
    await this.wait();
  }

  #subscribe(): Started {
    const transport = this.#transport;
    const { topic = '', server = '', exchange = transport.controlExchange } = this.target;
    const bound = serverQueues({ exchange, topic, server }, transport.options.queues);
    const subscription = new Subscription(transport.link, {
      what: `server '${topic}.${server}'`,
      prefetch:
        this.#options.prefetch ??
        transport.options.prefetch ??
        (this.#options.executor === 'blocking' ? 4 : 100),
      declare: async (channel) => {
        for (const each of bound) await declareBound(channel, each);
      },
      consumers: bound.map(({ queue }, index) => ({ queue: queue.name, consumerTag: String(index + 1) })),
      onDelivery: (delivery) => {
        this.#waiting.push(delivery);
        this.#pump();
      },
      tell: (event) => transport.tell(event),
    });
    const disown = transport.own({
      close: async () => {
        await this.stop();
        await subscription.close();
      },
    });
    return { subscription, fanoutQueue: bound[2].queue.name, disown, isStopping: false };
  }

  #pump(): void {
    while (this.#running.size < this.#limit) {
      const delivery = this.#waiting.shift();
      if (!delivery) return;
      const request = this.#take(delivery);
      if (!request) continue;
      const run = this.#serve(request).finally(() => {
        this.#running.delete(run);
        this.#pump();
      });
      this.#running.add(run);
    }
  }

  /** The request of a message that is acknowledged and new; undefined for all others. */
  #take({ message, channel }: Delivery): IncomingRequest | undefined {
    let request: IncomingRequest;
    try {
      const { bigIntegers } = this.#transport.options;
      request = readRequest(decodeBody(message.content, message.properties, bigIntegers));
    } catch (reason) {
      ignoreClosed(() => channel.reject(message, false));
      this.#transport.tell({ kind: 'dropped', what: 'a request', reason: reasonOf(reason) });
      return undefined;
    }
    // Acknowledged before it runs: a request runs at most once. On a channel that is gone it is not ours any more.
    const isOurs = ignoreClosed(() => channel.ack(message));
    return isOurs && this.#recent.isNew(request.uniqueId) ? request : undefined;
  }

  async #serve(request: IncomingRequest): Promise<void> {
    const stopHeartbeats = this.#answerer.heartbeats(request);
    try {
      const result = await this.#dispatcher.dispatch(request);
      stopHeartbeats();
      await this.#answerer.result(request, result);
    } catch (thrown) {
      stopHeartbeats();
      this.#options.onFailure?.(shown(request.method), thrown);
      await this.#answerer.failure(request, thrown);
    }
  }
}

/** What there is between start and wait. */
interface Started {
  readonly subscription: Subscription;
  readonly fanoutQueue: string;
  readonly disown: () => void;
  isStopping: boolean;
}

/** False when the channel was gone. */
function ignoreClosed(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

/** A server for a topic. Throws InvalidTarget when topic or server is missing, TypeError for a wrong endpoint. */
export function getRpcServer(
  transport: Transport,
  target: Target,
  endpoints: readonly Endpoint[],
  options: ServerOptions = {},
): RpcServer {
  return new RpcServer(transport, target, endpoints, options);
}
