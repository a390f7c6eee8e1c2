import { type Deadline, now } from '../amqp/deadline.ts';
import type { OutgoingMessage } from '../amqp/outgoing.ts';
import { type Exchange, fanoutExchange, topicExchange } from '../amqp/topology.ts';
import { definite } from '../definite.ts';
import { InvalidTarget, type RemoteFailure, RpcVersionCapError } from '../errors.ts';
import {
  aFunction,
  aListOfTexts,
  anObject,
  aSwitch,
  aText,
  atLeast,
  checkOptions,
  oneOf,
  orNull,
  type WantedOptions,
} from '../options/option-checks.ts';
import { retriesOf } from '../options/retry.ts';
import type { Transport } from '../transport/transport.ts';
import type { Context } from '../wire/context.ts';
import { encodeBody, isObject } from '../wire/envelope.ts';
import { writeRequest } from '../wire/request.ts';
import { noOpSerializer, type Serializer } from '../wire/serializer.ts';
import { checkTarget, routingKeyOf, type Target, type TargetFields, topicOf } from '../wire/target.ts';
import { isVersionCompatible } from '../wire/version.ts';
import { callOver } from './call.ts';

/** Arguments of a remote method, by name. */
export type RpcArguments = Readonly<Record<string, unknown>>;

/** How a client calls. */
export interface ClientOptions {
  /** Longest time for a call, or for a cast to reach the broker, milliseconds. @default 60000 */
  readonly timeoutMs?: number;
  /** The newest version the servers are known to have: asking for more throws RpcVersionCapError. @default no cap */
  readonly versionCap?: string;
  /** @default noOpSerializer */
  readonly serializer?: Serializer;
  /**
   * What to do when the connection goes before the broker has confirmed a request: `once` fails, `again` sends it
   * again as Python does, so that it may be carried out twice. @default 'once'
   */
  readonly send?: 'once' | 'again';
  /**
   * How many more times to try when the broker cannot be reached or surely has not got the request: null or -1 as
   * often as `timeoutMs` allows, 0 not once. Then MessageDeliveryFailure is thrown. @default -1
   */
  readonly retry?: number | null;
  /**
   * The server says every half of this time that it still works on the call; silence ends the call. At least 2000:
   * servers give no sign for less. Never for probes: a Python server that lacks the method would send signs of life
   * for ever. @default none
   */
  readonly callMonitorTimeoutMs?: number;
  /** Throw MessageUndeliverable at once when no queue takes the request. @default false */
  readonly mandatory?: boolean;
  /**
   * Declare the exchange before sending to it, as Python does. Without, a request to an exchange that does not exist
   * throws MessageDeliveryFailure and leaves nothing behind. @default true
   */
  readonly declares?: boolean;
  /** Makes an error of one's own of a remote failure; undefined leaves it a RemoteError. */
  readonly toError?: (failure: RemoteFailure) => Error | undefined;
}

const wanted: WantedOptions<ClientOptions> = {
  timeoutMs: atLeast(0),
  versionCap: aText,
  serializer: anObject,
  send: oneOf('once', 'again'),
  retry: orNull(atLeast(-1)),
  // Servers, Python's too, give no sign of life for less.
  callMonitorTimeoutMs: atLeast(2_000),
  mandatory: aSwitch,
  declares: aSwitch,
  toError: aFunction,
};

/** What `prepare` can change for some calls. */
export interface PrepareOptions extends Omit<ClientOptions, 'serializer' | 'toError'>, TargetFields {}

const { serializer: _serializer, toError: _toError, ...changeable } = wanted;
const wantedToPrepare: WantedOptions<PrepareOptions> = {
  ...changeable,
  exchange: aText,
  topic: aText,
  server: aText,
  fanout: aSwitch,
  namespace: aText,
  version: aText,
  legacyNamespaces: aListOfTexts,
};

/** Client of the servers of one target. Made by `getRpcClient`. */
export class RpcClient {
  readonly target: Target;
  readonly #transport: Transport;
  readonly #options: ClientOptions;
  readonly #route: Route;

  constructor(transport: Transport, target: Target, options: ClientOptions = {}) {
    topicOf(target);
    this.target = target;
    this.#transport = transport;
    this.#options = options;
    this.#route = routeOf(transport, target, options);
  }

  /**
   * Client like this one with another server, version, timeout and so on.
   * @throws TypeError for an option that cannot be meant.
   * @example await client.prepare({ server: 'host-1', timeoutMs: 5_000 }).call({}, 'ping')
   */
  prepare(options: PrepareOptions): RpcClient {
    const { timeoutMs, versionCap, send, retry, callMonitorTimeoutMs, mandatory, declares, ...target } =
      options;
    checkOptions('prepare', options, wantedToPrepare);
    return new RpcClient(this.#transport, this.target.with(target), {
      ...this.#options,
      ...definite({ timeoutMs, versionCap, send, retry, callMonitorTimeoutMs, mandatory, declares }),
    });
  }

  /** Whether the version cap lets this version through. */
  canSendVersion(version: string | undefined = this.target.version): boolean {
    return isVersionCompatible(this.#options.versionCap, version ?? '1.0');
  }

  /**
   * Result of a method that one server of the target runs.
   * @throws RemoteError when the server answers with an exception.
   * @throws MessagingTimeout when it does not answer in time.
   * @throws MessageUndeliverable when nobody takes the request, with the option `mandatory`.
   * @throws MessageDeliveryFailure when the request did not get through.
   * @throws RpcVersionCapError when the target's version is above `versionCap`.
   * @throws InvalidTarget for a target with `fanout`, which no single server answers.
   * @example const sum = await client.call({ user: 'alice' }, 'add', { a: 1, b: 2 })
   */
  async call(context: Context, method: string, args: RpcArguments = {}): Promise<unknown> {
    checkRequest(context, method, args);
    if (this.target.fanout) {
      throw new InvalidTarget('A call cannot go to every server: use cast, or a target without fanout.');
    }
    const { timeoutMs = 60_000, serializer = noOpSerializer, callMonitorTimeoutMs, toError } = this.#options;
    const result = await callOver(this.#transport, {
      method,
      args: this.#serialized(context, args),
      context: serializer.serializeContext(context),
      target: this.#checkedTarget(),
      ...this.#route,
      timeoutMs,
      mandatory: this.#options.mandatory ?? false,
      send: this.#options.send ?? 'once',
      ...retriesOf(this.#options.retry),
      callMonitorTimeoutMs,
      toError,
    });
    return serializer.deserializeEntity(context, result);
  }

  /**
   * Request that is not answered; resolves when the broker has it.
   * @throws MessageDeliveryFailure when the broker did not take it in time.
   * @throws MessageUndeliverable when nobody takes it, with the option `mandatory`.
   * @throws RpcVersionCapError when the target's version is above `versionCap`.
   * @example await client.prepare({ fanout: true }).cast({}, 'refresh')
   */
  async cast(context: Context, method: string, args: RpcArguments = {}): Promise<void> {
    checkRequest(context, method, args);
    const { timeoutMs = 60_000, serializer = noOpSerializer, send, mandatory = false } = this.#options;
    const request = writeRequest({
      method,
      args: this.#serialized(context, args),
      target: this.#checkedTarget(),
      context: serializer.serializeContext(context),
    });
    const deadline: Deadline = now() + timeoutMs;
    const body = encodeBody(request, this.#transport.options.compression);
    const message: OutgoingMessage = {
      ...this.#route,
      ...body,
      mandatory: mandatory && !this.target.fanout,
    };
    await this.#transport.publisher.publish(message, {
      deadline,
      ...retriesOf(this.#options.retry),
      send,
    });
  }

  #checkedTarget(): Target {
    const { versionCap } = this.#options;
    if (versionCap !== undefined && !this.canSendVersion()) {
      throw new RpcVersionCapError(this.target.version ?? '1.0', versionCap);
    }
    return this.target;
  }

  #serialized(context: Context, args: RpcArguments): RpcArguments {
    const { serializer } = this.#options;
    if (!serializer) {
      return args;
    }
    const entries = Object.entries(args);
    return Object.fromEntries(
      entries.map(([name, value]) => [name, serializer.serializeEntity(context, value)]),
    );
  }
}

/** A missing context is easily made: without types it is the method's name that stands in its place. */
function checkRequest(context: unknown, method: unknown, args: unknown): void {
  if (typeof method !== 'string' || !isObject(context) || !isObject(args)) {
    throw new TypeError(
      "A request is (context, 'method', { argument: value }): context and arguments are objects, even when they are empty.",
    );
  }
}

/** Where all that a client sends goes. */
type Route = Pick<OutgoingMessage, 'exchange' | 'routingKey'> & { readonly declare: Exchange | undefined };

function routeOf(transport: Transport, target: Target, { declares = true }: ClientOptions): Route {
  const { queues } = transport.options;
  const exchange = target.fanout
    ? fanoutExchange(topicOf(target), queues)
    : topicExchange(target.exchange ?? transport.controlExchange, queues);
  const routingKey = target.fanout ? '' : routingKeyOf(target);
  return { exchange: exchange.name, routingKey, declare: declares ? exchange : undefined };
}

/**
 * Client for the servers of a topic.
 * @throws InvalidTarget when the target has no topic.
 * @throws TypeError for an option that cannot be meant.
 * @example
 * const client = getRpcClient(transport, new Target({ topic: 'test', version: '1.0' }), { timeoutMs: 5_000 });
 * await client.call({}, 'echo', { a: 1 });
 */
export function getRpcClient(transport: Transport, target: Target, options: ClientOptions = {}): RpcClient {
  checkTarget(target);
  checkOptions('getRpcClient', options, wanted);
  return new RpcClient(transport, target, options);
}
