import { expect, test } from 'vitest';
import { hangUp, openRedis } from '../../../../src/bot/stores/connection/connect.ts';

const closedPort = { url: 'redis://127.0.0.1:1/0' };

test('a connection to Redis that has ended by itself is not ended again, for which ioredis would keep the process waiting', async () => {
  const redis = openRedis(closedPort, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => {});
  await expect(redis.connect()).rejects.toThrow('Connection is closed.');
  let times = 0;
  const counted = { status: redis.status, disconnect: () => (times += 1) };
  hangUp(counted);
  expect({ status: counted.status, times }).toEqual({ status: 'end', times: 0 });
});

test('a connection to Redis that waits for its first command is ended', () => {
  const redis = openRedis(closedPort, { lazyConnect: true });
  hangUp(redis);
  expect(redis.status).toBe('end');
});
