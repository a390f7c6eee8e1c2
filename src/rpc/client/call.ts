import { delayUntil, now, timerDelay } from '../amqp/deadline.ts';
import type { Exchange } from '../amqp/topology.ts';
import { MessagingTimeout, RemoteError, type RemoteFailure } from '../errors.ts';
import type { Transport } from '../transport/transport.ts';
import type { Context } from '../wire/context.ts';
import { bodyHeaders, encodeBody } from '../wire/envelope.ts';
import { hexId } from '../wire/id.ts';
import type { IncomingReply } from '../wire/reply.ts';
import { writeRequest } from '../wire/request.ts';
import type { TargetFields } from '../wire/target.ts';
import { span } from '../wording/span.ts';

/** One call, ready to go out. */
export interface Call {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly context: Context;
  readonly target: TargetFields;
  readonly exchange: string;
  readonly routingKey: string;
  /** Left out where nothing may be declared. */
  readonly declare?: Exchange | undefined;
  readonly timeoutMs: number;
  readonly mandatory: boolean;
  readonly send?: 'once' | 'again';
  readonly patience?: 'deadline' | 'oneRound';
  readonly retry?: number;
  readonly callMonitorTimeoutMs?: number | undefined;
  readonly toError?: ((failure: RemoteFailure) => Error | undefined) | undefined;
  /** Called when the broker has the request. */
  readonly onConfirmed?: () => void;
}

/** Sends a request and waits for its answer. */
export async function callOver(transport: Transport, call: Call): Promise<unknown> {
  const deadline = now() + call.timeoutMs;
  const { replies, publisher } = transport;
  const { compression } = transport.options;
  const retry = call.retry ?? (call.patience === 'oneRound' ? 0 : undefined);
  if (retry !== undefined) {
    await transport.link.connectedWithin(deadline, retry);
  }
  if (!replies.isReady) {
    await replies.queue(deadline);
  }
  const messageId = hexId();
  const monitorMs = call.callMonitorTimeoutMs;
  const request = writeRequest({
    method: call.method,
    args: call.args,
    target: call.target,
    context: call.context,
    reply: {
      messageId,
      queue: replies.name,
      callMonitorSeconds: monitorMs === undefined ? null : monitorMs / 1000,
    },
  });
  const message = {
    exchange: call.exchange,
    routingKey: call.routingKey,
    // Written when it is sent: the reply queue may have another name by then.
    content: () => encodeBody(Object.assign(request, { _reply_q: replies.name }), compression).content,
    ...bodyHeaders(compression),
    mandatory: call.mandatory,
    expirationMs: call.timeoutMs,
    declare: call.declare,
  };
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => finish(() => reject(timedOut(transport, call, waiter.isSent))),
      delayUntil(deadline),
    );
    let silent = monitorMs === undefined ? undefined : setTimeout(onSilence, timerDelay(monitorMs));
    let result: unknown = null;
    let isOver = false;

    function onSilence() {
      finish(() =>
        reject(new MessagingTimeout(`No sign of life from ${nameOf(call)} for ${span(monitorMs ?? 0)}.`)),
      );
    }
    function finish(settle: () => void) {
      isOver = true;
      replies.forget(messageId);
      clearTimeout(late);
      clearTimeout(silent);
      settle();
    }
    function onReply(reply: IncomingReply) {
      if (reply.failure) {
        const failed = errorOf(call, reply.failure);
        return finish(() => reject(failed));
      }
      // The two-message form of old releases has the result first and the end alone.
      if (reply.result !== null) {
        result = reply.result;
      }
      if (reply.ending) {
        return finish(() => resolve(result));
      }
      if (silent) {
        clearTimeout(silent);
        silent = setTimeout(onSilence, timerDelay(monitorMs ?? 0));
      }
    }

    const waiter = { isSent: false, onReply, onLost: (reason: Error) => finish(() => reject(reason)) };
    // Registered before publishing: a reply may arrive before the confirm does.
    replies.expect(messageId, waiter);
    const markSent = () => {
      waiter.isSent = true;
    };
    // One that is sent again when its connection goes is not lost with the connection until it is confirmed.
    const goesAgain = call.send === 'again';
    const options = {
      deadline,
      isWanted: () => !isOver,
      onSent: goesAgain ? undefined : markSent,
      send: call.send,
      patience: call.patience,
      retry: call.retry,
    };
    const onConfirmed = () => {
      markSent();
      call.onConfirmed?.();
    };
    publisher.publish(message, options).then(onConfirmed, (reason: Error) => finish(() => reject(reason)));
  });
}

/** The error of a failed call. A `toError` that throws has said what to throw. */
function errorOf(call: Call, failure: RemoteFailure): unknown {
  try {
    return call.toError?.(failure) ?? new RemoteError(failure);
  } catch (thrown) {
    return thrown;
  }
}

function timedOut(transport: Transport, call: Call, isSent: boolean): MessagingTimeout {
  const blocked = transport.blockedBecause;
  const unsent = isSent ? '' : ' The request could not be sent.';
  const because = blocked === undefined ? unsent : ` The broker accepts no messages now: ${blocked}.`;
  return new MessagingTimeout(`No answer from ${nameOf(call)} within ${span(call.timeoutMs)}.${because}`);
}

function nameOf(call: Call): string {
  return `'${call.method}' of '${call.routingKey}' on exchange '${call.exchange}'`;
}
