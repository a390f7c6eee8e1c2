import { MessageDeliveryFailure, reasonOf } from '../errors.ts';
import { addressOf, type OutgoingMessage } from './outgoing.ts';
import { replyCodeOf } from './topology.ts';

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

  /** What the publisher's caller is told. */
  asFailure(message: OutgoingMessage): MessageDeliveryFailure {
    return new MessageDeliveryFailure(
      `A message for ${addressOf(message)} was not confirmed: ${this.message}. ${
        this.isUnsent ? 'It was not delivered.' : 'It may or may not have arrived.'
      }`,
      { cause: this.cause },
    );
  }
}
