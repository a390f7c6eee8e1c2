import { describe, expect, test } from 'vitest';
import { nodeDown } from '../../../../src/runbooks/book/nodes/node-down.ts';
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
  NOW,
  quiet,
  row,
  seen,
  settings,
  silent,
  stepOf,
  withoutC,
} from '../../observation.ts';

const down = seen({ nodes: withoutC(silent(C)) });
const alone = seen({
  nodes: [answering(A, [row(A), row(B)]), answering(B, [row(A), row(B)]), answering(C, [row(C)])],
});

test('the card says which node is down, and who sees it', () => {
  expect(cardText(nodeDown, down)).toBe(
    [
      'critical: server-46 is down, a majority still runs',
      'Down: server-46: its management port refuses connections',
      'Other nodes: server-44 and server-45 see that it has stopped',
      'Erlang VM: does not run',
      'Majority: yes, a majority still runs',
    ].join('\n'),
  );
});

test('a node that started alone is told as alone', () => {
  expect(cardText(nodeDown, alone)).toBe(
    [
      'critical: server-46 runs alone, outside the cluster',
      'Alone: server-46: it lists no node but itself',
      'Other nodes: server-44 and server-45 do not see it running in the cluster',
      'Erlang VM: runs',
      'Majority: yes, a majority still runs',
    ].join('\n'),
  );
});

describe('a node is', () => {
  test.each<[string, number, Observation]>([
    [
      'down when its host cannot be reached',
      1,
      seen({ nodes: withoutC(silent(C, 'unreachable', { vm: 'unknown' })) }),
    ],
    [
      'down when its host lets every packet vanish',
      1,
      seen({ nodes: withoutC(silent(C, 'timeout', { portOpen: false })) }),
    ],
    [
      'not down when its API hangs and its port is open',
      0,
      seen({ nodes: withoutC(silent(C, 'timeout', { portOpen: true })) }),
    ],
    [
      'not down when it only refuses the password',
      0,
      seen({ nodes: withoutC(silent(C, 'unauthorized', { vm: 'registered' })) }),
    ],
    [
      'not down while another node sees it run',
      0,
      seen({ nodes: [answering(A, [row(A), row(B), downRow(C)]), answering(B), silent(C)] }),
    ],
    ['not down when nobody else can say', 0, seen({ nodes: [A, B, C].map((name) => silent(name)) })],
    ['not down in a quiet cluster', 0, quiet],
  ])('%s', (_, found, now) => {
    expect(nodeDown.detect(now)).toHaveLength(found);
  });
});

describe('the repair', () => {
  const at = (now: Observation, found = down) =>
    decided(nodeDown, 'still-down', contextOf(nodeDown, now, { found }));
  const calls = (found: Observation) =>
    ['stop', 'start', 'join'].map(
      (id) => stepOf(nodeDown, 'act', id).call(contextOf(nodeDown, found))?.action,
    );

  test('starts a node that is down', () => {
    expect([at(down), ...calls(down)]).toEqual(['go: ', undefined, 'node.start', undefined]);
  });

  test('stops what is left of it first where the Erlang VM is still there', () => {
    const stopped = seen({
      nodes: withoutC(silent(C, 'refused', { vm: 'registered' })),
      settings: { partitionHandling: 'ignore' },
    });
    expect(calls(stopped)).toEqual(['node.stop', 'node.start', undefined]);
  });

  test('says of a start that it can be taken back, and speaks of no joining', () => {
    expect(nodeDown.undoOf?.(contextOf(nodeDown, down).facts)).toBe(
      'Yes: a started node can be stopped again.',
    );
  });

  test('has a lone node join, and says that it is emptied', () => {
    expect(calls(alone)).toEqual([undefined, undefined, 'node.rejoin']);
    expect(nodeDown.undoOf?.(contextOf(nodeDown, alone).facts)).toMatch(/^No: joining a cluster/);
    expect(nodeDown.lost(contextOf(nodeDown, alone))).toEqual([
      'Everything that only server-46 holds: it is emptied before it joins the cluster.',
    ]);
  });

  test.each<[string, string, Observation]>([
    ['it runs again', 'stop: server-46 runs again.', quiet],
    [
      'the others do not see each other',
      'stop: The nodes that answer do not agree on which nodes run: repair the network first, then server-46.',
      seen({
        nodes: [
          answering(A, [row(A), downRow(B), downRow(C)]),
          answering(B, [downRow(A), row(B), downRow(C)]),
          silent(C),
        ],
      }),
    ],
    [
      'a split is listed',
      'stop: The nodes that answer do not agree on which nodes run: repair the network first, then server-46.',
      seen({
        nodes: [
          answering(A, [row(A, { partitions: [B] }), row(B), downRow(C)]),
          answering(B, [row(A), row(B), downRow(C)]),
          silent(C),
        ],
      }),
    ],
    [
      'another node sees it run',
      'stop: server-45 sees server-46 running: only I cannot reach it.',
      seen({ nodes: [answering(A, [row(A), row(B), downRow(C)]), answering(B), silent(C)] }),
    ],
    [
      'nobody else answers',
      'stop: No other node answers; I will not act without a second view.',
      seen({ nodes: [A, B, C].map((name) => silent(name)) }),
    ],
    [
      'it has no host',
      'stop: The configuration names no host for server-46.',
      seen({
        nodes: withoutC(silent(C)),
        settings: { nodes: settings.nodes.map(({ host: _, ...node }) => node) },
      }),
    ],
    [
      'others see it run',
      'stop: server-44 and server-45 see server-46 running: only I cannot reach it.',
      seen({ nodes: [answering(A), answering(B), silent(C)] }),
    ],
  ])('is not offered when %s', (_, text, now) => {
    expect(at(now).slice(0, text.length)).toBe(text);
  });

  test('tells whoever joins a lone node by hand all that it takes, and that it empties the node', () => {
    const hostless = { ...alone.settings, nodes: settings.nodes.map(({ host: _, ...node }) => node) };
    expect(decided(nodeDown, 'still-down', contextOf(nodeDown, { ...alone, settings: hostless }))).toBe(
      `stop: The configuration names no host for server-46. Do it by hand: run rabbitmqctl -n ${C} with stop_app, ` +
        `then reset (this empties the node), then join_cluster ${A}, then start_app.`,
    );
  });

  test('is proved by every view', () => {
    const holds = (now: Observation) =>
      stepOf(nodeDown, 'verify', 'runs').holds(contextOf(nodeDown, now, { found: down }));
    const oneView = seen({ nodes: [answering(A), answering(B, [row(A), row(B), downRow(C)]), answering(C)] });
    expect([quiet, oneView, down].map(holds)).toEqual([
      { go: true, because: 'it answers, and 2 other nodes see it running' },
      { go: false, because: '1 of 2 other nodes sees it running' },
      { go: false, because: 'it does not answer: GET /api/nodes: refused' },
    ]);
  });
});

test('the evidence tells since when it is silent, and which queues went with it', () => {
  const now = seen({
    nodes: withoutC(silent(C)),
    queues: [{ vhost: '/', name: 'q', seenBy: A, state: 'down' }],
    history: { nodes: { [C]: { lastAnswerAtMs: NOW - 42_000 } } },
  });
  expect(stepOf(nodeDown, 'inspect', 'views').show(contextOf(nodeDown, now)).lines).toEqual([
    'server-44 sees server-44 and server-45; does not see server-46',
    'server-45 sees server-44 and server-45; does not see server-46',
    'server-46 does not answer: GET /api/nodes: refused (Erlang VM: does not run)',
    '1 queue is down with it',
    'Its last answer came 42 s before this sweep',
  ]);
});
