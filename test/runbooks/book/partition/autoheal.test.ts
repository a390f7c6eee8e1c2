import { expect, test } from 'vitest';
import { autoheal } from '../../../../src/runbooks/book/partition/autoheal.ts';
import {
  A,
  answering,
  B,
  C,
  type Change,
  cardText,
  contextOf,
  decided,
  NOW,
  row,
  seen,
  splitViews,
} from '../../observation.ts';

const healed = (change: Change = {}) =>
  seen({
    settings: { partitionHandling: 'autoheal' },
    history: {
      nodes: { [B]: { apartAtMs: NOW - 9_000, restartedAtMs: NOW - 4_000 }, [A]: { apartAtMs: NOW - 9_000 } },
    },
    ...change,
  });

test('nodes that were apart a moment ago are told, for information', () => {
  expect(cardText(autoheal, healed())).toBe(
    [
      'info: a network split has healed by itself, server-45 restarted',
      'Were apart: server-44, server-45',
      'Restarted: server-45',
      'Now: all nodes see each other',
      'Lost: what the restarted nodes accepted while they were apart',
    ].join('\n'),
  );
});

test('old rows that autoheal leaves behind do not hide it', () => {
  const views = [answering(A, [row(A, { partitions: [B] }), row(B), row(C)]), answering(B), answering(C)];
  expect(autoheal.detect(healed({ nodes: views }))).toHaveLength(1);
});

test.each([
  ['the split is still there', healed({ nodes: splitViews })],
  [
    'the operator has not said that autoheal is on: a repair by hand looks the same',
    healed({ settings: {} }),
  ],
  ['it was long ago', healed({ takenAtMs: NOW + 200_000 })],
  ['nobody was apart', healed({ history: { nodes: { [B]: { restartedAtMs: NOW } } } })],
])('it is not told when %s', (_, now) => {
  expect(autoheal.detect(now)).toEqual([]);
});

test('nothing is left to do', () => {
  expect(decided(autoheal, 'nothing-left', contextOf(autoheal, healed()))).toMatch(
    /^stop: The split has healed;/,
  );
});
