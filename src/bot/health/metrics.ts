import { Counter, Gauge, Registry } from 'prom-client';
import type { HealthReport } from './report.ts';
import type { SweepVitals, Vitals, VitalsRead } from './vitals.ts';

/** Metric of `/metrics`: what it is called, what kind it is and what it says. */
export interface Metric {
  readonly name: `watership_${string}`;
  readonly type: 'gauge' | 'counter';
  readonly labels: readonly string[];
  readonly help: string;
  /** Its values now, with those of its labels in their order; empty where nothing is known. */
  readonly read: (from: MetricSources) => readonly (readonly [value: number, ...labels: readonly string[]])[];
}

/** Where the values of metrics come from. */
export interface MetricSources {
  readonly health: HealthReport;
  readonly vitals: VitalsRead;
}

const one = (value: boolean | number): readonly [readonly [number]] => [[Number(value)]];

/** A value for every cluster that has one. */
const byCluster =
  (pick: (of: SweepVitals | undefined, from: MetricSources, cluster: string) => number | null | undefined) =>
  (from: MetricSources) =>
    Object.keys(from.health.clusters).flatMap((cluster) => {
      const value = pick(from.vitals.sweeps.get(cluster), from, cluster);
      return value === null || value === undefined ? [] : [[value, cluster] as const];
    });

const CLUSTER = ['cluster'];

/** Every metric of this process, in the order in which `/metrics` prints them. */
export const metrics: readonly Metric[] = [
  {
    name: 'watership_redis_up',
    type: 'gauge',
    labels: [],
    help: '1 if Redis answers.',
    read: ({ health }) => one(health.redis === 'ok'),
  },
  {
    name: 'watership_slack_up',
    type: 'gauge',
    labels: [],
    help: '1 if Slack is connected.',
    read: ({ health }) => one(health.slack === 'ok'),
  },
  {
    name: 'watership_audit_mirror_failing',
    type: 'gauge',
    labels: [],
    help: '1 if the mirror of the audit cannot be written. Absent without a mirror.',
    read: ({ health: { auditMirror } }) =>
      auditMirror === undefined ? [] : one(auditMirror.kind === 'failing'),
  },
  {
    name: 'watership_untold_incidents',
    type: 'gauge',
    labels: [],
    help: 'Incidents whose message in Slack waits for an update.',
    read: ({ health }) => one(health.pendingUpdates.count),
  },
  {
    name: 'watership_untold_seconds',
    type: 'gauge',
    labels: [],
    help: 'Seconds for which the oldest of these updates has waited.',
    read: ({ health }) => one(health.pendingUpdates.longestSeconds),
  },
  {
    name: 'watership_sweep_age_seconds',
    type: 'gauge',
    labels: CLUSTER,
    help: 'Seconds since the last stored sweep of the cluster, by whichever replica. Absent before the first one.',
    read: byCluster((_, { health }, cluster) => health.clusters[cluster]?.lastSweepSecondsAgo),
  },
  {
    name: 'watership_sweeps_total',
    type: 'counter',
    labels: CLUSTER,
    help: 'Sweeps of the cluster that this process has completed.',
    read: byCluster((of) => of?.count),
  },
  {
    name: 'watership_sweep_failures_total',
    type: 'counter',
    labels: CLUSTER,
    help: 'Sweeps of the cluster that broke off in this process.',
    read: byCluster((of) => of?.failures),
  },
  {
    name: 'watership_sweep_duration_seconds',
    type: 'gauge',
    labels: CLUSTER,
    help: 'Duration of the last sweep that this process has completed.',
    read: byCluster((of) => (of?.lastTookMs === undefined ? undefined : of.lastTookMs / 1_000)),
  },
  {
    name: 'watership_findings',
    type: 'gauge',
    labels: CLUSTER,
    help: 'Findings of the last sweep that this process has completed.',
    read: byCluster((of) => of?.lastFindings),
  },
  {
    name: 'watership_silent_nodes',
    type: 'gauge',
    labels: CLUSTER,
    help: 'Nodes that gave no answer to the last sweep that this process has completed.',
    read: byCluster((of) => of?.silentNodes),
  },
  {
    name: 'watership_job_failures_total',
    type: 'counter',
    labels: ['queue'],
    help: 'Attempts at a job that failed in this process.',
    read: ({ vitals }) => [...vitals.failures].map(([queue, count]) => [count, queue] as const),
  },
];

/** The metrics as Prometheus reads them. */
export interface MetricsPage {
  readonly contentType: string;
  text(health: HealthReport): Promise<string>;
}

/** A registry of this process's own: two bots in one process, as in tests, do not meet in it. */
export function openMetricsPage(vitals: Pick<Vitals, 'read'>): MetricsPage {
  const registry = new Registry();
  const registered = metrics.map(({ read, ...metric }) => {
    const instrument = instrumentOf(metric, registry);
    return (from: MetricSources): void => {
      // Both keep what they were given before, and one without labels begins at 0 without being asked.
      instrument.reset();
      if (metric.labels.length === 0) {
        instrument.remove();
      }
      for (const [value, ...labels] of read(from)) {
        instrument.labels(...labels).inc(value);
      }
    };
  });
  return {
    contentType: registry.contentType,
    text(health) {
      const from = { health, vitals: vitals.read() };
      for (const update of registered) {
        update(from);
      }
      return registry.metrics();
    },
  };
}

function instrumentOf({ name, type, labels, help }: Omit<Metric, 'read'>, registry: Registry) {
  const options = { name, help, labelNames: labels, registers: [registry] };
  return type === 'gauge' ? new Gauge(options) : new Counter(options);
}
