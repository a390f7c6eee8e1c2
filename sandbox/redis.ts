import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { accepts } from './cluster.ts';
import type { Child, Supervisor } from './supervisor.ts';
import { waitFor } from './wait.ts';
import { whileAlive } from './while-alive.ts';

/** A Redis of our own, set up as the bot wants it. */
export interface RedisServer {
  readonly url: string;
  isUp(): boolean;
  /** Starts it again with what its append-only file holds. Does nothing while it is up. */
  start(): Promise<void>;
  /** Kills it, as a power cut would. */
  crash(): Promise<void>;
}

/** Resolves when it listens. */
export async function startRedis(options: {
  readonly folder: string;
  readonly port: number;
  readonly supervisor: Supervisor;
}): Promise<RedisServer> {
  mkdirSync(options.folder, { recursive: true });
  let child: Child | undefined;
  const isUp = (): boolean => child !== undefined && !child.hasEnded();

  async function start(): Promise<void> {
    if (isUp()) {
      return;
    }
    const started = options.supervisor.start({
      name: 'redis',
      argv: [
        'redis-server',
        ...['--bind', '127.0.0.1', '--port', String(options.port), '--dir', options.folder],
        // Approvals must outlive a crash, and must not be dropped when memory is short.
        ...['--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction'],
        ...['--daemonize', 'no', '--loglevel', 'notice'],
      ],
      logFile: join(options.folder, 'redis.log'),
    });
    child = started;
    await whileAlive(
      started,
      waitFor('Redis to listen', () => accepts(options.port), { withinMs: 15_000, everyMs: 50 }),
    );
  }

  await start();
  return {
    url: `redis://127.0.0.1:${options.port}/0`,
    isUp,
    start,
    async crash() {
      await child?.stop('SIGKILL', 0);
    },
  };
}
