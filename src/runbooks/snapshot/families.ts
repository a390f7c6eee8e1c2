/**
 * What a queue's name says, as oslo.messaging builds names: `TOPIC`, `TOPIC.HOST`, `TOPIC_fanout_{hex32|HOST:PROC:N}`,
 * `reply_{hex32|HOST:PROC:N}`.
 */
export type QueueName =
  /** The fanout queue of one process. A bare `TOPIC_fanout` is the shared stream, and no member of a family. */
  | { readonly kind: 'fanout'; readonly family: string; readonly topic: string; readonly host?: string }
  /** Where one process receives its answers. */
  | { readonly kind: 'reply'; readonly host?: string }
  /** Notifications: consumed by a telemetry service, or by no service. */
  | { readonly kind: 'notification' }
  | { readonly kind: 'topic' };

const FANOUT = /^(.+)_fanout_(?:[0-9a-f]{32}|(.+):[^:]+:\d+)$/;
const REPLY = /^reply_(?:[0-9a-f]{32}|(.+):[^:]+:\d+)$/;
/** oslo.messaging's notification topics carry the priority as their last part. */
const NOTIFICATION = /(?:^|[._-])notifications?(?:[._]|$)|\.(?:audit|debug|info|warn|error|critical|sample)$/;

export function parseQueueName(name: string): QueueName {
  const reply = REPLY.exec(name);
  if (reply) {
    return { kind: 'reply', ...(reply[1] === undefined ? {} : { host: reply[1] }) };
  }
  const fanout = FANOUT.exec(name);
  if (fanout?.[1] !== undefined) {
    const host = fanout[2] === undefined ? {} : { host: fanout[2] };
    return { kind: 'fanout', family: `${fanout[1]}_fanout`, topic: fanout[1], ...host };
  }
  return NOTIFICATION.test(name) ? { kind: 'notification' } : { kind: 'topic' };
}

/** Could this be a family's member at all? Cheap, for the many that are not. */
export const mayBeFamily = (name: string): boolean => name.startsWith('reply_') || name.includes('_fanout_');

/** The operator's list of queues that are never findings, as one test. */
export function ignoring(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) => new RegExp(pattern, 'u'));
  return (name) => expressions.some((expression) => expression.test(name));
}
