import { type Context, packContext, unpackContext } from './context.ts';
import type { WireMessage } from './envelope.ts';
import { hexId } from './id.ts';
import type { TargetFields } from './target.ts';

/** What a client puts into a request. */
export interface OutgoingRequest {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly target: TargetFields;
  readonly context: Context;
  /** Given for calls, absent for casts. */
  readonly reply?: {
    readonly messageId: string;
    readonly queue: string;
    /** Seconds between signs of life from the server, or null for none. */
    readonly callMonitorSeconds: number | null;
  };
}

/** Writes a request with the keys in oslo's order. */
export function writeRequest(request: OutgoingRequest): WireMessage {
  const { target, reply } = request;
  return {
    method: request.method,
    args: request.args,
    ...(target.namespace !== undefined && { namespace: target.namespace }),
    ...(target.version !== undefined && { version: target.version }),
    ...(reply && { _msg_id: reply.messageId, _reply_q: reply.queue, _timeout: reply.callMonitorSeconds }),
    _unique_id: hexId(),
    ...packContext(request.context),
  };
}

/** A request as it came. Only what is needed to route it has been looked at; the rest is `unknown`. */
export interface IncomingRequest {
  readonly method: unknown;
  readonly args: unknown;
  readonly namespace: unknown;
  readonly version: unknown;
  /** Its presence alone decides whether an answer is sent. */
  readonly messageId: string | undefined;
  readonly replyQueue: string;
  readonly callMonitor: unknown;
  readonly uniqueId: string | undefined;
  readonly context: Record<string, unknown>;
}

/** Reads a request; never throws: a wrong field is answered by the dispatcher. */
export function readRequest(message: WireMessage): IncomingRequest {
  const { method, args = {}, namespace = null, version = '1.0', _unique_id: uniqueId } = message;
  const { _msg_id: messageId, _reply_q: replyQueue, _timeout: callMonitor = null } = message;
  return {
    method,
    args,
    namespace,
    version,
    messageId: text(messageId),
    replyQueue: text(replyQueue) ?? '',
    callMonitor,
    uniqueId: text(uniqueId),
    context: { ...unpackContext(message), client_timeout: callMonitor },
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
