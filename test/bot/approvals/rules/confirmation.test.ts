import { describe, expect, test } from 'vitest';
import { isWithin } from '../../../../src/bot/approvals/rules/business-hours.ts';
import { confirmationOf, isConfirmed, whatToType } from '../../../../src/bot/approvals/rules/confirmation.ts';
import type { Plan } from '../../../../src/runbooks/index.ts';
import { createWorld, proposedRun } from '../../fakes/world.ts';

const { people } = createWorld().context.config;
const run = proposedRun('destructive');
const planWith = (change: Partial<Plan>): Plan => {
  if (run.plan === undefined) {
    throw new Error('no plan');
  }
  return { ...run.plan, ...change };
};

describe('what is typed before a yes', () => {
  test.each<[string, Partial<Plan>, object]>([
    [
      'the messages that are lost',
      { toll: { queues: 2, messages: 7_697 } },
      { expected: 7_697, of: 'messages' },
    ],
    ['the queues, where they are empty', { toll: { queues: 2, messages: 0 } }, { expected: 2, of: 'queues' }],
    [
      'the count for many things at once',
      { tier: 'mass', toll: { queues: 30, messages: 9 } },
      { expected: 9, of: 'messages' },
    ],
    ['the name for a node', { tier: 'node', toll: { queues: 1, messages: 9 } }, { expected: 'prod-a' }],
    ['the name where nothing is counted', {}, { kind: 'cluster', expected: 'prod-a' }],
    ['nothing for what can be undone', { tier: 'reversible' }, { kind: 'none' }],
  ])('is %s', (_, change, confirmation) => {
    expect(confirmationOf(people, run, planWith(change))).toMatchObject(confirmation);
  });

  test.each(['7697', '7,697', ' 7 697 ', '7.697'])('%j is the number', (typed) => {
    expect(isConfirmed({ kind: 'count', expected: 7_697, of: 'messages' }, typed)).toBe(true);
  });

  test.each([
    '1234567',
    '1,234,567',
    '1 234 567',
    '1.234.567',
    '1’234’567',
    "1'234'567",
    '1\u202f234\u202f567',
  ])('%j is the number too', (typed) => {
    expect(isConfirmed({ kind: 'count', expected: 1_234_567, of: 'messages' }, typed)).toBe(true);
  });

  test.each<[string, number]>([
    ['1.0', 10],
    ['2.5', 25],
    ['9,3,0', 930],
    ['7,6,97', 7_697],
    ['76,97', 7_697],
    ['7697.', 7_697],
    ['1,234.567', 1_234_567],
    ['1,234567', 1_234_567],
    ['1  234', 1_234],
    ['1234,567', 1_234_567],
  ])('%j is not %i', (typed, expected) => {
    expect(isConfirmed({ kind: 'count', expected, of: 'messages' }, typed)).toBe(false);
  });

  test.each(['', '7698', 'seven', '-7697', '7697 messages', '1'])('%j is not', (typed) => {
    expect(isConfirmed({ kind: 'count', expected: 7_697, of: 'messages' }, typed)).toBe(false);
  });
});

test('what is typed is explained, and spelled one way', () => {
  const count = { kind: 'count', expected: 1_000, of: 'messages', now: 429 } as const;
  expect(whatToType(count)).toBe(
    'The plan counted 429 messages; there may be more now. Type 1000 to allow deletion while there are at most that many messages.',
  );
  expect(whatToType({ kind: 'count', expected: 3, of: 'queues' })).toBe('3 queues will be deleted. Type 3.');
  for (const typed of ['1000', '1,000', '1 000', '1\u00a0000']) {
    expect(isConfirmed(count, typed)).toBe(true);
  }
  expect(isConfirmed(count, '429')).toBe(false);
});

describe('business hours', () => {
  const hours = {
    days: [1, 2, 3, 4, 5],
    fromMinute: 8 * 60,
    untilMinute: 18 * 60,
    timezone: 'Europe/Berlin',
  };
  test.each<[string, number, boolean]>([
    ['Monday 07:59 in Berlin', Date.UTC(2026, 10, 23, 6, 59), false],
    ['Monday 08:00 in Berlin', Date.UTC(2026, 10, 23, 7, 0), true],
    ['Friday 17:59 in Berlin', Date.UTC(2026, 10, 27, 16, 59), true],
    ['Friday 18:00 in Berlin', Date.UTC(2026, 10, 27, 17, 0), false],
    ['Sunday noon', Date.UTC(2026, 10, 22, 11, 0), false],
    ['midnight between Monday and Tuesday', Date.UTC(2026, 10, 23, 23, 0), false],
    ['Monday 08:00 in summer', Date.UTC(2026, 5, 22, 6, 0), true],
  ])('%s: %s', (_, atMs, isOpen) => {
    expect(isWithin(hours, atMs)).toBe(isOpen);
  });

  test('that begin and end between two hours do so to the minute', () => {
    const halves = { ...hours, fromMinute: 8 * 60 + 30, untilMinute: 17 * 60 + 30 };
    const at = (hour: number, minute: number) => isWithin(halves, Date.UTC(2026, 10, 23, hour - 1, minute));
    expect([at(8, 29), at(8, 30), at(17, 29), at(17, 30)]).toEqual([false, true, true, false]);
  });
});
