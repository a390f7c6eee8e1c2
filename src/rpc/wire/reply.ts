import type { RemoteFailure } from '../errors.ts';
import type { WireMessage } from './envelope.ts';
import { readFailure } from './failure.ts';
import { hexId } from './id.ts';
import { stringifyJson } from './json/tolerant-json.ts';

/** Writes the one message that answers a call. `failure` is always present, as text or null. */
export function writeReply(
  messageId: string,
  answer: { readonly result: unknown } | { readonly failure: RemoteFailure },
): WireMessage {
  return {
    result: 'result' in answer ? (answer.result ?? null) : null,
    failure: 'failure' in answer ? stringifyJson(answer.failure) : null,
    ending: true,
    _msg_id: messageId,
    _unique_id: hexId(),
  };
}

/** Writes a sign of life for a call that is still being worked on. */
export function writeHeartbeat(messageId: string): WireMessage {
  return { result: null, failure: null, ending: false, _msg_id: messageId, _unique_id: hexId() };
}

/** A reply as it came. */
export interface IncomingReply {
  readonly messageId: string | undefined;
  readonly result: unknown;
  readonly failure: RemoteFailure | undefined;
  /** True when no more follows for this call. */
  readonly ending: boolean;
}

/** Reads a reply, or one half of the two-message form that releases before Newton send. */
export function readReply(message: WireMessage): IncomingReply {
  const { _msg_id: id, result, failure, ending } = message;
  return {
    messageId: typeof id === 'string' ? id : undefined,
    result: result ?? null,
    failure: readFailure(failure),
    ending: ending === true,
  };
}
