import { expect, test } from 'vitest';
import { deadline } from '../../../src/bot/wording/words.ts';

test.each([
  [20_000, '20 s'],
  [90_000, '90 s'],
  [120_000, '2 min'],
  [600_000, '10 min'],
])('a deadline of %i ms is never rounded: %s', (ms, words) => {
  expect(deadline(ms)).toBe(words);
});
