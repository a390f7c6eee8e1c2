import { describe, expect, test } from 'vitest';
import { linkDown } from '../../../../src/runbooks/book/partition/link-down.ts';
import type { Observation } from '../../../../src/runbooks/snapshot/observation.ts';
import {
  A,
  answering,
  B,
  C,
  cardText,
  contextOf,
  decided,
  downRow,
  linkDownViews,
  NOW,
  quiet,
  row,
  seen,
  silent,
  splitViews,
  stepOf,
  withoutC,
} from '../../observation.ts';

const linkIsDown = seen({ nodes: linkDownViews });

test('the card says who does not reach whom, and that a restart does not help', () => {
  expect(cardText(linkDown, linkIsDown)).toBe(
    [
      'critical: link down, server-45 does not reach server-44+server-46',
      'See each other: server-44, server-46 | server-45',
      'No link: server-44 - server-45, server-45 - server-46',
      'Down: none: every node answers',
      'Next: fix the network; restarting nodes does not help',
    ].join('\n'),
  );
});

test('it is about the nodes that are cut off, as a person types them', () => {
  const oneWay = seen({ nodes: [answering(A, [row(A), downRow(B), row(C)]), answering(B), answering(C)] });
  expect([linkIsDown, oneWay].map((now) => linkDown.detect(now)[0])).toMatchObject([
    { key: 'network', subject: 'server-45' },
    { key: 'network' },
  ]);
  expect(linkDown.detect(oneWay)[0]?.subject).toContain('server-45');
});

test('a link that only one side misses is down', () => {
  const now = seen({ nodes: [answering(A, [row(A), downRow(B), row(C)]), answering(B), answering(C)] });
  expect(linkDown.detect(now)).toHaveLength(1);
});

describe('no link is called down', () => {
  test.each<[string, Observation]>([
    ['in a quiet cluster', quiet],
    ['once the split is listed: that is the network split', seen({ nodes: splitViews })],
    ['when the node that is not seen does not answer either', seen({ nodes: withoutC(silent(C)) })],
    [
      'to a node that has just started, and is not in every view yet',
      seen({
        nodes: [
          linkDownViews[0] ?? answering(A),
          answering(B, [row(A), row(B, { uptimeMs: 3_000 }), row(C)]),
          linkDownViews[2] ?? answering(C),
        ],
      }),
    ],
    [
      'to a node that is known to have restarted a moment ago',
      seen({ nodes: linkDownViews, history: { nodes: { [B]: { restartedAtMs: NOW - 3_000 } } } }),
    ],
    [
      'to a node that never joined',
      seen({
        nodes: [answering(A, [row(A), row(B)]), answering(B, [row(A), row(B)]), answering(C, [row(C)])],
      }),
    ],
  ])('%s', (_, now) => {
    expect(linkDown.detect(now)).toEqual([]);
  });
});

test('the evidence is what each node says', () => {
  expect(stepOf(linkDown, 'inspect', 'views').show(contextOf(linkDown, linkIsDown)).lines).toEqual([
    'server-44 sees server-44 and server-46; does not see server-45',
    'server-45 sees server-45; does not see server-44 and server-46',
    'server-46 sees server-44 and server-46; does not see server-45',
    'Nodes talk through port 4369 (epmd) and their distribution port, 25672 by default.',
  ]);
});

test('nothing is done about a link', () => {
  const at = (now: Observation) =>
    decided(linkDown, 'wait-for-link', contextOf(linkDown, now, { found: linkIsDown }));
  expect([at(linkIsDown), at(seen({ nodes: splitViews })), at(quiet)]).toEqual([
    'stop: There is nothing to repair on the broker while these links are down: server-44 - server-45, server-45 - server-46. I keep watching, and look for a split when the nodes are connected again.',
    'stop: The link is back, but the nodes still run apart: diagnose the network split.',
    'stop: The views agree again.',
  ]);
  expect(linkDown.steps.some(({ kind }) => kind === 'act' || kind === 'each')).toBe(false);
});
