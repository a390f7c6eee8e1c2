import { expect, test } from 'vitest';
import { growthToTell } from '../../../../src/runbooks/book/dead-queues/dead-queues.ts';

test('growth is told from half a minute of samples on, and only if there is some', () => {
  const growing = { name: 'zombie', perMinute: 382, overMs: 30_000 };
  expect(growthToTell(growing)).toBe(382);
  expect(growthToTell({ ...growing, overMs: 6_000 })).toBeUndefined();
  expect(growthToTell({ ...growing, perMinute: 0.5 })).toBeUndefined();
  expect(growthToTell({ name: 'zombie', perMinute: 382 })).toBeUndefined();
});
