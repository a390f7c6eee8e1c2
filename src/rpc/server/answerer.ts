import { longestDelayMs, now, pause } from '../amqp/deadline.ts';
import { Refused } from '../amqp/lost.ts';
import { MessageUndeliverable, reasonOf } from '../errors.ts';
import type { Transport } from '../transport/transport.ts';
import { type EncodedBody, encodeBody } from '../wire/envelope.ts';
import { writeFailure } from '../wire/failure.ts';
import { writeHeartbeat, writeReply } from '../wire/reply.ts';
import type { IncomingRequest } from '../wire/request.ts';

const retryMs = 250;
/** How long the broker may be away, or take nothing, before a reply is given up. */
const longestAwayMs = 60_000;
const longestMissingMs = 60_000;
const rememberedQueues = 200;
/** Replies that may wait for their queue at the same time; a caller's end must not fill the memory. */
const mostWaiting = 1_000;

/** Sends answers to reply queues, and gives up on those that are gone. */
export class Answerer {
  readonly #transport: Transport;
  /** Reply queues that stayed missing, with the time until which nothing is sent there. */
  readonly #obsolete = new Map<string, number>();
  readonly #waiting = new Set<Promise<void>>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Answers with a result. One that is no JSON value is answered as the failure it is. */
  result(request: IncomingRequest, result: unknown): Promise<void> {
    return this.#answer(request, (id) => this.#encoded(writeReply(id, { result })));
  }

  /** Answers with what was thrown. */
  failure(request: IncomingRequest, thrown: unknown): Promise<void> {
    return this.#answer(request, (id) => this.#failed(id, thrown));
  }

  /** Sends signs of life while the client monitors the call. Returns how to stop; stopping is never forgotten by callers. */
  heartbeats(request: IncomingRequest): () => void {
    const seconds = monitorSeconds(request.callMonitor) / 2;
    if (request.messageId === undefined || !(seconds >= 1)) {
      return () => {};
    }
    const { messageId, replyQueue } = request;
    // Beyond that a timer fires at once, and again, and again.
    const intervalMs = Math.min(seconds * 1000, longestDelayMs);
    const timer = setInterval(() => {
      // A lost one is no harm: the client waits for twice the interval.
      this.#publish(replyQueue, this.#encoded(writeHeartbeat(messageId)), now() + intervalMs).catch(() => {});
    }, intervalMs);
    return () => clearInterval(timer);
  }

  /** Resolves when no reply waits for its queue any more. */
  async settled(): Promise<void> {
    while (this.#waiting.size > 0) {
      await Promise.allSettled(this.#waiting);
    }
  }

  #encoded(message: ReturnType<typeof writeReply>): EncodedBody {
    return encodeBody(message, this.#transport.options.compression);
  }

  #failed(messageId: string, thrown: unknown): EncodedBody {
    return this.#encoded(writeReply(messageId, { failure: writeFailure(thrown) }));
  }

  /** Done when the reply is out, or waits for its queue: the next request need not wait for a caller that is gone. */
  async #answer(request: IncomingRequest, write: (messageId: string) => EncodedBody): Promise<void> {
    if (request.messageId === undefined) {
      return;
    }
    const { replyQueue, messageId } = request;
    if ((this.#obsolete.get(replyQueue) ?? 0) > now()) {
      return this.#drop(replyQueue, 'its queue is gone');
    }
    let body: EncodedBody;
    try {
      body = write(messageId);
    } catch (reason) {
      body = this.#failed(messageId, reason);
    }
    try {
      await this.#publish(replyQueue, body).catch((reason) => {
        if (!(reason instanceof Refused)) {
          throw reason;
        }
        // A result that the broker does not take is a failure that the caller can be told.
        body = this.#failed(messageId, reason);
        return this.#publish(replyQueue, body);
      });
    } catch (reason) {
      if (!(reason instanceof MessageUndeliverable)) {
        return this.#drop(replyQueue, reason);
      }
      if (this.#waiting.size >= mostWaiting) {
        return this.#drop(replyQueue, 'too many replies are already waiting');
      }
      const waiting = this.#deliver(replyQueue, body).finally(() => this.#waiting.delete(waiting));
      this.#waiting.add(waiting);
    }
  }

  /** Tries until the queue is there: its owner may be about to declare it again. */
  async #deliver(queue: string, body: EncodedBody): Promise<void> {
    const { closing } = this.#transport.link;
    const missingMs = this.#transport.options.missingReplyQueueMs ?? longestMissingMs;
    const deadline = now() + missingMs;
    for (;;) {
      await pause(retryMs, closing);
      if (closing.aborted) {
        return;
      }
      // Another reply has waited for the same queue and given up.
      if ((this.#obsolete.get(queue) ?? 0) > now()) {
        return this.#drop(queue, 'its queue is gone');
      }
      try {
        return await this.#publish(queue, body);
      } catch (reason) {
        if (!(reason instanceof MessageUndeliverable)) {
          return this.#drop(queue, reason);
        }
        if (now() + retryMs < deadline) {
          continue;
        }
        this.#remember(queue, missingMs);
        return this.#drop(queue, reason);
      }
    }
  }

  #publish(queue: string, body: EncodedBody, deadline = now() + longestAwayMs): Promise<void> {
    const message = { exchange: '', routingKey: queue, ...body, mandatory: true };
    // Sent again after a lost connection: a second reply finds no waiter and does no harm.
    return this.#transport.replyPublisher.publish(message, { deadline, send: 'again' });
  }

  #drop(queue: string, reason: unknown): void {
    if (this.#transport.link.isClosed) {
      return;
    }
    this.#transport.tell({ kind: 'dropped', what: `a reply to '${queue}'`, reason: reasonOf(reason) });
  }

  #remember(queue: string, forMs: number): void {
    this.#obsolete.delete(queue);
    this.#obsolete.set(queue, now() + forMs);
    const [oldest] = this.#obsolete.keys();
    if (this.#obsolete.size > rememberedQueues && oldest !== undefined) {
      this.#obsolete.delete(oldest);
    }
  }
}

/** The client's call-monitor timeout as Python's `int()` reads it; NaN when there is none. */
function monitorSeconds(value: unknown): number {
  if (typeof value === 'number') {
    return Math.trunc(value);
  }
  return typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : Number.NaN;
}
