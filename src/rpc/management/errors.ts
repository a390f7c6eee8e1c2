import { codeOf, tlsReason } from '../tls/reason.ts';
import { span } from '../wording/span.ts';

/** Why an answer of the management API could not be used. */
export type ManagementFailure =
  | 'refused'
  | 'timeout'
  | 'unauthorized'
  | 'not-json'
  | 'tls'
  | 'http-error'
  | 'unreachable';

/**
 * A request to a node's HTTP API brought no usable answer. It never carries the request itself, because that holds the
 * password: no `cause`, only what people and programs need.
 */
export class ManagementError extends Error {
  override readonly name = 'ManagementError';
  readonly why: ManagementFailure;
  readonly node: string;
  readonly method: string;
  readonly path: string;
  /** The HTTP status, when there was one. */
  readonly status?: number;

  constructor(
    why: ManagementFailure,
    came: string,
    request: {
      readonly node: string;
      readonly method: string;
      readonly path: string;
      readonly status?: number;
    },
  ) {
    // Without the query: which columns were asked for is of no use to people.
    super(`${request.method} ${request.path.replace(/\?.*$/, '')} on ${request.node}: ${came}`);
    this.why = why;
    this.node = request.node;
    this.method = request.method;
    this.path = request.path;
    if (request.status !== undefined) {
      this.status = request.status;
    }
  }
}

/** Turns whatever a client library threw into a reason and a sentence, without touching the library's own objects. */
export function failureOf(
  thrown: unknown,
  timedOutAfterMs: number | undefined,
): { readonly why: ManagementFailure; readonly came: string } {
  if (timedOutAfterMs !== undefined) {
    return { why: 'timeout', came: `no complete answer within ${span(timedOutAfterMs)}` };
  }
  const code = codeOf(thrown);
  const label = code === '' ? 'no code' : code;
  if (code === 'ECONNREFUSED') {
    return { why: 'refused', came: 'the connection was refused' };
  }
  if (code === 'ERR_CANCELED') {
    return { why: 'timeout', came: 'the sweep ended before the answer was complete' };
  }
  if (code === 'ETIMEDOUT' || code === 'ECONNABORTED') {
    return { why: 'timeout', came: `the connection timed out (${label})` };
  }
  if (code === 'ERR_BAD_RESPONSE') {
    return { why: 'http-error', came: 'the answer was cut short or larger than allowed' };
  }
  if (code.startsWith('HPE_')) {
    return {
      why: 'http-error',
      came: `what answers there does not speak HTTP (${label}): check the port of the management API, and whether it needs https`,
    };
  }
  const ofTls = tlsReason(thrown);
  if (ofTls !== undefined) {
    return { why: 'tls', came: ofTls };
  }
  return { why: 'unreachable', came: `the connection failed (${label})` };
}
