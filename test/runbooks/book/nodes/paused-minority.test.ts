import { describe, expect, test } from 'vitest';
import { nodeDown } from '../../../../src/runbooks/book/nodes/node-down.ts';
import { pausedMinority } from '../../../../src/runbooks/book/nodes/paused-minority.ts';
import type { Answer } from '../../../../src/runbooks/look.ts';
import type { ClusterSettings, Observation } from '../../../../src/runbooks/snapshot/observation.ts';
import {
  A,
  answering,
  answers,
  B,
  C,
  cardText,
  contextOf,
  decided,
  downRow,
  quiet,
  row,
  seen,
  settings,
  silent,
  withoutC,
} from '../../observation.ts';

const refusing = withoutC(silent(C, 'refused', { vm: 'registered' }));
const under = (partitionHandling?: ClusterSettings['partitionHandling']): Observation =>
  seen({ nodes: refusing, settings: partitionHandling === undefined ? {} : { partitionHandling } });
const paused = under('pause_minority');

test('the card says that the node waits for the network', () => {
  expect(cardText(pausedMinority, paused)).toBe(
    [
      'critical: server-46 has paused itself: it cannot reach the majority',
      'Serves nothing: server-46 (its Erlang VM runs)',
      'Still running: server-44, server-45 (majority)',
      'Partition handling: pause_minority',
      'Next: fix the network; a paused node resumes by itself',
    ].join('\n'),
  );
});

test('where the mode is not known the headline says both', () => {
  expect(cardText(pausedMinority, under())).toContain(
    'critical: server-46 serves nothing: pause_minority paused it, or its app is stopped',
  );
});

describe('a silent node is told by one runbook', () => {
  test.each<[string, Observation, number, number]>([
    ['paused: the mode is on', paused, 1, 0],
    ['paused: the mode is not known, a majority goes on', under(), 1, 0],
    ['down: the mode is another', under('ignore'), 0, 1],
    ['down: no Erlang VM is there', seen({ nodes: withoutC(silent(C)) }), 0, 1],
    [
      'down: of two nodes neither is a majority',
      seen({
        nodes: [answering(A, [row(A), downRow(C)]), silent(C, 'refused', { vm: 'registered' })],
        settings: { nodes: settings.nodes.slice(1) },
      }),
      0,
      1,
    ],
    ['none: it answers', quiet, 0, 0],
  ])('%s', (_, now, pausedNodes, downNodes) => {
    expect([pausedMinority.detect(now).length, nodeDown.detect(now).length]).toEqual([
      pausedNodes,
      downNodes,
    ]);
  });
});

describe('a node that may be paused', () => {
  const asked = (now: Observation, answer: Answer) =>
    decided(
      pausedMinority,
      'paused-or-stopped',
      contextOf(pausedMinority, now, {
        found: under(),
        answered: answers([{ look: 'partition-handling', node: C }, answer]),
      }),
    );
  const mode = (name: string): Answer => ({ kind: 'partition-handling', mode: name });

  test('is left alone when it says that the mode is on', () => {
    expect(asked(under(), mode('pause_minority'))).toMatch(
      /^stop: server-46 is paused and resumes about two seconds/,
    );
  });

  test('is left alone when nobody can say', () => {
    expect(asked(under(), { kind: 'unseen', because: 'no host' })).toMatch(
      /^stop: I cannot tell a paused node/,
    );
  });

  test('is started when it says that the mode is off', () => {
    expect(asked(under(), mode('ignore'))).toBe(
      'go: Partition handling is ignore, so server-46 is not paused: its app is stopped.',
    );
  });

  test('is not started without a host', () => {
    const now = seen({
      nodes: refusing,
      settings: { nodes: settings.nodes.map(({ host: _, ...node }) => node) },
    });
    expect(asked(now, mode('ignore'))).toMatch(
      /^stop: The app of server-46 is stopped, and the configuration/,
    );
  });

  test('has resumed when every view sees it', () => {
    expect(asked(quiet, mode('pause_minority'))).toBe('stop: server-46 has resumed.');
  });
});

test('it is over only when it answers again', () => {
  const facts = pausedMinority.detect(paused)[0]?.facts;
  const blind = seen({ nodes: [answering(A), answering(B), silent(C, 'timeout')] });
  expect(
    [quiet, blind, paused].map(({ snapshot, probes }) => pausedMinority.isOver?.(snapshot, facts, probes).go),
  ).toEqual([true, false, false]);
});
