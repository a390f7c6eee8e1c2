import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sidesOf } from '../../../src/runbooks/snapshot/sides.ts';
import type { NodeView } from '../../../src/runbooks/snapshot/snapshot.ts';
import {
  A,
  answering,
  B,
  C,
  downRow,
  linkDownViews,
  nodes,
  row,
  silent,
  splitViews,
  withoutC,
} from '../observation.ts';

const members = (views: readonly NodeView[]): readonly (readonly string[])[] =>
  sidesOf(views).map((side) => side.members);

describe('sides of a cluster', () => {
  test('of a whole cluster are one', () => {
    expect(members(nodes.map((name) => answering(name)))).toEqual([[A, B, C]]);
  });

  test('while the link is down follow from the views alone: nothing is listed anywhere', () => {
    expect(members(linkDownViews)).toEqual([[A, C], [B]]);
  });

  test('stay apart when the link is back', () => {
    expect(members(splitViews)).toEqual([[A, C], [B]]);
  });

  test('are apart when the rows say running but partitions are listed', () => {
    const views = [
      answering(A, [
        row(A, { partitions: [C] }),
        row(B, { partitions: [C] }),
        row(C, { partitions: [A, B] }),
      ]),
      answering(B),
      answering(C),
    ];
    expect(members(views)).toEqual([[A, B], [C]]);
    expect(members([...views].reverse())).toEqual([[B, A], [C]]);
  });

  test('are apart when only one of the two lists the other', () => {
    const views = [
      answering(A, [row(A, { partitions: [C] }), row(B, { partitions: [C] }), row(C)]),
      answering(B, [row(A, { partitions: [C] }), row(B, { partitions: [C] }), row(C)]),
      answering(C),
    ];
    expect(members(views)).toEqual([[A, B], [C]]);
  });

  test('a chain whose ends do not see each other is not taken for a whole', () => {
    const views = [
      answering(A, [row(A), row(B), downRow(C)]),
      answering(B),
      answering(C, [downRow(A), row(B), row(C)]),
    ];
    expect(members(views)).toEqual([[A, B], [C]]);
  });

  test('a silent node is on no side', () => {
    expect(members(withoutC(silent(C)))).toEqual([[A, B]]);
    expect(members(nodes.map((name) => silent(name)))).toEqual([]);
  });

  test('a node that another does not list is not with it', () => {
    expect(members([answering(A, [row(A)]), answering(B, [row(B)])])).toEqual([[A], [B]]);
  });

  test('a young node whose row has no partitions yet is with the others', () => {
    const young = { name: C, isRunning: true };
    expect(members(nodes.map((name) => answering(name, [row(A), row(B), young])))).toEqual([[A, B, C]]);
  });
});

test('whatever the views say: each node that answered is on one side, and on a side all see each other', () => {
  const names = [A, B, C, 'rabbit@server-47'];
  const peers = fc.tuple(
    ...names.map((name) =>
      fc
        .record({ isRunning: fc.boolean(), partitions: fc.subarray(names) })
        .map((seen) => ({ name, ...seen })),
    ),
  );
  const views = fc
    .tuple(...names.map(() => fc.option(peers)))
    .map((given) => names.map((name, index) => viewOf(name, given[index] ?? undefined)));
  fc.assert(
    fc.property(views, (given) => {
      const sides = members(given);
      const answered = given.filter(({ answer }) => answer.kind === 'answered').map(({ name }) => name);
      expect(sides.flat().toSorted()).toEqual(answered.toSorted());
      for (const side of sides) {
        for (const name of side) {
          const answer = given.find((view) => view.name === name)?.answer;
          if (answer?.kind !== 'answered') {
            throw new Error('a silent node is on a side');
          }
          const others = answer.peers.filter((peer) => side.includes(peer.name) && peer.name !== name);
          expect(others.every(({ isRunning }) => isRunning)).toBe(true);
        }
      }
    }),
  );
});

const viewOf = (name: string, peers: Parameters<typeof answering>[1]): NodeView =>
  peers === undefined ? silent(name) : answering(name, peers);
