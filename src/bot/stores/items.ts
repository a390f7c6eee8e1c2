import type { Incident, Run } from '../../runbooks/index.ts';
import type { StoreConnection } from './connection/store-connection.ts';

/** How long ended runs and resolved incidents are kept. */
export const KEEP_SECONDS = 90 * 24 * 3_600;

interface Kept {
  readonly incident: Incident;
  readonly run: Run;
}

/** Values that this store wrote itself, under a version: the one place where stored text becomes a type again. */
export function parseStored<Kind extends keyof Kept>(_kind: Kind, json: string): Kept[Kind] {
  return JSON.parse(json) as Kept[Kind];
}

/** The items behind some keys, in their order; expired ones are left out. */
export async function readItems<Kind extends keyof Kept>(
  connection: StoreConnection,
  kind: Kind,
  keys: readonly string[],
): Promise<readonly Kept[Kind][]> {
  // One message to Redis, however many there are: a thousand small ones would hold up whoever clicks meanwhile.
  const texts = await connection.read(async (redis) => {
    const asked = redis.pipeline();
    for (const key of keys) {
      asked.hget(key, 'json');
    }
    const answers = (await asked.exec()) ?? [];
    return answers.map(([error, text]) => {
      if (error !== null) {
        throw error;
      }
      return text;
    });
  });
  return texts.flatMap((text) => (typeof text === 'string' ? [parseStored(kind, text)] : []));
}

/** Ids from an index by time, newest first. */
export function newestIds(
  connection: StoreConnection,
  index: string,
  limit: number,
  sinceMs = 0,
): Promise<string[]> {
  return connection.read((redis) =>
    redis.zrange(index, '+inf', String(sinceMs), 'BYSCORE', 'REV', 'LIMIT', 0, limit),
  );
}
