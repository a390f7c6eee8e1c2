import { Redis } from 'ioredis';
import type { Logger } from 'pino';

const COMMAND_TIMEOUT_MS = 5_000;
const RETRY_MS = 1_000;

/**
 * A connection for commands: while Redis is away each command fails at once, so that nobody acts on what cannot be written down.
 * The connection itself tries again for ever.
 */
export function connectRedis(url: string, log: Logger): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: () => RETRY_MS,
  });
  tellOnce(redis, log);
  return redis;
}

/** A connection that waits for jobs: it blocks, and takes up its wait again when Redis is back. */
export function connectRedisForJobs(url: string): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    retryStrategy: () => RETRY_MS,
  });
  // The other connection of this process has told already; without a listener ioredis prints each attempt.
  redis.on('error', () => {});
  return redis;
}

/** One line when Redis goes and one when it comes back, however many attempts lie between. */
function tellOnce(redis: Redis, log: Logger): void {
  let isAway = false;
  const away = (error?: Error): void => {
    if (isAway) return;
    isAway = true;
    log.error(
      { err: error },
      'Redis is away. No action is taken until it is back; trying again every second.',
    );
  };
  redis.on('error', away);
  redis.on('close', () => {
    if (redis.status !== 'end') away();
  });
  redis.on('ready', () => {
    if (isAway) log.info('Redis is back.');
    isAway = false;
  });
}
