import { stat } from 'node:fs/promises';
import type { Redis } from 'ioredis';
import { timeOf } from './connection/redis-time.ts';
import type { Replicas } from './connection/replicas.ts';
import type { StoreConnection } from './connection/store-connection.ts';
import { type Keys, keysFor } from './keys.ts';
import type { Halt, HaltStore } from './stores.ts';

/** The field of all clusters among those of single ones. */
export const EVERYWHERE = '*';

/** What halts this process besides the switch in Redis. */
export interface HaltOverrides {
  /** While this file is there, or cannot be looked for, everything is halted. */
  readonly file?: string;
  /** Halted for as long as this process lives, and why. */
  readonly always?: string;
}

/** The switch in Redis, under the overrides of this machine. */
export function openHalts(
  connection: StoreConnection,
  keys: Keys,
  copies: Replicas,
  overrides: HaltOverrides = {},
): HaltStore {
  return {
    async isHalted(cluster) {
      if ((await overridden(overrides)) !== undefined) {
        return true;
      }
      const found = await connection.read((redis) => redis.hmget(keys.halts, EVERYWHERE, cluster));
      return found.some((by) => by !== null);
    },
    async find(cluster) {
      const local = await overridden(overrides);
      if (local !== undefined) {
        return local;
      }
      const [everywhere = null, one = null] = await connection.read((redis) =>
        redis.hmget(keys.halts, EVERYWHERE, cluster ?? EVERYWHERE),
      );
      const json = everywhere ?? one;
      // Written by `halt` below, and by the script that trips the circuit breaker.
      const kept = json === null ? undefined : (JSON.parse(json) as Omit<Halt, 'everywhere'>);
      return kept && { ...kept, everywhere: everywhere !== null };
    },
    async halt(cluster, by) {
      const field = cluster ?? EVERYWHERE;
      const halt = JSON.stringify({ by, atMs: await timeOf(connection) });
      await copies.confirmed((redis) => redis.hsetnx(keys.halts, field, halt));
      await connection.write((redis) => redis.publish(keys.turned, field));
    },
    async resume(cluster, _by) {
      // Resuming everything also ends the halts of single clusters: "resume" must not leave one behind unseen.
      const ended =
        cluster === undefined ? await connection.read((redis) => redis.hkeys(keys.halts)) : [cluster];
      await copies.confirmed((redis) =>
        cluster === undefined ? redis.del(keys.halts) : redis.hdel(keys.halts, cluster),
      );
      // Whoever resumes has judged the failures so far: only further ones count.
      for (const name of ended) {
        await connection.write((redis) => redis.del(keys.failureWindow(name)));
      }
      await connection.write((redis) => redis.publish(keys.turned, cluster ?? EVERYWHERE));
    },
  };
}

/** Calls back whenever a halt is set or ended, by whatever process. The connection is used for nothing else. */
export async function watchHalts(
  redis: Redis,
  prefix: string,
  onTurn: (cluster: string | undefined) => void,
): Promise<void> {
  const { turned } = keysFor(prefix);
  redis.on('message', (channel: string, field: string) => {
    if (channel === turned) {
      onTurn(field === EVERYWHERE ? undefined : field);
    }
  });
  await redis.subscribe(turned);
}

async function overridden({ file, always }: HaltOverrides): Promise<Halt | undefined> {
  if (always !== undefined && always !== '') {
    return {
      by: 'watership',
      atMs: 0,
      everywhere: true,
      because: 'the bot was started with WATERSHIP_HALT',
      cure: 'Start it without that variable.',
    };
  }
  if (file === undefined) {
    return undefined;
  }
  const there = (atMs: number, because: string): Halt => ({
    by: 'watership',
    atMs,
    everywhere: true,
    because,
    cure: `Remove ${file} on the bot’s machine.`,
  });
  try {
    return there((await stat(file)).mtimeMs, `the file ${file} is there`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return code === 'ENOENT'
      ? undefined
      : there(0, `the file ${file} could not be checked (${code}), so it may be there`);
  }
}
