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
import {
  isExchangeMissing,
  isWriteRefused,
  Lost,
  largestBytesFrom,
  Refused,
  tooLargeFor,
  unfit,
} from './lost.ts';
import {
  destinationOf,
  type OpenChannel,
  type OutgoingMessage,
  type Patience,
  type PublishOptions,
  type Unconfirmed,
} from './outgoing.ts';
import { propertiesOf } from './properties.ts';
import {
  type BoundQueue,
  declarationKey,
  declareBound,
  declareExchange,
  type Exchange,
  replyCodeOf,
} from './topology.ts';
import { withResolvers } from './with-resolvers.ts';

const longestPauseMs = 1_000;

/** Publishes on one channel of its own and waits for the broker's confirm of each message. */
export class Publisher {
  readonly #link: Link;
  /** Exchanges that exist with other properties than ours; they are used as they are. */
  readonly #takenAsTheyAre = new Set<string>();
  #open: Promise<OpenChannel> | undefined;
  #watched: OpenChannel | undefined;
  /** Known once the broker has closed a channel because of a larger message. */
  #largestBytes = Number.POSITIVE_INFINITY;

  constructor(link: Link) {
    this.#link = link;
    // The next broker may take more.
    link.onDown(() => {
      this.#largestBytes = Number.POSITIVE_INFINITY;
    });
  }

  /** Resolves when the broker has taken the message; throws what became of it otherwise. */
  async publish(message: OutgoingMessage, options: PublishOptions): Promise<void> {
    const { deadline, retry = Number.POSITIVE_INFINITY } = options;
    for (let tries = 1; ; tries += 1) {
      const patience = Number.isFinite(retry) ? 'oneRound' : options.patience;
      try {
        let open = this.#ready(message);
        while (!open) {
          await before(deadline, this.#prepare(message, options, patience), () => this.#late(message));
          open = this.#ready(message);
        }
        return await this.#confirmed(open, message, options);
      } catch (reason) {
        if (reason instanceof BrokerUnreachable && tries <= retry && Number.isFinite(retry)) {
          continue;
        }
        if (!(reason instanceof Lost)) {
          throw reason;
        }
        const isHopeless = reason.isExchangeMissing && (message.declare === undefined || tries >= 3);
        const mayGoAgain = (reason.isUnsent || options.send === 'again') && tries <= retry;
        if (isHopeless || !mayGoAgain || this.#link.isClosed) {
          throw reason.asFailure(message);
        }
        // The first loss is a reconnect, and that waits by itself; what goes wrong again and again must not spin.
        if (tries > 1) {
          await pause(Math.min(longestPauseMs, 2 ** tries), this.#link.closing);
        }
      }
    }
  }

  /** The channel, if it can take this message now. */
  #ready(message: OutgoingMessage): OpenChannel | undefined {
    const open = this.#watched;
    // A message that waits in the socket of a blocked connection would arrive long after its caller gave up.
    if (!open || open.drained || this.#link.unblocked) {
      return undefined;
    }
    return !message.declare || this.#isDeclared(open, message.declare) ? open : undefined;
  }

  /** Waits for what a message needs before it can go out. */
  async #prepare(message: OutgoingMessage, { deadline }: PublishOptions, patience: Patience): Promise<void> {
    const open = await this.#channel(deadline, patience);
    if (message.declare) {
      await this.#declare(open, message.declare);
    }
    await (open.drained ?? this.#link.unblocked);
  }

  #confirmed(open: OpenChannel, message: OutgoingMessage, options: PublishOptions): Promise<void> {
    const { deadline, isWanted } = options;
    // The caller has been told that it failed: it must not arrive after all.
    if (now() > deadline || isWanted?.() === false) {
      throw this.#late(message);
    }
    const confirmed = this.#send(open, message, options);
    return isWanted ? confirmed : before(deadline, confirmed, () => this.#late(message));
  }

  #send(open: OpenChannel, message: OutgoingMessage, options: PublishOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const content = typeof message.content === 'function' ? message.content() : message.content;
      if (content.length > this.#largestBytes) {
        return reject(tooLargeFor(message, content.length, this.#largestBytes));
      }
      const unconfirmed: Unconfirmed = { content, isReturned: false };
      if (message.mandatory) {
        open.mandatory.add(unconfirmed);
      }
      open.lastTo.set(message.exchange, unconfirmed);
      const onConfirm = (error: unknown) => {
        open.mandatory.delete(unconfirmed);
        const isLast = open.lastTo.get(message.exchange) === unconfirmed;
        if (unconfirmed.isReturned) {
          reject(new MessageUndeliverable(message.exchange, message.routingKey));
        } else if (error === null || error === undefined) {
          resolve();
        } else if (content.length > this.#largestBytes) {
          reject(tooLargeFor(message, content.length, this.#largestBytes));
        } else if (isWriteRefused(open.closedBecause, message)) {
          reject(
            new Refused(
              `The broker refuses a message for ${destinationOf(message)}: ${reasonOf(open.closedBecause)}`,
            ),
          );
        } else if (open.closedBecause) {
          reject(
            new Lost(open.closedBecause, isLast && isExchangeMissing(open.closedBecause, message.exchange)),
          );
        } else {
          reject(new MessageDeliveryFailure(`The broker refused a message for ${destinationOf(message)}.`));
        }
        if (isLast) {
          open.lastTo.delete(message.exchange);
        }
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
        if (!hasRoom) {
          this.#waitForDrain(open);
        }
      } catch (reason) {
        open.mandatory.delete(unconfirmed);
        const isClosed = open.closedBecause !== undefined || reason instanceof IllegalOperationError;
        if (isClosed) {
          this.#forget(open);
        }
        // Anything else is a message that AMQP cannot carry, today and tomorrow: a routing key that is too long.
        reject(isClosed ? new Lost(open.closedBecause ?? reason, true) : unfit(message, reason));
      }
    });
  }

  #isDeclared(open: OpenChannel, declaration: Exchange | BoundQueue): boolean {
    return open.declared.get(declarationKey(declaration)) === 'done';
  }

  async #declare(open: OpenChannel, declaration: Exchange | BoundQueue): Promise<void> {
    const key = declarationKey(declaration);
    const isBound = 'queue' in declaration;
    let declared = open.declared.get(key);
    if (!declared) {
      declared = isBound
        ? declareBound(open.channel, declaration)
        : this.#takenAsTheyAre.has(key)
          ? 'done'
          : declareExchange(open.channel, declaration);
      open.declared.set(key, declared);
    }
    try {
      await declared;
      open.declared.set(key, 'done');
    } catch (reason) {
      const isOtherwise = reason instanceof TopologyConflict && replyCodeOf(reason) === 406;
      if (isOtherwise && !isBound) {
        // A publisher needs an exchange, not these properties of it. The next round opens a fresh channel.
        this.#takenAsTheyAre.add(key);
        this.#forget(open);
        throw new Lost(reason, true);
      }
      if (reason instanceof TopologyConflict) {
        throw reason;
      }
      throw new Lost(open.closedBecause ?? reason, true);
    }
  }

  async #channel(deadline: Deadline, patience: Patience): Promise<OpenChannel> {
    const model = await this.#link.connected(deadline, patience);
    if (!this.#open) {
      const opening = model.createConfirmChannel().then((channel) => this.#watch(channel));
      this.#open = opening;
      opening.catch(() => {
        if (this.#open === opening) {
          this.#open = undefined;
        }
      });
    }
    try {
      return await this.#open;
    } catch (reason) {
      throw new Lost(reason, true);
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
      this.#largestBytes = largestBytesFrom(error) ?? this.#largestBytes;
    });
    // Before amqplib's own listener, which fails the unconfirmed messages: they shall know why.
    channel.prependListener('close', () => {
      open.closedBecause ??= new Error('the connection to the broker was lost');
      this.#forget(open);
    });
    channel.on('return', (returned: Message) => {
      // The broker gives back before it confirms. Bodies hold a unique id, so equal bytes are the same message.
      for (const each of open.mandatory) {
        if (each.content.equals(returned.content)) {
          each.isReturned = true;
        }
      }
    });
    return open;
  }

  #waitForDrain(open: OpenChannel): void {
    if (open.drained) {
      return;
    }
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
    if (this.#watched !== open) {
      return;
    }
    this.#watched = undefined;
    this.#open = undefined;
  }

  #late(message: OutgoingMessage): MessageDeliveryFailure {
    const blocked = this.#link.blockedBecause;
    return new MessageDeliveryFailure(
      blocked === undefined
        ? `The broker did not confirm a message for ${destinationOf(message)} in time.`
        : `The broker accepts no messages now (${blocked}): a message for ${destinationOf(message)} could not be sent in time.`,
    );
  }
}
