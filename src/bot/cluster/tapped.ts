import { definite, type TappedMessage } from '../../rpc/index.ts';

/** What a tapped message says, by its kind. */
export type Tapped =
  | {
      readonly kind: 'notification';
      readonly eventType: string;
      readonly publisherId?: string;
      readonly priority?: string;
      readonly payload: unknown;
    }
  | {
      readonly kind: 'request';
      readonly method: string;
      readonly namespace?: string;
      readonly version?: string;
      readonly args: unknown;
    }
  | { readonly kind: 'other'; readonly message: unknown }
  | { readonly kind: 'unreadable'; readonly because: string };

/** Reads a notification's event and payload, or a request's method and arguments. */
export function tappedOf({ message, unreadable }: TappedMessage): Tapped {
  if (message === undefined) {
    return { kind: 'unreadable', because: unreadable ?? 'it is not an oslo.messaging message' };
  }
  const text = (key: string): string | undefined => {
    const value = message[key];
    return typeof value === 'string' ? value : undefined;
  };
  const eventType = text('event_type');
  if (eventType !== undefined) {
    return {
      kind: 'notification',
      eventType,
      ...definite({ publisherId: text('publisher_id'), priority: text('priority') }),
      payload: message['payload'],
    };
  }
  const method = text('method');
  if (method !== undefined) {
    return {
      kind: 'request',
      method,
      ...definite({ namespace: text('namespace'), version: text('version') }),
      args: message['args'],
    };
  }
  return { kind: 'other', message };
}

/** The request's or notification's context: who asked, for which project. */
export const requestContextOf = ({ message = {} }: TappedMessage): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(message).flatMap(([key, value]) =>
      key.startsWith('_context_') ? [[key.slice('_context_'.length), value]] : [],
    ),
  );
