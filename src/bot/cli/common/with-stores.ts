import { reasonOf } from '../../../rpc/index.ts';
import type { BotConfig } from '../../config/config.ts';
import { hangUp, openRedis, tellRedis } from '../../stores/connection/connect.ts';
import { openStores } from '../../stores/open.ts';
import type { Stores } from '../../stores/stores.ts';

const LIMIT_MS = 5_000;

/** Opens the stores for one command, and closes them after it. Redis is waited for so long. @default limitMs 5000 */
export async function withStores<Answer>(
  config: BotConfig,
  work: (stores: Stores) => Promise<Answer>,
  limitMs: number = LIMIT_MS,
): Promise<Answer> {
  const redis = openRedis(config.redis, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: limitMs,
    commandTimeout: limitMs,
    // A command says at once that Redis is away.
    retryStrategy: () => null,
  });
  // What it tells reaches the caller of the command that fails.
  redis.on('error', () => {});
  try {
    try {
      await redis.connect();
    } catch (error) {
      const why = reasonOf(error);
      throw new Error(`Redis at ${tellRedis(config.redis)} cannot be reached: ${why}`, {
        cause: error,
      });
    }
    return await work(openStores(redis, config.redis.prefix, { copies: config.redis.copies ?? 0 }));
  } finally {
    hangUp(redis);
  }
}
