import { expect, test } from 'vitest';
import { utcDay, utcMoment, utcTime, withoutZone } from '../../../src/runbooks/wording/moments.ts';
import { fitting, some, spanSoFar } from '../../../src/runbooks/wording/words.ts';

const atMs = Date.UTC(2026, 10, 30, 4, 5, 9, 87);

test('a moment has its zone, but in a column whose heading has it', () => {
  expect(utcMoment(atMs)).toBe('2026-11-30 04:05:09 UTC');
  expect(utcTime(atMs)).toBe('04:05:09 UTC');
  expect(utcDay(atMs)).toBe('2026-11-30');
  expect(withoutZone(utcTime(atMs))).toBe('04:05:09');
});

test.each([
  [-1, '0 s'],
  [59_999, '59 s'],
  [119_999, '1 min'],
  [3_719_000, '1 h 1 min'],
])('a span of %d ms that goes on is rounded down, to minutes beyond one: %s', (ms, words) => {
  expect(spanSoFar(ms)).toBe(words);
});

test('of many names a few are told, and how many more there are', () => {
  expect(some(['a', 'b'], 3)).toBe('a, b');
  expect(some(['a', 'b', 'c'], 2)).toBe('a, b and 1 more');
  expect(some(['a', 'b'], 2, 1_002)).toBe('a, b and 1,000 more');
});

test('the first wording that fits a push notification is taken, and the last is cut when none does', () => {
  const long = 'x'.repeat(100);
  expect(fitting(long, 'short', 'shorter')).toBe('short');
  expect(fitting(long)).toBe(`${'x'.repeat(98)}…`);
});
