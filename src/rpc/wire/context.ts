import type { WireMessage } from './envelope.ts';

/** The request context: who asks and why, as plain JSON values. */
export type Context = Readonly<Record<string, unknown>>;

const prefix = '_context_';

/** The context's keys as they stand in a message, each with its prefix. */
export function packContext(context: Context): WireMessage {
  return Object.fromEntries(Object.entries(context).map(([key, value]) => [prefix + key, value]));
}

/** The context of a message. */
export function unpackContext(message: WireMessage): Record<string, unknown> {
  const keys = Object.keys(message).filter((key) => key.startsWith(prefix));
  return Object.fromEntries(keys.map((key) => [key.slice(prefix.length), message[key]]));
}
