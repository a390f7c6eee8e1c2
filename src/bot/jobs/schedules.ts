import type { BotConfig } from '../config/config.ts';
import type { BotContext } from '../context.ts';
import type { Vitals } from '../health/vitals.ts';
import type { Queues } from './queues.ts';

const SILENT_INTERVALS = 4;
const SHORTEST_SILENCE_MS = 20_000;

const DIGEST = 'digest';
const sweepId = (cluster: string): string => `sweep.${cluster}`;
const probeId = (cluster: string): string => `probe.${cluster}`;

/** Puts the schedules of the configuration into Redis; those of clusters that are gone are taken out. */
export async function schedule(queues: Queues, config: BotConfig): Promise<void> {
  await keepOnly(
    queues.sweep,
    config.clusters.map(({ settings }) => sweepId(settings.name)),
  );
  for (const { settings } of config.clusters) {
    await scheduleSweep(queues, config, settings.name);
  }
  await keepOnly(
    queues.probe,
    config.clusters.map(({ settings }) => probeId(settings.name)),
  );
  for (const { settings } of config.clusters) {
    await scheduleProbe(queues, config, settings.name);
  }

  const { digest } = config.schedule;
  await keepOnly(queues.digest, digest === undefined ? [] : [DIGEST]);
  if (digest !== undefined) {
    const { cron, timezone } = digest;
    await queues.digest.upsertJobScheduler(
      DIGEST,
      { pattern: cron, tz: timezone },
      {
        name: DIGEST,
        data: { scheduled: true },
        // Slack may be away at that minute: tried for about an hour.
        opts: { attempts: 7, backoff: { type: 'exponential', delay: 60_000 }, removeOnComplete: true },
      },
    );
  }
}

/** Also called when a schedule has fallen silent: to put it in again starts it again. */
export async function scheduleSweep(queues: Queues, config: BotConfig, cluster: string): Promise<void> {
  await queues.sweep.upsertJobScheduler(
    sweepId(cluster),
    { every: config.schedule.sweepMs },
    { name: 'sweep', data: { cluster }, opts: { removeOnComplete: true, removeOnFail: { count: 100 } } },
  );
}

/** As for the sweeps. */
export async function scheduleProbe(queues: Queues, config: BotConfig, cluster: string): Promise<void> {
  await queues.probe.upsertJobScheduler(
    probeId(cluster),
    { every: config.schedule.probeMs },
    { name: 'probe', data: { cluster }, opts: { removeOnComplete: true, removeOnFail: { count: 100 } } },
  );
}

/** Watchdog of the schedules: one that has fallen silent (an evicted key, a lost job) is put in again. */
export function watchSchedules({ config, stores, clock, log }: BotContext, queues: Queues, vitals: Vitals) {
  const silentMs = Math.max(SHORTEST_SILENCE_MS, SILENT_INTERVALS * config.schedule.sweepMs);
  let lastPutInMs = clock.now();
  const look = async (): Promise<void> => {
    for (const { settings } of config.clusters) {
      const sweptAtMs = (await stores.memory.sweptAtMs(settings.name)) ?? 0;
      if (clock.now() - Math.max(sweptAtMs, lastPutInMs) <= silentMs) {
        continue;
      }
      log.warn({ cluster: settings.name }, 'The schedule of the sweeps stopped; it is set up again');
      vitals.failed('schedule');
      lastPutInMs = clock.now();
      await scheduleSweep(queues, config, settings.name);
      // What lost the one has lost the other too.
      await scheduleProbe(queues, config, settings.name);
    }
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => log.debug({ err: error }, 'The schedules could not be checked'));
  }, silentMs / 2);
  return async () => clearInterval(timer);
}

type Scheduled = Pick<
  Queues['sweep'] | Queues['probe'] | Queues['digest'],
  'getJobSchedulers' | 'removeJobScheduler'
>;

async function keepOnly(queue: Scheduled, wanted: readonly string[]): Promise<void> {
  for (const { key } of await queue.getJobSchedulers()) {
    if (!wanted.includes(key)) {
      await queue.removeJobScheduler(key);
    }
  }
}
