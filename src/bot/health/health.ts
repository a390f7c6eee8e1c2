import { createServer, type ServerResponse } from 'node:http';
import type { MirrorReport } from '../audit/keeper.ts';
import type { BotContext } from '../context.ts';
import { redactKnown } from '../process/redact.ts';
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
  /** Told, and never a reason to be unhealthy: without its mirror the bot repairs all the same. */
  readonly auditMirror?: MirrorReport;
  /** Incidents whose message in Slack is behind what is known. */
  readonly pendingUpdates: {
    readonly count: number;
    readonly longestSeconds: number;
    /** Longer than Slack's pace explains. */
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
/** A message that waits longer than this is not just paced. */
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
    ...(auditMirror === undefined ? {} : { auditMirror }),
    pendingUpdates: {
      count: waiting.length,
      longestSeconds: Math.round(longestMs / 1_000),
      isLate: isUntoldLate,
      ...(waiting.length === 0 || untoldBecause === undefined ? {} : { because: untoldBecause }),
    },
    clusters: Object.fromEntries(clusters),
  };
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * `/healthz`: 200 while Redis and Slack are there and every cluster is swept, else 503; the body says which.
 * `/readyz`: 200 once the bot works. `/metrics`: Prometheus text.
 */
export function serveHealth(options: {
  readonly listen: { readonly host: string; readonly port: number };
  readonly report: () => Promise<HealthReport>;
  readonly isReady: () => boolean;
  readonly vitals: Vitals;
}): Promise<HealthServer> {
  const { listen, report, isReady, vitals } = options;
  const server = createServer((request, response) => {
    respond(request.url ?? '/', response).catch((error: unknown) => {
      send(response, 500, `${String(error)}\n`, TEXT_TYPE);
    });
  });

  async function respond(url: string, response: ServerResponse): Promise<void> {
    switch (url.split('?')[0]) {
      case '/healthz': {
        const health = await report();
        return send(response, health.status === 'ok' ? 200 : 503, `${JSON.stringify(health)}\n`, JSON_TYPE);
      }
      case '/readyz':
        return send(response, isReady() ? 200 : 503, isReady() ? 'ready\n' : 'starting\n', TEXT_TYPE);
      case '/metrics':
        return send(response, 200, metricsText(await report(), vitals), METRICS_TYPE);
      default:
        return send(response, 404, 'There are /healthz, /readyz and /metrics.\n', TEXT_TYPE);
    }
  }

  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : listen.port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

function send(response: ServerResponse, status: number, body: string, type: string): void {
  response.writeHead(status, { 'content-type': type }).end(redactKnown(body));
}

/** The Prometheus exposition: whether the parts are there, and how the sweeps go. */
export function metricsText(health: HealthReport, vitals: Vitals): string {
  const { sweeps, failures } = vitals.read();
  const lines: string[] = [];
  const family = (name: string, type: 'gauge' | 'counter', help: string, rows: readonly Row[]): void => {
    if (rows.length === 0) return;
    lines.push(`# HELP watership_${name} ${help}`, `# TYPE watership_${name} ${type}`);
    for (const [labels, value] of rows) lines.push(`watership_${name}${labels} ${value}`);
  };
  const byCluster = (pick: (cluster: string) => number | null | undefined): readonly Row[] =>
    Object.keys(health.clusters).flatMap((name) => {
      const value = pick(name);
      return value === null || value === undefined ? [] : [[label('cluster', name), value] as const];
    });

  family('redis_up', 'gauge', 'Is Redis there?', [['', health.redis === 'ok' ? 1 : 0]]);
  family('slack_up', 'gauge', 'Is Slack connected?', [['', health.slack === 'ok' ? 1 : 0]]);
  if (health.auditMirror !== undefined) {
    const isFailing = health.auditMirror.kind === 'failing';
    family('audit_mirror_failing', 'gauge', 'Can the audit’s mirror not be written?', [
      ['', isFailing ? 1 : 0],
    ]);
  }
  family('untold_incidents', 'gauge', 'Incidents whose message in Slack is behind.', [
    ['', health.pendingUpdates.count],
  ]);
  family('untold_seconds', 'gauge', 'How long the longest of them has been.', [
    ['', health.pendingUpdates.longestSeconds],
  ]);
  family(
    'sweep_age_seconds',
    'gauge',
    'Seconds since the last sweep began.',
    byCluster((name) => health.clusters[name]?.lastSweepSecondsAgo),
  );
  family(
    'sweeps_total',
    'counter',
    'Sweeps of this process.',
    byCluster((name) => sweeps.get(name)?.count),
  );
  family(
    'sweep_failures_total',
    'counter',
    'Sweeps that broke off.',
    byCluster((name) => sweeps.get(name)?.failures),
  );
  family(
    'sweep_duration_seconds',
    'gauge',
    'How long the last sweep took.',
    byCluster((name) => {
      const tookMs = sweeps.get(name)?.lastTookMs;
      return tookMs === undefined ? undefined : tookMs / 1_000;
    }),
  );
  family(
    'findings',
    'gauge',
    'Findings of the last sweep.',
    byCluster((name) => sweeps.get(name)?.lastFindings),
  );
  family(
    'silent_nodes',
    'gauge',
    'Nodes that gave no answer to the last sweep.',
    byCluster((name) => sweeps.get(name)?.silentNodes),
  );
  family(
    'job_failures_total',
    'counter',
    'Jobs of this process that failed.',
    [...failures].map(([queue, count]) => [label('queue', queue), count] as const),
  );
  return `${lines.join('\n')}\n`;
}

type Row = readonly [labels: string, value: number];

const label = (name: string, value: string): string =>
  `{${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"}`;
