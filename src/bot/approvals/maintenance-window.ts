import type { MaintenanceWindow } from '../config/config.ts';
import type { BotContext } from '../context.ts';
import { lastTimeMs } from '../process/cron.ts';

/** Maintenance that somebody has announced. While it lasts, alerts are posted without notification and no repair is proposed. */
export interface Announced {
  readonly untilMs: number;
  /** Who announced it; absent when the calendar of the configuration did. */
  readonly by?: string;
}

/** The maintenance of a cluster at this moment, that which lasts longest; undefined when there is none. */
export async function maintenanceOf(
  { config, stores, clock }: Pick<BotContext, 'config' | 'stores' | 'clock'>,
  cluster: string,
): Promise<Announced | undefined> {
  const asked = await stores.maintenance.get(cluster);
  const planned = config.maintenance.flatMap((window) => windowAt(window, cluster, clock.now()) ?? []);
  return [...(asked === undefined ? [] : [asked]), ...planned].toSorted(
    (one, other) => other.untilMs - one.untilMs,
  )[0];
}

function windowAt(
  { cron, timezone, durationMs, clusters }: MaintenanceWindow,
  cluster: string,
  atMs: number,
): Announced | undefined {
  if (clusters !== undefined && !clusters.includes(cluster)) {
    return undefined;
  }
  const begunAtMs = lastTimeMs(cron, timezone, atMs);
  if (begunAtMs === undefined || begunAtMs + durationMs <= atMs) {
    return undefined;
  }
  return { untilMs: begunAtMs + durationMs };
}
