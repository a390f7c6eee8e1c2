import { describe, expect, test } from 'vitest';
import { isCron, lastTimeMs, nextTimeMs } from '../../../src/bot/process/cron.ts';

const at = (iso: string): number => Date.parse(iso);
const iso = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();

test.each([
  ['0 9 * * 1-5', true],
  ['*/3 * * * * *', true],
  ['5/5 * * * *', true],
  ['@daily', true],
  ['0 9 * * MON#2', true],
  ['0 0 29 2 *', true],
  ['', false],
  ['soon', false],
  ['0 9 * *', false],
  ['0 25 * * *', false],
  ['1 2 3 4 5 6 2030', false],
  ['@reboot', false],
  // It never comes.
  ['0 0 30 2 *', false],
  // A date is no expression, however well it can be read.
  ['2099-01-01T00:00:00', false],
])('the cron expression "%s" is taken: %s', (expression, isTaken) => {
  expect(isCron(expression)).toBe(isTaken);
});

describe('the last time of a cron expression', () => {
  test('may be this very moment', () => {
    const sunday = '0 3 * * 0';
    const begin = at('2026-11-22T02:00:00Z');
    expect(iso(lastTimeMs(sunday, 'Europe/Berlin', begin))).toBe('2026-11-22T02:00:00.000Z');
    expect(iso(lastTimeMs(sunday, 'Europe/Berlin', begin - 1))).toBe('2026-11-15T02:00:00.000Z');
  });

  test.each([
    ['on the day whose 02:30 is missing, is the end of the gap', '2026-03-29T03:00:00Z', '2026-03-29T01:00'],
    ['before the end of that gap, is of the day before', '2026-03-29T00:59:00Z', '2026-03-28T01:30'],
    ['of an hour that comes twice, is in its first pass', '2026-10-25T01:45:00Z', '2026-10-25T00:30'],
  ])('%s', (_when, now, expected) => {
    expect(iso(lastTimeMs('30 2 * * *', 'Europe/Berlin', at(now)))).toBe(`${expected}:00.000Z`);
  });

  test('retraces its next times around clock changes', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'UTC'];
    const expressions = ['30 2 * * *', '15 * * * *', '*/20 1-3 * * *', '30 2,14 * * *', '0 0 * * 0'];
    const starts = ['2018-11-02', '2026-03-07', '2026-03-27', '2026-04-03', '2026-10-02', '2026-10-24'];
    for (const zone of zones) {
      for (const expression of expressions) {
        for (const start of starts) {
          const endMs = at(start) + 3 * 86_400_000;
          let before = nextTimeMs(expression, zone, at(start));
          while (before !== undefined && before < endMs) {
            const next = nextTimeMs(expression, zone, before);
            const story = `${expression} in ${zone} after ${iso(before)}`;
            expect(next, story).toBeGreaterThan(before);
            expect(iso(lastTimeMs(expression, zone, (next ?? 0) - 1)), story).toBe(iso(before));
            before = next;
          }
        }
      }
    }
  });
});
