import { addressesOf, connectionNameOf, heartbeatSecondsOf } from '../amqp/address.ts';
import { before, now } from '../amqp/deadline.ts';
import { Link } from '../amqp/link.ts';
import { Publisher } from '../amqp/publisher.ts';
import { InvalidTlsOptions } from '../errors.ts';
import type { TransportEvent, TransportOptions } from '../options/options.ts';
import { parseTransportUrl } from '../options/transport-url.ts';
import { tlsProblem } from '../tls/pem.ts';
import { callBack } from './callback.ts';
import { optionsFromQuery } from './query-options.ts';
import { Replies } from './replies.ts';
import { checkTransportOptions } from './transport-options.ts';

/** How long servers may take to cancel their consumers at cleanup. */
const goodbyeMs = 3_000;

/** Something that lives on a transport and ends with it. */
export interface Closeable {
  close(): Promise<void>;
}

/**
 * Connection to the broker, shared by clients, servers and notifiers. It opens on first use, reconnects by
 * itself, and ends with `cleanup`. Made by `getTransport`.
 */
export class Transport {
  /** The options, with those of the URL's query on top. */
  readonly options: TransportOptions;
  readonly controlExchange: string;
  /** @internal */
  readonly link: Link;
  /** Requests and notifications. @internal */
  readonly publisher: Publisher;
  /** Replies have a channel of their own: a client's missing exchange must not disturb a server. @internal */
  readonly replyPublisher: Publisher;
  /** For what servers send themselves: it may go nowhere, which closes the channel. @internal */
  readonly watchPublisher: Publisher;
  /** @internal */
  readonly replies: Replies;
  readonly #closeables = new Set<Closeable>();

  constructor(url: string, options: TransportOptions = {}) {
    const parsed = parseTransportUrl(url);
    checkTransportOptions(options);
    this.options = optionsFromQuery(parsed, options);
    const wrong = tlsProblem(this.options.tls ?? {});
    if (wrong) {
      throw new InvalidTlsOptions(`The option tls.${wrong.field} ${wrong.problem}.`);
    }
    this.controlExchange = this.options.controlExchange ?? 'openstack';
    const connectionName = connectionNameOf(this.options);
    this.link = new Link({
      heartbeatSeconds: heartbeatSecondsOf(this.options),
      addresses: addressesOf(parsed, this.options, connectionName),
      connectionName,
      ...(this.options.reconnect && { reconnect: this.options.reconnect }),
      random: this.options.random ?? Math.random,
      tell: (event) => this.tell(event),
    });
    this.publisher = new Publisher(this.link);
    this.replyPublisher = new Publisher(this.link);
    this.watchPublisher = new Publisher(this.link);
    this.replies = new Replies(this.link, this.options, (event) => this.tell(event));
  }

  /** `<program>:<pid>:<uuid>`, as the broker shows it. */
  get connectionName(): string {
    return this.link.connectionName;
  }

  /** The hosts, without credentials. */
  get hosts(): string {
    return this.link.hosts;
  }

  /** The broker's reason while it takes no messages, else undefined. */
  get blockedBecause(): string | undefined {
    return this.link.blockedBecause;
  }

  /**
   * Wait for the connection, at most so long.
   * @throws BrokerUnreachable when none of the hosts could be reached.
   */
  async connect(timeoutMs: number): Promise<void> {
    await this.link.connected(now() + timeoutMs, 'oneRound');
  }

  /** Stops what runs on the transport, fails the calls in flight, and closes the connection. Never throws. */
  async cleanup(): Promise<void> {
    const closed = Promise.allSettled([
      this.replies.close(),
      ...[...this.#closeables].map((each) => each.close()),
    ]);
    // A frozen broker answers nothing; the connection is cut below either way.
    await before(now() + goodbyeMs, closed, () => new Error('no goodbye')).catch(() => {});
    await this.link.close();
  }

  /** `await using transport = getTransport(…)` cleans up by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.cleanup();
  }

  /** Ends with the transport. Returns how to undo that. @internal */
  own(closeable: Closeable): () => void {
    this.#closeables.add(closeable);
    return () => this.#closeables.delete(closeable);
  }

  /** @internal */
  tell(event: TransportEvent): void {
    callBack(`A transport's onEvent for '${event.kind}'`, () => this.options.onEvent?.(event));
  }
}

/**
 * Transport for `rabbit://user:password@host:port,…/vhost?setting=value`. Nothing is connected yet.
 * @throws InvalidTransportUrl when the URL cannot be read.
 * @throws InvalidTlsOptions when no handshake could use a certificate, a key or a setting.
 * @throws TypeError for an option that cannot be meant.
 * @example
 * const transport = getTransport('rabbit://user:password@host1:5672,user:password@host2:5672/vhost');
 * try { … } finally { await transport.cleanup(); }
 */
export function getTransport(url: string, options: TransportOptions = {}): Transport {
  return new Transport(url, options);
}
