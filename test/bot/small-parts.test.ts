import { describe, expect, test } from 'vitest';
import { sweepDeadlineMs } from '../../src/bot/clusters.ts';
import { parseDuration, tellDuration } from '../../src/bot/config/duration.ts';
import { nearest } from '../../src/bot/config/nearest.ts';
import { hostsOf } from '../../src/bot/config/shape.ts';
import { type HealthReport, metricsText } from '../../src/bot/health.ts';
import { rebase } from '../../src/bot/jobs/news-story.ts';
import { tellBackoffMs } from '../../src/bot/jobs/tell.ts';
import { createVitals } from '../../src/bot/jobs/vitals.ts';
import { incident } from '../runbooks/engine/toy.ts';

test.each([
  ['250ms', 250],
  ['15s', 15_000],
  ['1.5h', 5_400_000],
  ['2 d', 172_800_000],
  ['15', undefined],
  ['s', undefined],
  ['-1s', undefined],
  ['1y', undefined],
])('the duration %s is %s ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  [900, '1 s'],
  [119_000, '119 s'],
  [125_000, '2 min'],
  [7_500_000, '2 h 5 min'],
  [7_200_000, '2 h'],
])('%i ms are told as %s', (ms, told) => {
  expect(tellDuration(ms)).toBe(told);
});

test.each([
  ['managment', 'management'],
  ['CHANEL', 'channel'],
  ['zebra', undefined],
])('%s was meant as %s', (word, meant) => {
  expect(nearest(word, ['management', 'channel', 'host'])).toBe(meant);
});

test.each([
  ['rabbit://u:p@one:5672,u:p@two/vhost', ['one:5672', 'two']],
  ['rabbit://u:p%40@[::1]:5672/?ssl=1', ['[::1]:5672']],
  ['rabbit://', []],
])('%s names its hosts, and no password', (url, hosts) => {
  expect(hostsOf(url)).toEqual(hosts);
});

test.each([
  [1_000, 5_000],
  [10_000, 8_000],
  [60_000, 10_000],
])('an interval of %i ms gives a sweep %i ms', (intervalMs, deadlineMs) => {
  expect(sweepDeadlineMs(intervalMs)).toBe(deadlineMs);
});

describe('telling again', () => {
  test('waits longer each time, and never long', () => {
    expect([1, 2, 3, 6, 99].map((attempt) => tellBackoffMs(attempt))).toEqual([
      1_000, 2_000, 4_000, 30_000, 30_000,
    ]);
  });

  test('waits as long as Slack says', () => {
    expect(tellBackoffMs(1, Object.assign(new Error('slow down'), { retryAfterMs: 61_000 }))).toBe(61_000);
  });
});

describe('laying a sweep over what a person did', () => {
  test('keeps the person’s part and takes the sweep’s', () => {
    const theirs = { ...incident, owner: 'U0ALICE', acknowledgedAtMs: 5, run: 'RUN-1', version: 7 };
    const seen = { ...incident, severity: 'critical', cleanSweeps: 2, version: 4 } as const;
    expect(rebase(theirs, seen)).toEqual({ ...theirs, severity: 'critical', cleanSweeps: 2 });
  });

  test('leaves a resolved incident alone', () => {
    expect(rebase({ ...incident, state: 'resolved' }, incident)).toBeUndefined();
  });
});

test('metrics are Prometheus text, with names of clusters escaped', () => {
  const health: HealthReport = {
    status: 'failing',
    redis: 'ok',
    slack: 'away',
    untold: { count: 2, longestSeconds: 61, isLate: false },
    clusters: {
      'a"b': { lastSweepSecondsAgo: 3, isLate: false },
      new: { lastSweepSecondsAgo: null, isLate: true },
    },
  };
  const vitals = createVitals();
  vitals.sweepFailed('a"b');
  vitals.failed('tell');
  expect(
    metricsText(health, vitals)
      .split('\n')
      .filter((line) => !line.startsWith('#')),
  ).toEqual([
    'watership_redis_up 1',
    'watership_slack_up 0',
    'watership_untold_incidents 2',
    'watership_untold_seconds 61',
    'watership_sweep_age_seconds{cluster="a\\"b"} 3',
    'watership_sweeps_total{cluster="a\\"b"} 0',
    'watership_sweep_failures_total{cluster="a\\"b"} 1',
    'watership_job_failures_total{queue="tell"} 1',
    '',
  ]);
});
