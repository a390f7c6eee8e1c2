import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { connectRedis } from '../../../../src/bot/stores/connection/connect.ts';
import { type OwnRedis, ownRedis } from '../../own-redis.ts';
import { type FakeSentinel, fakeSentinel } from './fake-sentinel.ts';
import { readyAgain } from './ready-again.ts';

const NAME = 'burrow';

interface Scene {
  readonly redis: Redis;
  readonly sentinel: FakeSentinel;
  readonly [Symbol.dispose]: () => void;
}

const portOf = ({ url }: OwnRedis): number => Number(new URL(url).port);

/** The bot's connection to the master that the sentinel names. */
async function connected(sentinel: FakeSentinel): Promise<Scene> {
  const redis = connectRedis(
    {
      url: 'redis://127.0.0.1:1/0',
      sentinel: { sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: NAME, database: 0 },
    },
    pino({ level: 'silent' }),
  );
  await redis.connect();
  await sentinel.listened(1);
  return { redis, sentinel, [Symbol.dispose]: () => redis.disconnect() };
}

/** Which of the servers the connection stands to. */
const serverOf = async (redis: Redis): Promise<number> =>
  Number(/^tcp_port:(\d+)/m.exec(await redis.info('server'))?.[1]);

test('a master that a sentinel says has been replaced is left, although it closes nothing', async () => {
  await using old = await ownRedis();
  await using next = await ownRedis();
  await using sentinel = await fakeSentinel(portOf(old));
  using scene = await connected(sentinel);
  expect(await serverOf(scene.redis)).toBe(portOf(old));
  sentinel.setMaster(portOf(next));
  const isBack = readyAgain(scene.redis);
  sentinel.announce(NAME, portOf(next));
  await isBack;
  expect(await serverOf(scene.redis)).toBe(portOf(next));
});

test('a late announcement of the master that it stands to, and one of another master, close nothing', async () => {
  await using master = await ownRedis();
  await using sentinel = await fakeSentinel(portOf(master));
  using scene = await connected(sentinel);
  const id = await scene.redis.client('ID');
  sentinel.announce(NAME, portOf(master));
  sentinel.announce('another', 1);
  // Sentinel, client and test are one process: after two round trips over the loopback what was sent before them has been heard.
  await scene.redis.ping();
  await scene.redis.ping();
  expect(await scene.redis.client('ID')).toBe(id);
});

test('one that comes while the next connection is being opened does not end the client', async () => {
  await using old = await ownRedis();
  await using next = await ownRedis();
  await using sentinel = await fakeSentinel(portOf(old));
  using scene = await connected(sentinel);
  const asked = sentinel.heldQuestion();
  sentinel.setMaster(portOf(next));
  const isBack = readyAgain(scene.redis);
  await old.kill();
  const question = await asked;
  sentinel.announce(NAME, portOf(next));
  question.answer();
  await isBack;
  expect(await serverOf(scene.redis)).toBe(portOf(next));
});

test('a master that is named once more while another one was announced is left for that one', async () => {
  await using old = await ownRedis();
  await using next = await ownRedis();
  await using sentinel = await fakeSentinel(portOf(old));
  using scene = await connected(sentinel);
  const asked = sentinel.heldQuestion();
  await old.kill();
  await old.bringBack();
  const question = await asked;
  // This sentinel learns of the failover between its answer and its announcement.
  question.answer();
  sentinel.setMaster(portOf(next));
  sentinel.announce(NAME, portOf(next));
  while ((await serverOf(scene.redis).catch(() => 0)) !== portOf(next)) {
    await readyAgain(scene.redis);
  }
});
