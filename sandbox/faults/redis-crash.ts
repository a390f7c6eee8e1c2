import type { Fault } from './fault.ts';

const DOWN_MS = 3_000;

/** The bot's memory is killed, and comes back with what its append-only file holds. */
export const redisCrash: Fault = {
  name: 'redis-crash',
  title: 'Redis is killed and comes back after 3 seconds; the bot must lose nothing',
  async make({ redis, later }) {
    await redis.crash();
    later(DOWN_MS, () => redis.start());
    return `Redis was killed. It comes back in ${DOWN_MS / 1_000} seconds with everything that was written.`;
  },
  async heal({ redis }) {
    if (redis.isUp()) {
      return undefined;
    }
    await redis.start();
    return 'Redis is reachable again.';
  },
};
