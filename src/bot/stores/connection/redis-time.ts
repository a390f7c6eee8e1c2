import type { Redis } from 'ioredis';

/** Redis' own clock: one for all replicas. Milliseconds since the epoch. */
export async function timeOf(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}
