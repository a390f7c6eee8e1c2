import { type ConfirmChannel, IllegalOperationError, type Message } from 'amqplib';
import {
  BrokerUnreachable,
  MessageDeliveryFailure,
  MessageUndeliverable,
  reasonOf,
  TopologyConflict,
} from '../errors.ts';
import { before, type Deadline, now, pause } from './deadline.ts';
import type { Link } from './link.ts';
import { propertiesOf } from './properties.ts';
import { type BoundQueue, declareBound, declareExchange, type Exchange, replyCodeOf } from './topology.ts';
import { withResolvers } from './with-resolvers.ts';

const longestPauseMs = 1_000;

/** A message on its way out. */
export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  /** Asked for each time it is sent, where that matters: a reply queue may have another name after a reconnect. */
  readonly content: Buffer | (() => Buffer);
  /** Given back by the broker, as MessageUndeliverable, when no queue takes it. */
  readonly mandatory: boolean;
  /** The broker drops it after this time, milliseconds. */
  readonly expirationMs?: number;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Declared before the first message that needs it on each channel. */
  readonly declare?: Exchange | BoundQueue;
}

/** How long and how stubbornly to try. */
export interface PublishOptions {
  readonly deadline: Deadline;
  /**
   * What to do when the connection goes before the broker has confirmed. `once` fails: the message may have
   * arrived. `again` sends it again, so that it may arrive twice. @default 'once'
   */
  readonly send?: 'once' | 'again';
  readonly patience?: 'deadline' | 'oneRound';
  /**
   * How many more times to try when the broker cannot be reached or the message surely was not delivered.
   * @default as often as the deadline allows
   */
  readonly retry?: number;
  /** False when nobody waits for it any more: then it is not sent. */
  readonly isWanted?: () => boolean;
  /** Called when the bytes are handed to the socket: from here on the message may arrive. */
  readonly onSent?: () => void;
}

/** A message on a channel's way to its confirm. */
interface Unconfirmed {
  readonly content: Buffer;
  isReturned: boolean;
}

interface OpenChannel {
  readonly channel: ConfirmChannel;
  readonly mandatory: Set<Unconfirmed>;
  /** The last message for each exchange, until it is confirmed. */
  readonly lastTo: Map<string, Unconfirmed>;
  readonly declared: Map<string, Promise<void>>;
  drained: Promise<void> | undefined;
  closedBecause: Error | undefined;
}

/** Publishes on one channel of its own and waits for the broker's confirm of each message. */
export class Publisher {
  readonly #link: Link;
  /** Exchanges that exist with other properties than ours; they are used as they are. */
  readonly #takenAsTheyAre = new Set<string>();
  #open: Promise<OpenChannel> | undefined;
  #watched: OpenChannel | undefined;

  constructor(link: Link) {
    this.#link = link;
  }

  /** Resolves when the broker has taken the message; throws what became of it otherwise. */
  async publish(message: OutgoingMessage, options: PublishOptions): Promise<void> {
    const { deadline, retry = Number.POSITIVE_INFINITY } = options;
    for (let tries = 1; ; tries += 1) {
      const patience = Number.isFinite(retry) ? 'oneRound' : options.patience;
      try {
        return await before(deadline, this.#publishOnce(message, options, patience), () =>
          this.#late(message),
        );
      } catch (reason) {
        if (reason instanceof BrokerUnreachable && tries <= retry && Number.isFinite(retry)) continue;
        if (!(reason instanceof Lost)) throw reason;
        const isHopeless = reason.isExchangeMissing && (message.declare === undefined || tries >= 3);
        const mayGoAgain = (reason.isUnsent || options.send === 'again') && tries <= retry;
        if (isHopeless || !mayGoAgain || this.#link.isClosed) throw reason.asFailure(message);
        // The first loss is a reconnect, and that waits by itself; what goes wrong again and again must not spin.
        if (tries > 1) await pause(Math.min(longestPauseMs, 2 ** tries), this.#link.closing);
      }
    }
  }

  async #publishOnce(
    message: OutgoingMessage,
    options: PublishOptions,
    patience: PublishOptions['patience'],
  ): Promise<void> {
    const { deadline, isWanted } = options;
    const open = await this.#channel(deadline, patience);
    if (message.declare) await this.#declare(open, message.declare);
    for (;;) {
      // A message that waits in the socket of a blocked connection would arrive long after its caller gave up.
      const obstacle = open.drained ?? this.#link.unblocked;
      if (!obstacle) break;
      await before(deadline, obstacle, () => this.#late(message));
    }
    // The caller has been told that it failed: it must not arrive after all.
    if (now() > deadline || isWanted?.() === false) throw this.#late(message);
    await this.#confirmed(open, message, options);
  }

  #confirmed(open: OpenChannel, message: OutgoingMessage, options: PublishOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const content = typeof message.content === 'function' ? message.content() : message.content;
      const unconfirmed: Unconfirmed = { content, isReturned: false };
      if (message.mandatory) open.mandatory.add(unconfirmed);
      open.lastTo.set(message.exchange, unconfirmed);
      const onConfirm = (error: unknown) => {
        open.mandatory.delete(unconfirmed);
        const isLast = open.lastTo.get(message.exchange) === unconfirmed;
        if (unconfirmed.isReturned) reject(new MessageUndeliverable(message.exchange, message.routingKey));
        else if (error === null || error === undefined) resolve();
        else if (open.closedBecause)
          reject(new Lost(open.closedBecause, isLast && isExchangeMissing(open, message.exchange)));
        else reject(new MessageDeliveryFailure(`The broker refused a message for ${addressOf(message)}.`));
        if (isLast) open.lastTo.delete(message.exchange);
      };
      try {
        options.onSent?.();
        const hasRoom = open.channel.publish(
          message.exchange,
          message.routingKey,
          content,
          propertiesOf(message),
          onConfirm,
        );
        if (!hasRoom) this.#waitForDrain(open);
      } catch (reason) {
        open.mandatory.delete(unconfirmed);
        const isClosed = open.closedBecause !== undefined || reason instanceof IllegalOperationError;
        // Anything else is a message that AMQP cannot carry, today and tomorrow: a routing key that is too long.
        reject(isClosed ? new Lost(open.closedBecause ?? asError(reason), true) : unfit(message, reason));
      }
    });
  }

  async #declare(open: OpenChannel, declaration: Exchange | BoundQueue): Promise<void> {
    const isBound = 'queue' in declaration;
    const name = isBound ? declaration.queue.name : declaration.name;
    if (!isBound && this.#takenAsTheyAre.has(name)) return;
    const key = `${isBound ? 'queue' : 'exchange'} ${name}`;
    let declared = open.declared.get(key);
    if (!declared) {
      declared = isBound
        ? declareBound(open.channel, declaration)
        : declareExchange(open.channel, declaration);
      open.declared.set(key, declared);
    }
    try {
      await declared;
    } catch (reason) {
      const isOtherwise = reason instanceof TopologyConflict && replyCodeOf(reason) === 406;
      if (isOtherwise && !isBound) {
        // A publisher needs an exchange, not these properties of it. The next round opens a fresh channel.
        this.#takenAsTheyAre.add(name);
        this.#forget(open);
        throw new Lost(asError(reason), true);
      }
      if (reason instanceof TopologyConflict) throw reason;
      throw new Lost(open.closedBecause ?? asError(reason), true);
    }
  }

  async #channel(deadline: Deadline, patience: PublishOptions['patience']): Promise<OpenChannel> {
    const model = await this.#link.connected(deadline, patience);
    if (!this.#open) {
      const opening = model.createConfirmChannel().then((channel) => this.#watch(channel));
      this.#open = opening;
      opening.catch(() => {
        if (this.#open === opening) this.#open = undefined;
      });
    }
    try {
      return await this.#open;
    } catch (reason) {
      throw new Lost(asError(reason), true);
    }
  }

  #watch(channel: ConfirmChannel): OpenChannel {
    const open: OpenChannel = {
      channel,
      mandatory: new Set(),
      lastTo: new Map(),
      declared: new Map(),
      drained: undefined,
      closedBecause: undefined,
    };
    this.#watched = open;
    channel.on('error', (error: Error) => {
      open.closedBecause = error;
    });
    // Before amqplib's own listener, which fails the unconfirmed messages: they shall know why.
    channel.prependListener('close', () => {
      open.closedBecause ??= new Error('the connection to the broker was lost');
      this.#forget(open);
    });
    channel.on('return', (returned: Message) => {
      // The broker gives back before it confirms. Bodies hold a unique id, so equal bytes are the same message.
      for (const each of open.mandatory) if (each.content.equals(returned.content)) each.isReturned = true;
    });
    return open;
  }

  #waitForDrain(open: OpenChannel): void {
    if (open.drained) return;
    const drained = withResolvers<void>();
    open.drained = drained.promise;
    const done = () => {
      open.drained = undefined;
      open.channel.off('drain', done);
      open.channel.off('close', done);
      drained.resolve();
    };
    open.channel.on('drain', done);
    open.channel.on('close', done);
  }

  #forget(open: OpenChannel): void {
    if (this.#watched !== open) return;
    this.#watched = undefined;
    this.#open = undefined;
  }

  #late(message: OutgoingMessage): MessageDeliveryFailure {
    const blocked = this.#link.blockedBecause;
    return new MessageDeliveryFailure(
      blocked === undefined
        ? `The broker did not confirm a message for ${addressOf(message)} in time.`
        : `The broker takes no messages now (${blocked}): one for ${addressOf(message)} waited in vain.`,
    );
  }
}

/** The channel or connection went before the confirm came. */
class Lost extends Error {
  /** True when the message surely reached no queue. */
  readonly isUnsent: boolean;
  readonly isExchangeMissing: boolean;

  constructor(cause: Error, isUnsent: boolean) {
    super(reasonOf(cause), { cause });
    this.isUnsent = isUnsent;
    this.isExchangeMissing = replyCodeOf(cause) === 404;
  }

  asFailure(message: OutgoingMessage): MessageDeliveryFailure {
    return new MessageDeliveryFailure(
      `A message for ${addressOf(message)} was not confirmed: ${this.message}. ${
        this.isUnsent ? 'It was not delivered.' : 'It may or may not have arrived.'
      }`,
      { cause: this.cause },
    );
  }
}

/**
 * Whether the channel was closed because an exchange is missing. Then the last message sent there surely was not routed;
 * of others without a confirm the first ones may have been, before the exchange went.
 */
function isExchangeMissing(open: OpenChannel, exchange: string): boolean {
  const reason = open.closedBecause;
  return replyCodeOf(reason) === 404 && reasonOf(reason).includes(`exchange '${exchange}'`);
}

function addressOf(message: OutgoingMessage): string {
  return message.exchange === ''
    ? `queue '${message.routingKey}'`
    : `'${message.routingKey}' on '${message.exchange}'`;
}

function unfit(message: OutgoingMessage, cause: unknown): MessageDeliveryFailure {
  const address = addressOf(message).slice(0, 80);
  return new MessageDeliveryFailure(`A message for ${address}… cannot be written: ${reasonOf(cause)}`, {
    cause,
  });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
