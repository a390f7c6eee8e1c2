import type { BotConfig } from '../config/config.ts';
import { createLog } from '../log.ts';
import { connectRedis } from '../stores/connect.ts';
import { openStores } from '../stores/open.ts';
import type { Stores } from '../stores/stores.ts';

/** Opens the stores for one command, and closes them after it. */
export async function withStores<Answer>(
  config: BotConfig,
  work: (stores: Stores) => Promise<Answer>,
): Promise<Answer> {
  const redis = connectRedis(config.redis.url, createLog('silent'));
  try {
    try {
      await redis.connect();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`Redis at ${new URL(config.redis.url).host} cannot be reached: ${why}`, {
        cause: error,
      });
    }
    return await work(openStores(redis, config.redis.prefix));
  } finally {
    redis.disconnect();
  }
}
