import type { Incident } from '../../../runbooks/index.ts';
import type { BotConfig } from '../../config/config.ts';
import { systemClock } from '../../process/system-clock.ts';
import { withStores } from '../common/with-stores.ts';

/** What a running bot knows of one cluster: it has a memory, and it sends probes. */
export interface KnownToBot {
  readonly sweptAtMs: number;
  /** Open incidents that no other one explains. */
  readonly open: readonly Incident[];
}

/** A look at a cluster does not wait longer than this for the memory. */
const LIMIT_MS = 2_000;
/** Older than this many sweeps, and a minute, a memory says nothing about now. */
const FRESH_SWEEPS = 4;
const FRESH_MS = 60_000;

/**
 * What the bot has found on each of these clusters, as far as it has looked lately. Empty where Redis is away: whoever
 * looks once does not depend on it.
 */
export async function knownToBot(
  config: BotConfig,
  clusters: readonly string[],
): Promise<ReadonlyMap<string, KnownToBot>> {
  const freshMs = Math.max(FRESH_MS, config.schedule.sweepMs * FRESH_SWEEPS);
  try {
    return await withStores(
      config,
      async ({ memory, incidents }) => {
        const known = await Promise.all(
          clusters.map(async (cluster) => {
            const [sweptAtMs, open] = await Promise.all([memory.sweptAtMs(cluster), incidents.open(cluster)]);
            return sweptAtMs === undefined || systemClock.now() - sweptAtMs > freshMs
              ? []
              : [
                  [
                    cluster,
                    { sweptAtMs, open: open.filter(({ mutedBy }) => mutedBy === undefined) },
                  ] as const,
                ];
          }),
        );
        return new Map(known.flat());
      },
      LIMIT_MS,
    );
  } catch {
    return new Map();
  }
}
