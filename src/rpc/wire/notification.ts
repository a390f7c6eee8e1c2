import { unpackContext } from './context.ts';
import type { WireMessage } from './envelope.ts';

/** A notification as it came. */
export interface Notification {
  readonly context: Readonly<Record<string, unknown>>;
  readonly publisherId: unknown;
  readonly eventType: unknown;
  /** Lower case, as in the queue's name. */
  readonly priority: string;
  readonly payload: unknown;
  readonly metadata: { readonly messageId: unknown; readonly timestamp: unknown };
}

/** Reads a notification, with or without an envelope around it before. */
export function readNotification(message: WireMessage): Notification {
  const { publisher_id, event_type, priority, payload, message_id, timestamp } = message;
  return {
    context: unpackContext(message),
    publisherId: publisher_id ?? null,
    eventType: event_type ?? null,
    priority: typeof priority === 'string' ? priority.toLowerCase() : '',
    payload: payload ?? null,
    metadata: { messageId: message_id ?? null, timestamp: timestamp ?? null },
  };
}
