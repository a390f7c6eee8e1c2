import { MessageDeliveryFailure, reasonOf } from '../errors.ts';
import { destinationOf, type OutgoingMessage } from './outgoing.ts';
import { replyCodeOf } from './topology.ts';

/** The broker will never take this message, however often it is sent. */
export class Refused extends MessageDeliveryFailure {}

/** The channel or connection went before the confirm came. */
export class Lost extends Error {
  /** True when the message surely reached no queue. */
  readonly isUnsent: boolean;
  readonly isExchangeMissing: boolean;

  constructor(cause: unknown, isUnsent: boolean) {
    super(reasonOf(cause), { cause });
    this.isUnsent = isUnsent;
    this.isExchangeMissing = replyCodeOf(cause) === 404;
  }

  /** Error for the publisher's caller. */
  asFailure(message: OutgoingMessage): MessageDeliveryFailure {
    return new MessageDeliveryFailure(
      `A message for ${destinationOf(message)} was not confirmed: ${this.message}. ${
        this.isUnsent ? 'It was not delivered.' : 'It may or may not have arrived.'
      }`,
      { cause: this.cause },
    );
  }
}

const tooLarge = /message size \d+ is larger than configured max size (\d+)/;

/** The size beyond which the broker closes the channel, should that be why it has closed it. */
export function largestBytesFrom(reason: unknown): number | undefined {
  const largest = tooLarge.exec(reasonOf(reason))?.[1];
  return largest === undefined ? undefined : Number(largest);
}

/** Whether the channel was closed because this user may not write there. */
export function isWriteRefused(reason: unknown, { exchange, routingKey }: OutgoingMessage): boolean {
  if (replyCodeOf(reason) !== 403) {
    return false;
  }
  const said = reasonOf(reason);
  if (!said.includes(`exchange '${exchange || 'amq.default'}'`)) {
    return false;
  }
  return !said.includes('access to topic ') || said.includes(`topic '${routingKey}'`);
}

/** Error for the publisher's caller about a message that is too large. */
export function tooLargeFor(message: OutgoingMessage, bytes: number, largest: number): Refused {
  return new Refused(
    `A message for ${destinationOf(message)} has ${bytes} bytes, but the broker accepts at most ${largest} (max_message_size). It was not delivered.`,
  );
}

/**
 * Whether the channel was closed because this exchange is missing. Then the last message sent there surely was not routed;
 * of others without a confirm the first ones may have been, before the exchange went.
 */
export function isExchangeMissing(reason: unknown, exchange: string): boolean {
  return replyCodeOf(reason) === 404 && reasonOf(reason).includes(`exchange '${exchange}'`);
}

/** What the publisher's caller is told of a message that AMQP cannot carry. */
export function unfit(message: OutgoingMessage, cause: unknown): MessageDeliveryFailure {
  const address = destinationOf(message).slice(0, 80);
  return new MessageDeliveryFailure(`A message for ${address}… cannot be written: ${reasonOf(cause)}`, {
    cause,
  });
}
