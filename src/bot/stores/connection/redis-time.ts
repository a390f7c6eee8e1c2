import type { StoreConnection } from './store-connection.ts';

/** Redis' own clock: one for all replicas. Milliseconds since the epoch. */
export async function timeOf(connection: StoreConnection): Promise<number> {
  const [seconds, micros] = await connection.read((redis) => redis.time());
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}
