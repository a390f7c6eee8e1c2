import { expect, test } from 'vitest';
import { silentDrop } from '../../../../src/runbooks/book/nodes/silent-drop.ts';
import {
  A,
  answering,
  B,
  C,
  cardText,
  contextOf,
  decided,
  downRow,
  quiet,
  row,
  seen,
  silent,
} from '../../observation.ts';

const hanging = { vm: 'registered', portOpen: true } as const;
const dropped = seen({ nodes: [silent(A, 'timeout', hanging), silent(B, 'timeout', hanging), answering(C)] });

test('two nodes that hang with open ports are a drop that nobody has noticed', () => {
  expect(cardText(silentDrop, dropped)).toBe(
    [
      'critical: the API of server-44 and server-45 hangs although ports are open: packets are dropped',
      'Hangs: server-44, server-45',
      'Ports: open',
      'Nodes notice within: about 1 min 15 s (net_ticktime 60 s)',
      'Next: check the network between the nodes; do not restart anything',
    ].join('\n'),
  );
});

test('all nodes may hang, and then the tick time is not known', () => {
  const now = seen({ nodes: [A, B, C].map((name) => silent(name, 'timeout', hanging)) });
  expect(cardText(silentDrop, now)).toContain(
    'about 1 min 15 s (net_ticktime is not known; its default is 60 s)',
  );
});

test.each([
  ['one node that hangs', [silent(A, 'timeout', hanging), answering(B), answering(C)]],
  ['nodes whose ports are closed', [silent(A, 'timeout'), silent(B, 'timeout'), answering(C)]],
  ['nodes that refuse', [silent(A), silent(B), answering(C)]],
])('%s: no silent drop', (_, views) => {
  expect(silentDrop.detect(seen({ nodes: views }))).toEqual([]);
});

test('it waits, and never restarts', () => {
  expect(decided(silentDrop, 'wait-for-tick', contextOf(silentDrop, dropped))).toBe(
    'stop: There is nothing to repair yet. The nodes notice the drop within about 1 min 15 s (net_ticktime 60 s); then I can ' +
      'say which node is cut off. A restart now would only make it worse.',
  );
  expect(silentDrop.steps.some(({ kind }) => kind === 'act' || kind === 'each')).toBe(false);
});

test('it is over when the views agree, not when the nodes merely answer', () => {
  const facts = silentDrop.detect(dropped)[0]?.facts;
  const apart = seen({ nodes: [answering(A, [row(A), downRow(B), row(C)]), answering(B), answering(C)] });
  expect(
    [quiet, apart].map(({ snapshot, probes }) => silentDrop.isOver?.(snapshot, facts, probes).go),
  ).toEqual([true, false]);
});
