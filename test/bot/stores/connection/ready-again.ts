import type { Redis } from 'ioredis';

/** Resolves when the connection stands the next time, however many attempts fail before. */
export const readyAgain = (redis: Redis): Promise<void> =>
  new Promise((resolve) => {
    redis.once('ready', () => resolve());
  });
