import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePorts } from '../../sandbox/ports.ts';
import type { RedisConfig } from '../../src/bot/config/config.ts';
import { systemClock } from '../../src/bot/process/system-clock.ts';
import { RECONNECT_LIMIT_MS } from '../../src/bot/stores/connection/store-connection.ts';

/** A master with two replicas and three sentinels of one test. */
export interface OwnSentinels extends AsyncDisposable {
  readonly config: RedisConfig;
  /** Port of whoever is the master now, as the sentinels say. */
  master(): Promise<number>;
  /** Kills the master as a crash would, and resolves with the port of the next one. */
  failOver(): Promise<number>;
  /** Does every sentinel name the same master? After a failover they learn of it one after the other. */
  areAgreed(): Promise<boolean>;
  killReplicas(): Promise<void>;
}

const NAME = 'burrow';
const PASSWORD = 'clover-meadow';
/** A master is away for longer than a command of the bot waits, whenever the sentinels have asked it last (once a second). */
const DOWN_AFTER_MS = RECONNECT_LIMIT_MS + 1_500;

export async function ownSentinels(): Promise<OwnSentinels> {
  const folder = await mkdtemp(join(tmpdir(), 'watership-sentinels-'));
  const ports = await freePorts(6);
  const [redisPorts, sentinelPorts] = [ports.slice(0, 3), ports.slice(3)];
  const [first = 0] = redisPorts;
  const servers = new Map<number, ChildProcess>();

  const run = async (port: number, lines: readonly string[], more: readonly string[] = []): Promise<void> => {
    const file = join(folder, `${port}.conf`);
    await writeFile(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, ...lines, ''].join('\n'));
    const server = spawn('redis-server', [file, ...more], { stdio: 'ignore' });
    servers.set(port, server);
    await until(() => ask(port, more.length > 0 ? undefined : PASSWORD, (redis) => redis.ping()));
  };

  for (const port of redisPorts) {
    await run(port, [
      `requirepass ${PASSWORD}`,
      `masterauth ${PASSWORD}`,
      'save ""',
      'appendonly yes',
      `appenddirname aof-${port}`,
      'appendfsync always',
      'repl-diskless-sync-delay 0',
      ...(port === first ? [] : [`replicaof 127.0.0.1 ${first}`]),
    ]);
  }
  await until(() =>
    ask(first, PASSWORD, async (redis) => {
      const online = (await redis.info('replication')).match(/state=online/g) ?? [];
      return online.length === 2 ? 'both' : undefined;
    }),
  );
  for (const port of sentinelPorts) {
    await run(
      port,
      [
        `sentinel monitor ${NAME} 127.0.0.1 ${first} 2`,
        `sentinel auth-pass ${NAME} ${PASSWORD}`,
        `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
        `sentinel failover-timeout ${NAME} 3000`,
      ],
      ['--sentinel'],
    );
  }
  const [asked = 0] = sentinelPorts;
  // A sentinel that knows neither its peers nor the replicas can call no failover.
  for (const port of sentinelPorts) {
    await until(() =>
      ask(port, undefined, async (redis) => {
        const about = String(await redis.call('SENTINEL', 'MASTER', NAME)).split(',');
        const value = (key: string): string | undefined => about[about.indexOf(key) + 1];
        return value('num-slaves') === '2' && value('num-other-sentinels') === '2' ? 'ready' : undefined;
      }),
    );
  }

  const masterOf = async (sentinel: number): Promise<number> =>
    await until(() =>
      ask(sentinel, undefined, async (redis) => {
        const found = await redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME);
        return Array.isArray(found) ? Number(found[1]) : undefined;
      }),
    );
  const master = (): Promise<number> => masterOf(asked);

  const kill = async (port: number): Promise<void> => {
    const server = servers.get(port);
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) {
      return;
    }
    server.kill('SIGKILL');
    await once(server, 'exit');
  };

  return {
    config: {
      url: 'redis://127.0.0.1:1/0',
      prefix: 'watership',
      copies: 1,
      sentinel: {
        sentinels: sentinelPorts.map((port) => ({ host: '127.0.0.1', port })),
        name: NAME,
        database: 0,
        password: PASSWORD,
      },
    },
    master,
    async failOver() {
      const old = await master();
      await kill(old);
      return await until(async () => {
        const next = await master();
        return next === old ? undefined : next;
      });
    },
    async areAgreed() {
      return new Set(await Promise.all(sentinelPorts.map(masterOf))).size === 1;
    },
    async killReplicas() {
      const current = await master();
      for (const port of redisPorts) {
        if (port !== current) {
          await kill(port);
        }
      }
    },
    async [Symbol.asyncDispose]() {
      for (const port of servers.keys()) {
        await kill(port);
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ask<Answer>(
  port: number,
  password: string | undefined,
  question: (redis: Redis) => Promise<Answer>,
): Promise<Answer | undefined> {
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    ...(password === undefined ? {} : { password }),
    lazyConnect: true,
    retryStrategy: () => null,
  });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return await question(redis);
  } catch {
    return undefined;
  } finally {
    redis.disconnect();
  }
}

/** Asks until there is an answer; the test's own limit ends it. */
async function until<Answer>(question: () => Promise<Answer | undefined>): Promise<Answer> {
  for (;;) {
    const answer = await question();
    if (answer !== undefined) {
      return answer;
    }
    await systemClock.sleep(50);
  }
}
