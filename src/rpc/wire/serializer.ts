import type { Context } from './context.ts';

/** Turns an application's values into JSON values and back, value by value. */
export interface Serializer {
  serializeEntity(context: Context, value: unknown): unknown;
  deserializeEntity(context: Context, value: unknown): unknown;
  serializeContext(context: Context): Context;
  deserializeContext(context: Context): Context;
}

/** Changes nothing: for values that are JSON already. */
export const noOpSerializer: Serializer = {
  serializeEntity: (_context, value) => value,
  deserializeEntity: (_context, value) => value,
  serializeContext: (context) => context,
  deserializeContext: (context) => context,
};

/** Writes dates, sets, maps and bytes as Python's oslo.serialization does; reads nothing back. */
export const jsonPayloadSerializer: Serializer = {
  ...noOpSerializer,
  serializeEntity: (_context, value) => toPrimitive(value),
};

/** JSON value for `value`: dates as `2026-11-22T12:03:44.887000`, sets as lists, maps as objects, bytes as text. */
export function toPrimitive(value: unknown): unknown {
  if (value instanceof Date) {
    return value.toISOString().replace('Z', '000');
  }
  if (value instanceof Uint8Array) {
    return Buffer.from(value).toString('utf8');
  }
  if (value instanceof Set || Array.isArray(value)) {
    return [...value].map((each) => toPrimitive(each));
  }
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, each]) => [String(key), toPrimitive(each)]));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toPrimitive(each)]));
}
