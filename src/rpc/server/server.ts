import { briefly, never, now } from '../amqp/deadline.ts';
import { StreamPlace } from '../amqp/stream-place.ts';
import type { Delivery } from '../amqp/subscription.ts';
import { Subscription } from '../amqp/subscription.ts';
import { declareBound, isFanoutQueueTemporary, serverQueues } from '../amqp/topology.ts';
import { InvalidTarget, isMissingMethod, reasonOf } from '../errors.ts';
import { checkOptions } from '../options/option-checks.ts';
import { callBack } from '../transport/callback.ts';
import type { Transport } from '../transport/transport.ts';
import { decodeBody } from '../wire/envelope.ts';
import { type IncomingRequest, readRequest } from '../wire/request.ts';
import { shown } from '../wire/shown.ts';
import { checkTarget, type Target, topicOf } from '../wire/target.ts';
import { Answerer } from './answerer.ts';
import { type BindingWatch, watchBindings } from './binding-watch.ts';
import { RecentIds } from './recent-ids.ts';
import {
  defaultPrefetch,
  limitOf,
  type Served,
  type ServerOptions,
  wantedOfServers,
} from './server-options.ts';
import { openWork, type Work } from './work.ts';

const defaultBindingCheckMs = 60_000;

/** Server of the calls and casts of a topic. Made by `getRpcServer`. */
export class RpcServer {
  readonly target: Target;
  readonly #transport: Transport;
  readonly #work: Work;
  readonly #answerer: Answerer;
  readonly #options: ServerOptions;
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();
  readonly #recent = new RecentIds();
  #waiting: Delivery[] = [];
  #started: Started | undefined;

  constructor(transport: Transport, target: Target, endpoints: Served, options: ServerOptions = {}) {
    topicOf(target);
    if (target.server === undefined || target.server === '') {
      throw new InvalidTarget("A server's target needs a server: new Target({ topic, server }).");
    }
    this.target = target;
    this.#transport = transport;
    this.#options = options;
    this.#limit = limitOf(options);
    this.#work = openWork(endpoints, options, this.#limit);
    this.#answerer = new Answerer(transport);
  }

  /**
   * Declares the queues and begins to serve; resolves when the consumers are there. Waits for the broker as long
   * as it takes, or `timeoutMs`.
   * @throws TopologyConflict when the broker has other queues of these names.
   * @throws BrokerUnreachable when there is no broker within `timeoutMs`.
   */
  async start(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const deadline = options.timeoutMs === undefined ? never : now() + options.timeoutMs;
    if (this.#started?.isStopping) {
      await this.wait();
    }
    await this.#work.threads?.start();
    this.#started ??= this.#subscribe();
    await this.#started.subscription.ready(deadline);
  }

  /** Takes no more messages and removes its fanout queue. What runs goes on: see `wait`. */
  async stop(): Promise<void> {
    const started = this.#started;
    if (!started || started.isStopping) {
      return;
    }
    started.isStopping = true;
    started.stopping.abort();
    await started.subscription.cancel();
    for (const delivery of this.#waiting.splice(0)) {
      giveBack(delivery);
    }
    const { fanoutQueue } = started;
    const { channel } = started.subscription;
    if (fanoutQueue !== undefined && channel) {
      await briefly(channel.deleteQueue(fanoutQueue));
    }
  }

  /** Waits until what runs is done and answered, then lets go of channel and threads. Call `stop` before. */
  async wait(): Promise<void> {
    while (this.#running.size > 0) {
      await Promise.allSettled(this.#running);
    }
    await this.#answerer.settled();
    const started = this.#started;
    if (!started?.isStopping) {
      return;
    }
    await started.subscription.close();
    await this.#work.threads?.close();
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
    const { queues } = transport.options;
    const { topic = '', server = '', exchange = transport.controlExchange } = this.target;
    const bound = serverQueues({ exchange, topic, server }, queues);
    const [, own, fanout] = bound;
    const what = `server '${topic}.${server}'`;
    const prefetch = this.#options.prefetch ?? transport.options.prefetch ?? defaultPrefetch(this.#options);
    const stream =
      queues?.streamFanout === true ? new StreamPlace(transport.options.osloIdentical) : undefined;
    const stopping = new AbortController();
    const subscription = new Subscription(transport.link, {
      what,
      prefetch,
      declare: async (channel) => {
        for (const each of bound) {
          await declareBound(channel, each);
        }
      },
      consumers: () =>
        bound.map(({ queue }, index) => ({
          queue: queue.name,
          consumerTag: String(index + 1),
          ...(queue === fanout.queue && stream?.consumer(prefetch)),
        })),
      onDelivery: (delivery) => {
        stream?.note(delivery.message);
        this.#waiting.push(delivery);
        // What comes while the consumers are being cancelled is given back by whoever cancels them.
        if (!stopping.signal.aborted) {
          this.#pump();
        }
      },
      tell: (event) => transport.tell(event),
    });
    const disown = transport.own({
      close: async () => {
        await this.stop();
        await Promise.all([subscription.close(), this.#work.threads?.close()]);
      },
    });
    const everyMs = this.#options.bindingCheckMs ?? defaultBindingCheckMs;
    const watch =
      everyMs > 0
        ? watchBindings({
            what,
            bound,
            own,
            served: this.#work.served,
            everyMs,
            publisher: transport.watchPublisher,
            channel: () => subscription.channel,
            tell: (event) => transport.tell(event),
            signal: AbortSignal.any([stopping.signal, transport.link.closing]),
            random: transport.options.random ?? Math.random,
          })
        : undefined;
    const fanoutQueue = isFanoutQueueTemporary(queues) ? fanout.queue.name : undefined;
    return { subscription, fanoutQueue, disown, stopping, watch, isStopping: false };
  }

  #pump(): void {
    while (this.#running.size < this.#limit) {
      const delivery = this.#waiting.shift();
      if (!delivery) {
        return;
      }
      const request = this.#take(delivery);
      if (!request) {
        continue;
      }
      const run = this.#serve(request)
        .catch((reason) => this.#giveUp(reason))
        .finally(() => {
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
    if (this.#started?.watch?.isOwn(request.uniqueId)) {
      return undefined;
    }
    return isOurs && this.#recent.isNew(request.uniqueId, message.fields.redelivered) ? request : undefined;
  }

  async #serve(request: IncomingRequest): Promise<void> {
    const stopHeartbeats = this.#answerer.heartbeats(request);
    try {
      const result = await this.#work.dispatcher.dispatch(request);
      stopHeartbeats();
      await this.#answerer.result(request, result);
    } catch (thrown) {
      stopHeartbeats();
      this.#report(request, thrown);
      await this.#answerer.failure(request, thrown);
    }
  }

  /** Whatever goes wrong with one request must not end the others. */
  #giveUp(reason: unknown): void {
    this.#transport.tell({ kind: 'dropped', what: 'a reply', reason: reasonOf(reason) });
  }

  /** Callers who ask whether anybody is there end the method's name so: that nobody has it is no failure. */
  #report(request: IncomingRequest, thrown: unknown): void {
    const method = shown(request.method);
    if (method.endsWith('_ignore_errors') && isMissingMethod(thrown)) {
      return;
    }
    callBack(`A server's onFailure`, () => this.#options.onFailure?.(method, thrown));
  }
}

/** What there is between start and wait. */
interface Started {
  readonly subscription: Subscription;
  /** Undefined when it is to stay. */
  readonly fanoutQueue: string | undefined;
  readonly disown: () => void;
  readonly stopping: AbortController;
  readonly watch: BindingWatch | undefined;
  isStopping: boolean;
}

function giveBack({ message, channel }: Delivery): void {
  ignoreClosed(() => channel.nack(message));
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

/**
 * Server for a topic, under its own name. Nothing is served before `start`.
 * @throws InvalidTarget when topic or server is missing.
 * @throws TypeError for an endpoint or an option that cannot be meant.
 * @example
 * const server = getRpcServer(transport, new Target({ topic: 'test', server: 'host-1' }), [
 *   { target: new Target({ version: '1.3' }), echo: (context, args) => args },
 * ]);
 * await server.start();
 */
export function getRpcServer(
  transport: Transport,
  target: Target,
  endpoints: Served,
  options: ServerOptions = {},
): RpcServer {
  checkTarget(target);
  checkOptions('getRpcServer', options, wantedOfServers);
  return new RpcServer(transport, target, endpoints, options);
}
