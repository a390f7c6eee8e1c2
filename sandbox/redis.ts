import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { accepts } from './cluster.ts';
import type { Supervisor } from './supervisor.ts';
import { waitFor } from './wait.ts';

/** A Redis of our own, set up as the bot wants it. Resolves with its address when it listens. */
export async function startRedis(options: {
  readonly folder: string;
  readonly port: number;
  readonly supervisor: Supervisor;
}): Promise<string> {
  mkdirSync(options.folder, { recursive: true });
  const redis = options.supervisor.start({
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
  await Promise.race([
    waitFor('Redis to listen', () => accepts(options.port), { withinMs: 15_000, everyMs: 50 }),
    redis.ended.then((how) => {
      throw new Error(how);
    }),
  ]);
  return `redis://127.0.0.1:${options.port}/0`;
}
