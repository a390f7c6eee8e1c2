import { randomUUID } from 'node:crypto';
import { now } from '../amqp/deadline.ts';
import { sharedQueue, topicExchange } from '../amqp/topology.ts';
import {
  aFunction,
  aListOfTexts,
  anObject,
  aText,
  atLeast,
  checkOptions,
  oneOf,
  orNull,
  type WantedOptions,
} from '../options/option-checks.ts';
import { retriesOf } from '../options/retry.ts';
import type { Transport } from '../transport/transport.ts';
import { type Context, packContext } from '../wire/context.ts';
import { encodeBare, encodeBody } from '../wire/envelope.ts';
import { hexId } from '../wire/id.ts';
import { noOpSerializer, type Serializer } from '../wire/serializer.ts';

/** Priorities of a notification; each has a queue of its own. */
export const priorities = ['audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample'] as const;

/** One of them. */
export type Priority = (typeof priorities)[number];

/** How a notifier publishes. */
export interface NotifierOptions {
  /** Who notifies, such as `compute.host-1`. */
  readonly publisherId: string;
  /** @default ['notifications'] */
  readonly topics?: readonly string[];
  /** `messagingv2` writes an envelope, `messaging` none, `noop` sends nothing. @default 'messagingv2' */
  readonly driver?: 'messagingv2' | 'messaging' | 'noop';
  /** @default noOpSerializer */
  readonly serializer?: Serializer;
  /** Longest time for the broker to take one, milliseconds. @default 60000 */
  readonly timeoutMs?: number;
  /** As in ClientOptions. @default -1 */
  readonly retry?: number | null;
  /** The context to send. oslo.messaging since 14.4 sends none, because it may hold a token. @default none */
  readonly sendContext?: (context: Context) => Context;
  /** The time, for `timestamp`. @default the system's */
  readonly clock?: () => Date;
}

const wanted: WantedOptions<NotifierOptions> = {
  publisherId: aText,
  topics: aListOfTexts,
  driver: oneOf('messagingv2', 'messaging', 'noop'),
  serializer: anObject,
  timeoutMs: atLeast(0),
  retry: orNull(atLeast(-1)),
  sendContext: aFunction,
  clock: aFunction,
};

/** Notifier: publishes notifications. Made by `getNotifier`. */
export class Notifier {
  readonly #transport: Transport;
  readonly #options: NotifierOptions;

  constructor(transport: Transport, options: NotifierOptions) {
    this.#transport = transport;
    this.#options = options;
  }

  /** A notifier like this one with another publisher id. */
  prepare(options: { readonly publisherId: string }): Notifier {
    return new Notifier(this.#transport, { ...this.#options, ...options });
  }

  audit(context: Context, eventType: string, payload: unknown): Promise<void> {
    return this.notify('audit', context, eventType, payload);
  }

  debug(context: Context, eventType: string, payload: unknown): Promise<void> {
    return this.notify('debug', context, eventType, payload);
  }

  info(context: Context, eventType: string, payload: unknown): Promise<void> {
    return this.notify('info', context, eventType, payload);
  }

  warn(context: Context, eventType: string, payload: unknown): Promise<void> {
    return this.notify('warn', context, eventType, payload);
  }

  error(context: Context, eventType: string, payload: unknown): Promise<void> {
    return this.notify('error', context, eventType, payload);
  }

  critical(context: Context, eventType: string, payload: unknown): Promise<void> {
    return this.notify('critical', context, eventType, payload);
  }

  sample(context: Context, eventType: string, payload: unknown): Promise<void> {
    return this.notify('sample', context, eventType, payload);
  }

  /** Publishes to every topic; resolves when the broker has them all. Declares the queues, as Python does. */
  async notify(priority: Priority, context: Context, eventType: string, payload: unknown): Promise<void> {
    const { driver = 'messagingv2', topics = ['notifications'], serializer = noOpSerializer } = this.#options;
    if (driver === 'noop') {
      return;
    }
    const { sendContext, publisherId, timeoutMs = 60_000 } = this.#options;
    const message = {
      message_id: randomUUID(),
      publisher_id: publisherId,
      event_type: eventType,
      priority: priority.toUpperCase(),
      payload: serializer.serializeEntity(context, payload),
      timestamp: pythonTime((this.#options.clock ?? (() => new Date()))()),
    };
    const sent = packContext(sendContext ? serializer.serializeContext(sendContext(context)) : {});
    const { publisher, options, controlExchange } = this.#transport;
    const exchange = topicExchange(controlExchange, options.queues);
    await Promise.all(
      topics.map((topic) => {
        const name = `${topic}.${priority}`;
        const body = { ...message, _unique_id: hexId(), ...sent };
        return publisher.publish(
          {
            exchange: controlExchange,
            routingKey: name,
            ...(driver === 'messaging'
              ? { content: encodeBare(body) }
              : encodeBody(body, options.compression)),
            mandatory: false,
            declare: { exchange, queue: sharedQueue(name, options.queues), routingKey: name },
          },
          { deadline: now() + timeoutMs, ...retriesOf(this.#options.retry) },
        );
      }),
    );
  }
}

/**
 * Notifier that publishes through a transport.
 * @throws TypeError for an option that cannot be meant.
 * @example
 * const notifier = getNotifier(transport, { publisherId: 'compute.host-1' });
 * await notifier.info({}, 'instance.created', { id: 7 });
 */
export function getNotifier(transport: Transport, options: NotifierOptions): Notifier {
  checkOptions('getNotifier', options, wanted);
  if (options.publisherId === undefined) {
    throw new TypeError(
      "getNotifier needs a publisherId, which names who notifies: { publisherId: 'compute.host-1' }.",
    );
  }
  return new Notifier(transport, options);
}

/** `str(datetime.utcnow())`: a space, six digits, no zone. */
function pythonTime(time: Date): string {
  return `${time.toISOString().replace('T', ' ').replace('Z', '')}000`;
}
