import { definite } from '../../rpc/index.ts';
import type { MirrorReport } from '../audit/keeper.ts';
import type { BotContext } from '../context.ts';
import type { Vitals } from './vitals.ts';

/** What can be asked of the outside parts. Each answers quickly, or is taken for away. */
export interface HealthProbes {
  readonly redis: () => Promise<boolean>;
  readonly slack: () => boolean;
  /** Absent without a mirror of the audit. */
  readonly auditMirror?: () => MirrorReport | undefined;
}

export interface HealthReport {
  readonly status: 'ok' | 'failing';
  readonly redis: 'ok' | 'away';
  readonly slack: 'ok' | 'away';
  /** Reported, but never a reason to be unhealthy: the bot repairs without its mirror too. */
  readonly auditMirror?: MirrorReport;
  /** Incidents whose message in Slack is behind what is known. */
  readonly pendingUpdates: {
    readonly count: number;
    readonly longestSeconds: number;
    /** Longer than Slack's rate limits explain. */
    readonly isLate: boolean;
    readonly because?: string;
  };
  readonly clusters: Readonly<
    Record<string, { readonly lastSweepSecondsAgo: number | null; readonly isLate: boolean }>
  >;
}

/** Intervals without a sweep after which the bot does not do its work. */
const LATE_INTERVALS = 4;
const SHORTEST_LATE_MS = 30_000;
/** A message that waits longer than this does not wait for a rate limit alone. */
const UNTOLD_LATE_MS = 300_000;

type Needs = Pick<BotContext, 'config' | 'stores' | 'clock'>;

export async function examine(
  { config, stores, clock }: Needs,
  probes: HealthProbes,
  startedAtMs: number,
  vitals?: Pick<Vitals, 'read'>,
): Promise<HealthReport> {
  const isRedisThere = await probes.redis().catch(() => false);
  const lateMs = Math.max(SHORTEST_LATE_MS, LATE_INTERVALS * config.schedule.sweepMs);
  const clusters = await Promise.all(
    config.clusters.map(async ({ settings: { name } }) => {
      const sweptAtMs = isRedisThere ? await stores.memory.sweptAtMs(name).catch(() => undefined) : undefined;
      const silentMs = clock.now() - Math.max(sweptAtMs ?? 0, startedAtMs);
      // Never below zero: another replica's clock may be a little ahead. Far ahead counts as not swept at all.
      const secondsAgo =
        sweptAtMs === undefined ? null : Math.max(0, Math.round((clock.now() - sweptAtMs) / 1_000));
      return [name, { lastSweepSecondsAgo: secondsAgo, isLate: silentMs > lateMs }] as const;
    }),
  );
  const isSlackThere = probes.slack();
  const auditMirror = probes.auditMirror?.();
  const waiting = isRedisThere ? await stores.pendingUpdates.waiting().catch(() => []) : [];
  const longestMs = Math.max(0, ...waiting.map(({ waitedMs }) => waitedMs));
  const isUntoldLate = longestMs >= (config.notify?.afterMs ?? UNTOLD_LATE_MS);
  const untoldBecause = vitals?.read().untoldBecause;
  const isWell = isRedisThere && isSlackThere && !isUntoldLate && clusters.every(([, { isLate }]) => !isLate);
  return {
    status: isWell ? 'ok' : 'failing',
    redis: isRedisThere ? 'ok' : 'away',
    slack: isSlackThere ? 'ok' : 'away',
    ...definite({ auditMirror }),
    pendingUpdates: {
      count: waiting.length,
      longestSeconds: Math.round(longestMs / 1_000),
      isLate: isUntoldLate,
      ...(waiting.length === 0 || untoldBecause === undefined ? {} : { because: untoldBecause }),
    },
    clusters: Object.fromEntries(clusters),
  };
}
