import { expect, test } from 'vitest';
import { count, counted } from '../../../src/rpc/wording/counts.ts';
import { listed } from '../../../src/rpc/wording/listed.ts';
import { span } from '../../../src/rpc/wording/span.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [0, '0 s'],
  [0.2, '1 ms'],
  [250, '250 ms'],
  [999, '999 ms'],
  [999.6, '1 s'],
  [1_477.372871999978, '1.5 s'],
  [1_500, '1.5 s'],
  [3_000, '3 s'],
  [9_940, '9.9 s'],
  [9_960, '10 s'],
  [12_400, '12 s'],
  [59 * SECOND, '59 s'],
  [59_600, '1 min'],
  [60 * SECOND, '1 min'],
  [90 * SECOND, '1 min 30 s'],
  [119 * SECOND, '1 min 59 s'],
  [120 * SECOND, '2 min'],
  [59 * MINUTE + 59_600, '1 h'],
  [HOUR, '1 h'],
  [HOUR + 30 * SECOND, '1 h 1 min'],
  [2 * HOUR + 5 * MINUTE, '2 h 5 min'],
  [24 * HOUR - SECOND, '24 h'],
  [25 * HOUR, '25 h'],
  [47 * HOUR + 30 * MINUTE, '47 h 30 min'],
  [48 * HOUR - SECOND, '2 days'],
  [200_000 * SECOND, '2 days 8 h'],
  [40 * DAY, '40 days'],
  [40 * DAY + 10 * MINUTE, '40 days'],
])('a span of %d ms reads %s', (ms, words) => {
  expect(span(ms)).toBe(words);
});

test.each([
  [-1, '0 s'],
  [Number.NEGATIVE_INFINITY, '0 s'],
  [Number.POSITIVE_INFINITY, 'an unlimited time'],
  [Number.NaN, 'an unknown time'],
])('a span of %d, which no clock measures, reads %s', (ms, words) => {
  expect(span(ms)).toBe(words);
});

test('a span is told in at most two units, of which the smaller never fills the bigger', () => {
  for (let ms = 1; ms < 60 * DAY; ms = Math.ceil(ms * 1.0137)) {
    expect(span(ms)).toMatch(
      /^(\d{1,3} ms|\d(\.\d)? s|[1-5]?\d s|[1-5]?\d min( [1-5]?\d s)?|[1-4]?\d h( [1-5]?\d min)?|\d+ days( (1?\d|2[0-3]) h)?)$/,
    );
  }
});

test.each([
  [0, '0 queues'],
  [1, '1 queue'],
  [36_496, '36,496 queues'],
  [1_234_567, '1,234,567 queues'],
])('a count of %d has its thousands apart and the noun that fits', (value, words) => {
  expect(counted(value, 'queue')).toBe(words);
  expect(words.startsWith(count(value))).toBe(true);
});

test('a noun with a plural of its own is counted by it', () => {
  expect(counted(2, 'entry', 'entries')).toBe('2 entries');
});

test.each([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a or b'],
  [['a', 'b', 'c'], 'a, b or c'],
])('the words %j in a row read as people say them', (words, read) => {
  expect(listed(words, 'or')).toBe(read);
  expect(listed(words)).toBe(read.replace(' or ', ' and '));
});
