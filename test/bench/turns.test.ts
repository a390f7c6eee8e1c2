import { expect, test } from 'vitest';
import { roundsOfACycle, turnsOf } from '../../bench/sweep/turns.ts';

test.each([2, 3, 4, 5])(
  '%i contenders all have their turn in every round, and follow each other equally often in a cycle',
  (count) => {
    const contenders = Array.from({ length: count }, (_, number) => `contender ${number}`);
    const rounds = Array.from({ length: roundsOfACycle(count) }, (_, round) => turnsOf(contenders, round));
    const times = new Map<string, number>();
    for (const turns of rounds) {
      expect(turns.toSorted()).toEqual(contenders);
      for (const [place, who] of turns.entries()) {
        const before = turns[place - 1];
        if (before !== undefined) {
          times.set(`${before} → ${who}`, (times.get(`${before} → ${who}`) ?? 0) + 1);
        }
      }
    }
    expect(times.size).toBe(count * (count - 1));
    expect(new Set(times.values()).size).toBe(1);
  },
);

test('in every round of a cycle somebody else begins', () => {
  const begins = [0, 1, 2, 3].map((round) => turnsOf(['api', 'rabbitmqctl', 'metrics', 'nagios'], round)[0]);
  expect(new Set(begins).size).toBe(4);
});
