import { describe, expect, test } from 'vitest';
import { metrics, openMetricsPage } from '../../../src/bot/health/metrics.ts';
import type { HealthReport } from '../../../src/bot/health/report.ts';
import { createVitals } from '../../../src/bot/health/vitals.ts';

const health: HealthReport = {
  status: 'failing',
  redis: 'ok',
  slack: 'away',
  pendingUpdates: { count: 2, longestSeconds: 61, isLate: false },
  clusters: {
    'a"b': { lastSweepSecondsAgo: 3, isLate: false },
    new: { lastSweepSecondsAgo: null, isLate: true },
  },
};

function failedOnce() {
  const vitals = createVitals();
  vitals.sweepFailed('a"b');
  vitals.failed('tell');
  return vitals;
}

const samplesOf = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

const expected = [
  'watership_redis_up 1',
  'watership_slack_up 0',
  'watership_untold_incidents 2',
  'watership_untold_seconds 61',
  'watership_sweep_age_seconds{cluster="a\\"b"} 3',
  'watership_sweeps_total{cluster="a\\"b"} 0',
  'watership_sweep_failures_total{cluster="a\\"b"} 1',
  'watership_job_failures_total{queue="tell"} 1',
];

describe('metrics', () => {
  test('are Prometheus text, with names of clusters escaped', async () => {
    const page = openMetricsPage(failedOnce());
    expect(page.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(samplesOf(await page.text(health))).toEqual(expected);
  });

  test('are what is true now, however often they were asked for before', async () => {
    const page = openMetricsPage(failedOnce());
    await page.text({ ...health, auditMirror: { kind: 'failing', problem: 'disk full' } });
    await Promise.all([page.text(health), page.text({ ...health, clusters: {} })]);
    expect(samplesOf(await page.text(health))).toEqual(expected);
  });

  test('of two bots in one process do not meet', async () => {
    const [one, other] = [openMetricsPage(failedOnce()), openMetricsPage(createVitals())];
    expect(await one.text(health)).toContain('watership_job_failures_total{');
    expect(await other.text(health)).not.toContain('watership_job_failures_total{');
  });

  test('say whether the mirror of the audit fails where there is one', async () => {
    const page = openMetricsPage(createVitals());
    const text = async (auditMirror: HealthReport['auditMirror']) =>
      samplesOf(await page.text(auditMirror === undefined ? health : { ...health, auditMirror }));
    const failing = await text({ kind: 'failing', problem: 'disk full' });
    expect(failing).toContain('watership_audit_mirror_failing 1');
    expect((await text(undefined)).join()).not.toContain('audit_mirror');
  });

  // Somebody's alerts are written with these: a name that is to change stays one release beside the new one.
  test('keep the names, kinds and labels that are scraped', () => {
    expect(metrics.map(({ name, type, labels }) => `${type} ${name} ${labels.join()}`.trim())).toEqual([
      'gauge watership_redis_up',
      'gauge watership_slack_up',
      'gauge watership_audit_mirror_failing',
      'gauge watership_untold_incidents',
      'gauge watership_untold_seconds',
      'gauge watership_sweep_age_seconds cluster',
      'counter watership_sweeps_total cluster',
      'counter watership_sweep_failures_total cluster',
      'gauge watership_sweep_duration_seconds cluster',
      'gauge watership_findings cluster',
      'gauge watership_silent_nodes cluster',
      'counter watership_job_failures_total queue',
    ]);
  });

  test('have each one sentence of help or more', () => {
    for (const { name, help } of metrics) {
      expect(help, name).toMatch(/^[A-Z1].*\.$/);
    }
  });
});
