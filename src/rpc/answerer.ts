import { now, pause } from './amqp/deadline.ts';
import { MessageUndeliverable, reasonOf } from './errors.ts';
import type { Transport } from './transport.ts';
import { encodeBody, type WireMessage } from './wire/envelope.ts';
import { writeFailure } from './wire/failure.ts';
import { writeHeartbeat, writeReply } from './wire/reply.ts';
import type { IncomingRequest } from './wire/request.ts';

const retryMs = 250;
const longestMissingMs = 60_000;
const rememberedQueues = 200;

/** Sends answers to reply queues, and gives up on those that are gone. */
export class Answerer {
  readonly #transport: Transport;
  /** Reply queues that stayed missing, with the time until which nothing is sent there. */
  readonly #obsolete = new Map<string, number>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Answers with a result. One that is no JSON value is answered as the failure it is. */
  async result(request: IncomingRequest, result: unknown): Promise<void> {
    await this.#answer(request, (id) => writeReply(id, { result }));
  }

  /** Answers with what was thrown. */
  async failure(request: IncomingRequest, thrown: unknown): Promise<void> {
    await this.#answer(request, (id) => writeReply(id, { failure: writeFailure(thrown) }));
  }

  /** Sends signs of life while the client monitors the call. Returns how to stop; stopping is never forgotten by callers. */
  heartbeats(request: IncomingRequest): () => void {
    const seconds = monitorSeconds(request.callMonitor) / 2;
    if (request.messageId === undefined || !(seconds >= 1)) return () => {};
    const id = request.messageId;
    const timer = setInterval(() => {
      // A lost one is no harm: the client waits for twice the interval.
      this.#publish(request.replyQueue, writeHeartbeat(id)).catch(() => {});
    }, seconds * 1000);
    return () => clearInterval(timer);
  }

  async #answer(request: IncomingRequest, write: (messageId: string) => WireMessage): Promise<void> {
    if (request.messageId === undefined) return;
    const { replyQueue, messageId } = request;
    if ((this.#obsolete.get(replyQueue) ?? 0) > now()) return;
    let content: WireMessage;
    try {
      content = write(messageId);
      encodeBody(content);
    } catch (reason) {
      content = writeReply(messageId, { failure: writeFailure(reason) });
    }
    await this.#deliver(replyQueue, content);
  }

  async #deliver(queue: string, reply: WireMessage): Promise<void> {
    const missingMs = this.#transport.options.missingReplyQueueMs ?? longestMissingMs;
    const deadline = now() + missingMs;
    const { closing } = this.#transport.link;
    for (;;) {
      try {
        return await this.#publish(queue, reply, deadline);
      } catch (reason) {
        const mayComeBack = reason instanceof MessageUndeliverable && now() + retryMs < deadline;
        if (closing.aborted) return;
        if (!mayComeBack) {
          if (reason instanceof MessageUndeliverable) this.#remember(queue, missingMs);
          return this.#transport.tell({
            kind: 'dropped',
            what: `a reply to '${queue}'`,
            reason: reasonOf(reason),
          });
        }
        await pause(retryMs, closing);
      }
    }
  }

  async #publish(queue: string, reply: WireMessage, deadline = now() + longestMissingMs): Promise<void> {
    const { replyPublisher, options } = this.#transport;
    const message = {
      exchange: '',
      routingKey: queue,
      ...encodeBody(reply, options.compression),
      mandatory: true,
    };
    // Sent again after a lost connection: a second reply finds no waiter and does no harm.
    await replyPublisher.publish(message, { deadline, send: 'again' });
  }

  #remember(queue: string, forMs: number): void {
    this.#obsolete.delete(queue);
    this.#obsolete.set(queue, now() + forMs);
    const [oldest] = this.#obsolete.keys();
    if (this.#obsolete.size > rememberedQueues && oldest !== undefined) this.#obsolete.delete(oldest);
  }
}

/** The client's call-monitor timeout as Python's `int()` reads it; NaN when there is none. */
function monitorSeconds(value: unknown): number {
  if (typeof value === 'number') return Math.trunc(value);
  return typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : Number.NaN;
}
