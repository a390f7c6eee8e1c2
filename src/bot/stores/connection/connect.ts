import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { connectOptionsOf, definite } from '../../../rpc/index.ts';
import type { RedisConfig } from '../../config/config.ts';
import { FollowingConnector } from './following-connector.ts';

const COMMAND_TIMEOUT_MS = 5_000;
/** Longest time between two attempts to connect; the first ones come faster, so that a short break is over before anybody minds. */
const RETRY_MS = 1_000;
const FIRST_RETRY_MS = 50;
const SENTINEL_ANSWER_MS = 2_000;

/** Where Redis is. */
export type RedisAddress = Pick<RedisConfig, 'url' | 'sentinel' | 'tls'>;

/**
 * A connection for commands: while Redis is away each command fails at once, so that nobody acts on what cannot be written down, and
 * none is sent later than its caller waits for it. What may be sent again is decided in `store-connection.ts`, which knows what a command
 * does. The connection itself tries again for ever.
 */
export function connectRedis(address: RedisAddress, log: Logger): Redis {
  const redis = openRedis(address, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: retryAfterMs,
    reconnectOnError: isDemoted,
  });
  tellOnce(redis, log);
  return redis;
}

/** A connection that waits for jobs: it blocks, and takes up its wait again when Redis is back. */
export function connectRedisForJobs(address: RedisAddress): Redis {
  const redis = openRedis(address, {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    retryStrategy: retryAfterMs,
    reconnectOnError: isDemoted,
  });
  // The other connection of this process has logged it already; without a listener ioredis prints each attempt.
  redis.on('error', () => {});
  return redis;
}

/** One connection with no care of its own, to a single Redis or to whatever the sentinels call the master just now. */
export function openRedis(
  { url, sentinel, tls }: RedisAddress,
  options: Omit<RedisOptions, 'replyMapping'>,
): Redis {
  const trust = tls === undefined ? undefined : connectOptionsOf(tls);
  if (sentinel === undefined) {
    return new Redis(url, { ...options, ...(trust && { tls: trust }) });
  }
  const { sentinels, name, database, username, password, sentinelPassword } = sentinel;
  return new Redis({
    ...options,
    sentinels: [...sentinels],
    name,
    db: database,
    ...definite({ username, password, sentinelPassword }),
    ...(trust && { tls: trust, sentinelTLS: trust, enableTLSForSentinelMode: true }),
    sentinelCommandTimeout: SENTINEL_ANSWER_MS,
    // Whoever does not try again for the master does not for the sentinels either.
    sentinelRetryStrategy: options.retryStrategy ?? retryAfterMs,
    // The sentinels tell of a failover; else a master that hangs is noticed only when its connection breaks.
    Connector: FollowingConnector,
  });
}

/** End of a connection. One that has ended by itself is left alone: ioredis would wait two seconds more for its end, and the process with it. */
export function hangUp(redis: Pick<Redis, 'status' | 'disconnect'>): void {
  if (redis.status !== 'end') {
    redis.disconnect();
  }
}

/** Redis in words, without what opens it. */
export const tellRedis = ({ url, sentinel }: RedisAddress): string =>
  sentinel === undefined
    ? new URL(url).host
    : `${sentinel.name} by ${sentinel.sentinels.map(({ host, port }) => `${host}:${port}`).join(', ')}`;

/** Milliseconds until the next attempt, by the number of the last one. */
const retryAfterMs = (attempt: number): number => Math.min(RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1));

/** A master that was made a replica refuses to write by this code: whoever is the master now is looked up again. */
const isDemoted = (error: Error): boolean => error.message.startsWith('READONLY');

/** One line when Redis goes and one when it comes back, however many attempts lie between. */
function tellOnce(redis: Redis, log: Logger): void {
  let isAway = false;
  const away = (error?: Error): void => {
    if (isAway) {
      return;
    }
    isAway = true;
    log.error(
      { err: error },
      'Redis is not reachable. No action is taken until it is back; trying again every second.',
    );
  };
  redis.on('error', away);
  redis.on('close', () => {
    if (redis.status !== 'end') {
      away();
    }
  });
  redis.on('ready', () => {
    if (isAway) {
      log.info('Redis is reachable again.');
    }
    isAway = false;
  });
}
