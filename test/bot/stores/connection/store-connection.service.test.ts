import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { connectRedis } from '../../../../src/bot/stores/connection/connect.ts';
import {
  OutcomeUnknown,
  openStoreConnection,
  RedisAway,
} from '../../../../src/bot/stores/connection/store-connection.ts';
import { ownRedis } from '../../own-redis.ts';
import { readyAgain } from './ready-again.ts';

const silent = pino({ level: 'silent' });
/** Longer than any machine needs to connect again: what waits for it is woken by the connection. */
const PATIENT_MS = 20_000;

let admin: Redis;
beforeAll(() => {
  admin = new Redis(inject('redisUrl'));
});
afterAll(() => admin.disconnect());

/** The bot's connection to the shared Redis, and a way to break it from outside. */
async function connected() {
  const redis = connectRedis({ url: inject('redisUrl') }, silent);
  await redis.connect();
  const key = `test-${randomUUID()}`;
  const id = await redis.client('ID');
  return {
    redis,
    key,
    connection: openStoreConnection(redis, PATIENT_MS),
    /** Ends the connection while its command waits in Redis for something. */
    async breakWhileBlocked() {
      for (;;) {
        const clients = String(await admin.client('LIST', 'ID', id));
        if (/ flags=b /.test(clients)) {
          break;
        }
      }
      await admin.client('KILL', 'ID', id);
    },
    [Symbol.dispose]: () => redis.disconnect(),
  };
}

describe('a read', () => {
  test('of a connection that was just closed is answered by the next one', async () => {
    using scene = await connected();
    await admin.set(scene.key, 'here');
    // What ioredis does when a sentinel tells of a failover, also of one that is over.
    scene.redis.disconnect(true);
    expect(await scene.connection.read((redis) => redis.get(scene.key))).toBe('here');
  });

  test('of several values in one message is answered by the next connection too', async () => {
    using scene = await connected();
    await admin.set(scene.key, 'here');
    scene.redis.disconnect(true);
    const answers = await scene.connection.read(async (redis) => {
      const found = (await redis.pipeline().get(scene.key).get(scene.key).exec()) ?? [];
      return found.map(([error, value]) => {
        if (error !== null) {
          throw error;
        }
        return value;
      });
    });
    expect(answers).toEqual(['here', 'here']);
  });

  test('whose answer is lost is asked again', async () => {
    using scene = await connected();
    let asked = 0;
    const reading = scene.connection.read((redis) => {
      asked += 1;
      return asked === 1
        ? redis.xread('BLOCK', 0, 'STREAMS', scene.key, '$')
        : redis.xread('STREAMS', scene.key, '0');
    });
    await scene.breakWhileBlocked();
    expect(await reading).toBeNull();
    expect(asked).toBe(2);
  });

  test('that a Redis which stands does not answer in time is told as away, and is not asked again', async () => {
    const redis = new Redis(inject('redisUrl'), { commandTimeout: 50 });
    let asked = 0;
    const reading = openStoreConnection(redis, PATIENT_MS).read((connection) => {
      asked += 1;
      return connection.xread('BLOCK', 0, 'STREAMS', randomUUID(), '$');
    });
    await expect(reading).rejects.toThrow(RedisAway);
    expect(asked).toBe(1);
    redis.disconnect();
  });

  test('that Redis refuses is not asked again', async () => {
    using scene = await connected();
    await admin.set(scene.key, 'text');
    await expect(scene.connection.read((redis) => redis.hget(scene.key, 'json'))).rejects.toThrow(
      /^WRONGTYPE/,
    );
  });
});

describe('a change', () => {
  test('that could not leave is sent by the next connection, once', async () => {
    using scene = await connected();
    scene.redis.disconnect(true);
    expect(await scene.connection.write((redis) => redis.incr(scene.key))).toBe(1);
    expect(await admin.get(scene.key)).toBe('1');
  });

  test('that waits goes out in its order', async () => {
    using scene = await connected();
    scene.redis.disconnect(true);
    const order = Array.from({ length: 20 }, (_, index) => String(index));
    await Promise.all(order.map((value) => scene.connection.write((redis) => redis.rpush(scene.key, value))));
    expect(await admin.lrange(scene.key, 0, -1)).toEqual(order);
  });

  test('that was sent when the connection broke is told as unknown, and is not sent again', async () => {
    using scene = await connected();
    let sent = 0;
    const writing = scene.connection.write((redis) => {
      sent += 1;
      return redis.blpop(scene.key, 0);
    });
    const refused = expect(writing).rejects.toThrow(OutcomeUnknown);
    await scene.breakWhileBlocked();
    await refused;
    // The next connection stands, and nobody waits for the list on it.
    expect(await scene.connection.write((redis) => redis.rpush(scene.key, 'value'))).toBe(1);
    expect(await admin.llen(scene.key)).toBe(1);
    expect(sent).toBe(1);
  });

  test('that a Redis which stands does not answer in time is told as unknown', async () => {
    const redis = new Redis(inject('redisUrl'), { commandTimeout: 50 });
    const writing = openStoreConnection(redis, PATIENT_MS).write((connection) =>
      connection.blpop(randomUUID(), 0),
    );
    await expect(writing).rejects.toThrow(OutcomeUnknown);
    redis.disconnect();
  });

  test('that a master refuses because it was made a replica is sent to whoever is the master then', async () => {
    await using server = await ownRedis();
    const redis = connectRedis({ url: server.url }, silent);
    try {
      await redis.connect();
      await redis.replicaof('127.0.0.1', 1);
      redis.once('close', () => {
        const other = new Redis(server.url);
        void other.replicaof('NO', 'ONE').finally(() => other.disconnect());
      });
      expect(await openStoreConnection(redis, PATIENT_MS).write((master) => master.incr('count'))).toBe(1);
    } finally {
      redis.disconnect();
    }
  });
});

describe('a Redis that is away for longer than the limit', () => {
  test('is told by its reads and its changes, and is used again when it is back', async () => {
    await using server = await ownRedis();
    const redis = connectRedis({ url: server.url }, silent);
    const connection = openStoreConnection(redis, 50);
    try {
      await redis.connect();
      await server.kill();
      await expect(connection.read((there) => there.get('key'))).rejects.toThrow(RedisAway);
      await expect(connection.write((there) => there.incr('key'))).rejects.toThrow(RedisAway);
      const isBack = readyAgain(redis);
      await server.bringBack();
      await isBack;
      // What was told as not carried out was not carried out later either.
      expect(await connection.write((there) => there.incr('key'))).toBe(1);
    } finally {
      redis.disconnect();
    }
  });

  test('is told too when the connection has given up', async () => {
    using scene = await connected();
    scene.redis.disconnect();
    await expect(scene.connection.read((redis) => redis.get('key'))).rejects.toThrow(RedisAway);
  });
});
