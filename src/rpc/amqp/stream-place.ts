import type { ConsumeMessage } from 'amqplib';
import type { Consumer } from './subscription.ts';

const streamPrefetch = 100;

/** Offset up to which a stream was consumed, so that after a loss consuming goes on behind it. */
export class StreamPlace {
  readonly #begin: 'last' | 'next';
  #seen: number | undefined;

  /**
   * Begins with what comes from now on. `isLikePython` begins with the stream's last part, which may hold messages
   * of long ago.
   */
  constructor(isLikePython = false) {
    this.#begin = isLikePython ? 'last' : 'next';
  }

  /** What makes a consumer one of a stream. A stream is not given out without a limit. */
  consumer(prefetch: number): Pick<Consumer, 'prefetch' | 'arguments'> {
    return {
      prefetch: prefetch > 0 ? prefetch : streamPrefetch,
      arguments: () => ({ 'x-stream-offset': this.#seen === undefined ? this.#begin : this.#seen + 1 }),
    };
  }

  /** Takes note of a message, should it be one of a stream. */
  note(message: ConsumeMessage): void {
    const offset: unknown = message.properties.headers?.['x-stream-offset'];
    if (typeof offset === 'number') {
      this.#seen = offset;
    }
  }
}
