import type { Redis } from 'ioredis';

/** Everything that one installation has in Redis, as text that people can read and compare. */
export interface StoredState {
  /** The version that wrote it. */
  readonly version: string;
  readonly dumpedAtMs: number;
  readonly keys: readonly StoredKey[];
}

/** A value to the letter. Where it is JSON that comes back as it was, it is shown as what it means. */
export type Kept = string | { readonly json: unknown };

export type StoredKey = {
  /** Without the prefix of the installation. */
  readonly key: string;
  /** What was left of its life; absent: it has no end. */
  readonly ttlMs?: number;
} & (
  | { readonly type: 'string'; readonly value: Kept }
  | { readonly type: 'hash'; readonly value: Readonly<Record<string, Kept>> }
  | { readonly type: 'list'; readonly value: readonly Kept[] }
  | { readonly type: 'set'; readonly value: readonly string[] }
  /** Members with their scores. */
  | { readonly type: 'zset'; readonly value: readonly (readonly [string, string])[] }
  | { readonly type: 'stream'; readonly lastId: string; readonly value: readonly StoredEntry[] }
);

/** One entry of a stream. */
export interface StoredEntry {
  readonly id: string;
  readonly fields: Readonly<Record<string, Kept>>;
}

/** What BullMQ keeps: a job carries only an id, and the next start puts in what is wanted. */
const isOfQueues = (key: string): boolean => key.startsWith('queue:');

/** Reads everything under the prefix but the jobs. */
export async function dumpState(redis: Redis, prefix: string, version: string): Promise<StoredState> {
  const start = `{${prefix}}:`;
  const found = (await redis.keys('*')).filter((key) => key.startsWith(start)).toSorted();
  const keys: StoredKey[] = [];
  for (const full of found) {
    const key = full.slice(start.length);
    if (isOfQueues(key)) {
      continue;
    }
    const ttlMs = await redis.pttl(full);
    const content = await contentOf(redis, full);
    if (content !== undefined) {
      keys.push({ key, ...(ttlMs < 0 ? {} : { ttlMs }), ...content });
    }
  }
  return { version, dumpedAtMs: Date.now(), keys };
}

type WithoutKey<Stored> = Stored extends unknown ? Omit<Stored, 'key' | 'ttlMs'> : never;

/** Undefined when it ended in this moment. */
async function contentOf(redis: Redis, key: string): Promise<WithoutKey<StoredKey> | undefined> {
  const type = await redis.type(key);
  switch (type) {
    case 'none':
      return undefined;
    case 'string':
      return { type, value: kept((await redis.get(key)) ?? '') };
    case 'hash':
      return { type, value: mapped(await redis.hgetall(key), kept) };
    case 'list':
      return { type, value: (await redis.lrange(key, 0, -1)).map(kept) };
    case 'set':
      return { type, value: (await redis.smembers(key)).toSorted() };
    case 'zset':
      return { type, value: pairs(await redis.zrange(key, 0, '-1', 'WITHSCORES')) };
    case 'stream': {
      const entries = await redis.xrange(key, '-', '+');
      const value = entries.map(([id, fields]) => ({
        id,
        fields: mapped(Object.fromEntries(pairs(fields)), kept),
      }));
      return { type, lastId: await lastIdOf(redis, key), value };
    }
    default:
      throw new Error(`${key} is a ${type}, which no store of ours writes`);
  }
}

/** The highest number that was given, also where its entry is gone. */
async function lastIdOf(redis: Redis, key: string): Promise<string> {
  const info: unknown = await redis.xinfo('STREAM', key);
  const flat: readonly unknown[] = Array.isArray(info) ? info : [];
  return String(flat[flat.indexOf('last-generated-id') + 1]);
}

/** Puts it under another prefix, to the letter. */
export async function restoreState(redis: Redis, prefix: string, { keys }: StoredState): Promise<void> {
  const asked = redis.pipeline();
  for (const stored of keys) {
    const key = `{${prefix}}:${stored.key}`;
    switch (stored.type) {
      case 'string':
        asked.set(key, textOf(stored.value));
        break;
      case 'hash':
        asked.hset(key, mapped(stored.value, textOf));
        break;
      case 'list':
        asked.rpush(key, ...stored.value.map(textOf));
        break;
      case 'set':
        asked.sadd(key, ...stored.value);
        break;
      case 'zset':
        asked.zadd(key, ...stored.value.flatMap(([member, score]) => [score, member]));
        break;
      case 'stream':
        for (const { id, fields } of stored.value) {
          asked.xadd(key, id, ...Object.entries(fields).flatMap(([name, value]) => [name, textOf(value)]));
        }
        asked.call('XSETID', key, stored.lastId);
        break;
    }
    if (stored.ttlMs !== undefined) {
      asked.pexpire(key, stored.ttlMs);
    }
  }
  for (const [error] of (await asked.exec()) ?? []) {
    if (error !== null) {
      throw error;
    }
  }
}

function kept(text: string): Kept {
  if (!text.startsWith('{') && !text.startsWith('[')) {
    return text;
  }
  const json: unknown = JSON.parse(text);
  return JSON.stringify(json) === text ? { json } : text;
}

/** What stands in Redis. */
export const textOf = (value: Kept): string =>
  typeof value === 'string' ? value : JSON.stringify(value.json);

const mapped = <From, To>(
  values: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));

const pairs = (flat: readonly string[]): (readonly [string, string])[] =>
  flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as const] : []));
