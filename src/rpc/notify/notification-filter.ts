import { isObject } from '../wire/envelope.ts';
import type { Notification } from '../wire/notification.ts';
import { shown } from '../wire/shown.ts';

/** A pattern that must match from the start of a value's text. */
type Pattern = string | RegExp;

/** Which notifications an endpoint wants. What is not named is not looked at; all that is named must match. */
export interface NotificationFilter {
  readonly publisherId?: Pattern;
  readonly eventType?: Pattern;
  readonly context?: Readonly<Record<string, Pattern>>;
  readonly metadata?: Readonly<Record<string, Pattern>>;
  readonly payload?: Readonly<Record<string, Pattern>>;
}

/** Whether a notification passes a filter. */
export function passes(filter: NotificationFilter | undefined, notification: Notification): boolean {
  if (!filter) {
    return true;
  }
  return (
    matches(filter.publisherId, notification.publisherId) &&
    matches(filter.eventType, notification.eventType) &&
    matchesFields(filter.context, notification.context) &&
    matchesFields(filter.metadata, notification.metadata) &&
    matchesFields(filter.payload, notification.payload)
  );
}

function matchesFields(patterns: Readonly<Record<string, Pattern>> | undefined, value: unknown): boolean {
  const entries = Object.entries(patterns ?? {});
  return entries.every(([key, pattern]) => matches(pattern, isObject(value) ? value[key] : undefined));
}

/** As Python's `re.match`: anchored at the start only. */
function matches(pattern: Pattern | undefined, value: unknown): boolean {
  if (pattern === undefined) {
    return true;
  }
  if (value === undefined || value === null) {
    return false;
  }
  const { source, flags } = typeof pattern === 'string' ? { source: pattern, flags: '' } : pattern;
  return new RegExp(`^(?:${source})`, flags.replaceAll(/[gy]/g, '')).test(shown(value));
}
