import { setMaxListeners } from 'node:events';
import { Socket } from 'node:net';
import { type ChannelModel, connect } from 'amqplib';
import { BrokerUnreachable, reasonOf } from '../errors.ts';
import type { ReconnectOptions, TransportEvent } from '../options/options.ts';
import { addressOf } from '../options/transport-url.ts';
import type { Address } from './address.ts';
import { connectReason } from './connect-reason.ts';
import { before, briefly, type Deadline, never, now, pause } from './deadline.ts';
import { gatherWrites } from './gather-writes.ts';
import { cutWhenSilent } from './silence.ts';
import { type Resolvable, withResolvers } from './with-resolvers.ts';

/** What a link needs from outside. */
export interface LinkOptions {
  readonly addresses: readonly Address[];
  readonly connectionName: string;
  readonly reconnect?: ReconnectOptions;
  /** Silence after which the peer counts as dead; 0 is never. */
  readonly heartbeatSeconds: number;
  readonly random: () => number;
  readonly tell: (event: TransportEvent) => void;
}

/** A connection this short does not count as a recovery: the pauses go on growing. */
const settledMs = 5_000;

/**
 * One AMQP connection that comes back. It opens on first use, goes through the hosts in order, and pauses with
 * jitter after each round. A caller that needs the connection asks for it every time (`connected`).
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  readonly #downListeners = new Set<(reason: Error) => void>();
  #waiting: Resolvable<ChannelModel>[] = [];
  #roundWaiting: Resolvable<never>[] = [];
  #model: ChannelModel | undefined;
  #running: Promise<void> | undefined;
  #lastFailure: Error | undefined;
  #blocked: { readonly reason: string; readonly over: Resolvable<void> } | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    // Every pause on this link listens: as many as there are replies that wait for their queue.
    setMaxListeners(0, this.#closing.signal);
  }

  get connectionName(): string {
    return this.#options.connectionName;
  }

  /** The broker's reason while it takes no messages (low on memory or disk), else undefined. */
  get blockedBecause(): string | undefined {
    return this.#blocked?.reason;
  }

  /** Resolves when the broker takes messages again, or the connection is gone; undefined when it takes them now. */
  get unblocked(): Promise<void> | undefined {
    return this.#blocked?.over.promise;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Aborts when the link is closed for good. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** The hosts, without credentials. */
  get hosts(): string {
    return this.#options.addresses.map(({ host }) => addressOf(host)).join(', ');
  }

  /**
   * The open connection, waiting for it until the deadline. `oneRound` gives up as soon as every host has failed
   * once. Throws BrokerUnreachable with the last reason.
   */
  async connected(
    deadline: Deadline = never,
    patience: 'deadline' | 'oneRound' = 'deadline',
  ): Promise<ChannelModel> {
    if (this.#model) {
      return this.#model;
    }
    if (this.isClosed) {
      throw this.#unreachable('the transport was cleaned up');
    }
    const waiter = withResolvers<ChannelModel>();
    this.#waiting.push(waiter);
    this.#running ??= this.#run();
    const round = withResolvers<never>();
    if (patience === 'oneRound') {
      this.#roundWaiting.push(round);
    }
    try {
      return await before(deadline, Promise.race([waiter.promise, round.promise]), () =>
        this.#unreachable(this.#lastFailure ? reasonOf(this.#lastFailure) : 'no answer in time'),
      );
    } finally {
      this.#waiting = this.#waiting.filter((each) => each !== waiter);
      this.#roundWaiting = this.#roundWaiting.filter((each) => each !== round);
    }
  }

  /** The open connection; where it cannot be had, as many more rounds over the hosts as `retry` says. */
  async connectedWithin(deadline: Deadline, retry: number): Promise<ChannelModel> {
    for (let left = retry; ; left -= 1) {
      try {
        return await this.connected(deadline, 'oneRound');
      } catch (reason) {
        if (left < 1 || now() >= deadline || this.isClosed) {
          throw reason;
        }
      }
    }
  }

  /** Called when an open connection is gone. Returns how to stop that. */
  onDown(listener: (reason: Error) => void): () => void {
    this.#downListeners.add(listener);
    return () => this.#downListeners.delete(listener);
  }

  /** Closes the connection for good; waits briefly for an attempt under way. Never throws. */
  async close(): Promise<void> {
    this.#closing.abort();
    const closed = this.#unreachable('the transport was cleaned up');
    for (const waiter of this.#waiting.splice(0)) {
      waiter.reject(closed);
    }
    if (this.#model) {
      await hangUp(this.#model);
    }
    // An attempt under way ends by itself within the connect timeout, and hangs up when it finds the link closed.
    await briefly(this.#running ?? Promise.resolve());
  }

  /** Keeps one connection open until the link is closed. */
  async #run(): Promise<void> {
    const { addresses } = this.#options;
    let rounds = 0;
    let failures = 0;
    // After a loss the next host has its turn: the one just lost may be frozen.
    for (let turn = 0; !this.isClosed; turn += 1) {
      const address = addresses[turn % addresses.length];
      if (address === undefined) {
        return;
      }
      const livedMs = await this.#attempt(address);
      failures = livedMs === undefined ? failures + 1 : 0;
      const isRoundOver = failures % addresses.length === 0;
      if (!isRoundOver) {
        continue;
      }
      if (livedMs === undefined) {
        this.#endRound();
      }
      rounds = livedMs !== undefined && livedMs > settledMs ? 1 : rounds + 1;
      await pause(this.#delayMs(rounds), this.closing);
    }
  }

  /** Opens one host and stays until the connection ends. Milliseconds it lived, or undefined if it never opened. */
  async #attempt(address: Address): Promise<number | undefined> {
    const { tell, connectionName } = this.#options;
    const host = addressOf(address.host);
    let model: ChannelModel;
    try {
      model = await connect(address.connect, address.socket);
    } catch (thrown) {
      const reason = connectReason(thrown, address);
      this.#lastFailure = new Error(`${host}: ${reason}`, { cause: thrown });
      tell({ kind: 'connect-failed', host, reason });
      return undefined;
    }
    const since = now();
    const ended = this.#watch(model);
    // A broker that is about to stop may say so in the same breath as welcome: that has been read before anybody listened.
    if (socketOf(model)?.writableEnded) {
      const reason = 'the broker closed the connection as soon as it was open';
      this.#lastFailure = new Error(`${host}: ${reason}`);
      tell({ kind: 'connect-failed', host, reason });
      return undefined;
    }
    if (this.isClosed) {
      await hangUp(model);
      return 0;
    }
    this.#model = model;
    tell({ kind: 'connected', host, connectionName });
    for (const waiter of this.#waiting.splice(0)) {
      waiter.resolve(model);
    }
    const socket = socketOf(model);
    if (socket) {
      gatherWrites(socket);
    }
    const stopWatching = socket && cutWhenSilent(socket, this.#options.heartbeatSeconds);
    const reason = await ended;
    stopWatching?.();
    this.#model = undefined;
    this.#unblock();
    this.#lastFailure = new Error(`${host}: ${reason.message}`, { cause: reason });
    socket?.destroy();
    tell({ kind: 'disconnected', host, reason: reason.message });
    for (const listener of this.#downListeners) {
      listener(reason);
    }
    return now() - since;
  }

  #watch(model: ChannelModel): Promise<Error> {
    let reason: Error | undefined;
    model.on('error', (error: Error) => {
      reason = error;
    });
    model.on('blocked', (why: string) => {
      this.#blocked ??= { reason: why, over: withResolvers() };
      this.#options.tell({ kind: 'blocked', reason: why });
    });
    model.on('unblocked', () => {
      this.#unblock();
      this.#options.tell({ kind: 'unblocked' });
    });
    return new Promise((resolve) => {
      model.on('close', (error?: Error) => resolve(error ?? reason ?? new Error('closed by this side')));
    });
  }

  #unblock(): void {
    this.#blocked?.over.resolve();
    this.#blocked = undefined;
  }

  #endRound(): void {
    const failed = this.#unreachable(this.#lastFailure ? reasonOf(this.#lastFailure) : 'no host');
    for (const waiter of this.#roundWaiting.splice(0)) {
      waiter.reject(failed);
    }
  }

  #delayMs(rounds: number): number {
    const { initialDelayMs = 500, maxDelayMs = 15_000 } = this.#options.reconnect ?? {};
    const full = Math.min(maxDelayMs, initialDelayMs * 2 ** (rounds - 1));
    // Half is fixed, half is chance: a thousand clients of one broker come back spread out.
    return full / 2 + (this.#options.random() * full) / 2;
  }

  #unreachable(because: string): BrokerUnreachable {
    return new BrokerUnreachable(`No connection to the broker (${this.hosts}): ${because}.`, {
      ...(this.#lastFailure && { cause: this.#lastFailure }),
    });
  }
}

/** Says goodbye; a peer that does not answer gets its socket cut. */
async function hangUp(model: ChannelModel): Promise<void> {
  await briefly(model.close());
  // Without an error amqplib would not notice, and go on waiting for heartbeats.
  socketOf(model)?.destroy(new Error('cut at the end'));
}

/** amqplib gives no way to cut a connection whose peer is frozen, but it keeps the socket here. */
function socketOf(model: ChannelModel): Socket | undefined {
  const stream: unknown = Reflect.get(model.connection, 'stream');
  return stream instanceof Socket ? stream : undefined;
}
