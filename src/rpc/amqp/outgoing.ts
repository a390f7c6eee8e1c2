import type { ConfirmChannel } from 'amqplib';
import type { Deadline } from './deadline.ts';
import type { BoundQueue, Exchange } from './topology.ts';

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
  readonly declare?: Exchange | BoundQueue | undefined;
}

/** How long and how stubbornly to try. */
export interface PublishOptions {
  readonly deadline: Deadline;
  /**
   * What to do when the connection goes before the broker has confirmed. `once` fails: the message may have
   * arrived. `again` sends it again, so that it may arrive twice. @default 'once'
   */
  readonly send?: 'once' | 'again' | undefined;
  readonly patience?: Patience;
  /**
   * How many more times to try when the broker cannot be reached or the message surely was not delivered.
   * @default as often as the deadline allows
   */
  readonly retry?: number | undefined;
  /**
   * False when the caller no longer waits: then it is not sent. A caller that gives this keeps the time: once sent, the
   * confirm is waited for beyond the deadline.
   */
  readonly isWanted?: () => boolean;
  /** Called when the bytes are handed to the socket: from here on the message may arrive. */
  readonly onSent?: (() => void) | undefined;
}

/** Whether to wait for the broker as long as there is time, or for one round over its hosts. */
export type Patience = 'deadline' | 'oneRound' | undefined;

/** A message on a channel's way to its confirm. */
export interface Unconfirmed {
  readonly content: Buffer;
  isReturned: boolean;
}

/** A channel on which messages go out, and what is known of it. */
export interface OpenChannel {
  readonly channel: ConfirmChannel;
  readonly mandatory: Set<Unconfirmed>;
  /** The last message for each exchange, until it is confirmed. */
  readonly lastTo: Map<string, Unconfirmed>;
  /** What is declared on it, or being declared. */
  readonly declared: Map<string, Promise<void> | 'done'>;
  drained: Promise<void> | undefined;
  closedBecause: Error | undefined;
}

/** Where a message goes, for messages to people. */
export function destinationOf(message: Pick<OutgoingMessage, 'exchange' | 'routingKey'>): string {
  return message.exchange === ''
    ? `queue '${message.routingKey}'`
    : `'${message.routingKey}' on '${message.exchange}'`;
}
