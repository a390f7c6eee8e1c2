import { now } from './amqp/deadline.ts';
import type { Exchange } from './amqp/topology.ts';
import { MessagingTimeout, RemoteError, type RemoteFailure } from './errors.ts';
import type { TargetFields } from './target.ts';
import type { Transport } from './transport.ts';
import type { Context } from './wire/context.ts';
import { encodeBody } from './wire/envelope.ts';
import { hexId } from './wire/id.ts';
import type { IncomingReply } from './wire/reply.ts';
import { writeRequest } from './wire/request.ts';

/** One call, ready to go out. */
export interface Call {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly context: Context;
  readonly target: TargetFields;
  readonly exchange: string;
  readonly routingKey: string;
  /** Left out where nothing may be declared. */
  readonly declare?: Exchange;
  readonly timeoutMs: number;
  readonly mandatory: boolean;
  readonly send?: 'once' | 'again';
  readonly patience?: 'deadline' | 'oneRound';
  readonly callMonitorTimeoutMs?: number;
  readonly toError?: (failure: RemoteFailure) => Error | undefined;
}

/** Sends a request and waits for its answer. */
export async function callOver(transport: Transport, call: Call): Promise<unknown> {
  const deadline = now() + call.timeoutMs;
  const { replies, publisher } = transport;
  if (call.patience === 'oneRound') await transport.link.connected(deadline, call.patience);
  const queue = await replies.queue(deadline);
  const messageId = hexId();
  const monitorMs = call.callMonitorTimeoutMs;
  const request = writeRequest({
    method: call.method,
    args: call.args,
    target: call.target,
    context: call.context,
    reply: { messageId, queue, callMonitorSeconds: monitorMs === undefined ? null : monitorMs / 1000 },
  });
  const message = {
    exchange: call.exchange,
    routingKey: call.routingKey,
    ...encodeBody(request, transport.options.compression),
    mandatory: call.mandatory,
    expirationMs: call.timeoutMs,
    ...(call.declare && { declare: call.declare }),
  };
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => finish(() => reject(timedOut(transport, call))), deadline - now());
    let silent = monitorMs === undefined ? undefined : setTimeout(onSilence, monitorMs);
    let result: unknown = null;

    function onSilence() {
      finish(() => reject(new MessagingTimeout(`No sign of life from ${nameOf(call)} for ${monitorMs} ms.`)));
    }
    function finish(settle: () => void) {
      replies.forget(messageId);
      clearTimeout(late);
      clearTimeout(silent);
      settle();
    }
    function onReply(reply: IncomingReply) {
      if (reply.failure) {
        const failed = call.toError?.(reply.failure) ?? new RemoteError(reply.failure);
        return finish(() => reject(failed));
      }
      // The two-message form of old releases has the result first and the end alone.
      if (reply.result !== null) result = reply.result;
      if (reply.ending) return finish(() => resolve(result));
      if (silent) {
        clearTimeout(silent);
        silent = setTimeout(onSilence, monitorMs);
      }
    }

    const waiter = { isSent: false, onReply, onLost: (reason: Error) => finish(() => reject(reason)) };
    // Registered before publishing: a reply may arrive before the confirm does.
    replies.expect(messageId, waiter);
    const onSent = () => {
      waiter.isSent = true;
    };
    const options = {
      deadline,
      onSent,
      ...(call.send && { send: call.send }),
      ...(call.patience && { patience: call.patience }),
    };
    publisher.publish(message, options).catch((reason: Error) => finish(() => reject(reason)));
  });
}

function timedOut(transport: Transport, call: Call): MessagingTimeout {
  const blocked = transport.blockedBecause;
  const because = blocked === undefined ? '' : ` The broker takes no messages now: ${blocked}.`;
  return new MessagingTimeout(`No answer from ${nameOf(call)} within ${call.timeoutMs} ms.${because}`);
}

function nameOf(call: Call): string {
  return `'${call.method}' of '${call.routingKey}' on exchange '${call.exchange}'`;
}
