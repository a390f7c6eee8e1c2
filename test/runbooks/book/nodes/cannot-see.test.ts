import { describe, expect, test } from 'vitest';
import { cannotSee } from '../../../../src/runbooks/book/nodes/cannot-see.ts';
import type { Observation } from '../../../../src/runbooks/snapshot/observation.ts';
import type { NodeView, SilenceReason } from '../../../../src/runbooks/snapshot/snapshot.ts';
import {
  A,
  answering,
  B,
  C,
  cardText,
  contextOf,
  decided,
  nodes,
  quiet,
  row,
  seen,
  silent,
  withoutC,
} from '../../observation.ts';

const unseen = (why: SilenceReason): Observation =>
  seen({ nodes: [answering(A), answering(B), silent(C, why, { vm: 'registered', portOpen: true })] });

test('the card says what came, who sees the node run, and the cure', () => {
  expect(cardText(cannotSee, unseen('unauthorized'))).toBe(
    [
      'warning: I cannot see server-46: it refuses my password',
      'Message: GET /api/nodes: unauthorized',
      'Other nodes see it: running (server-44, server-45)',
      'Erlang VM: runs',
      'What to do: Check the user name and password, and that the user has the tag `monitoring`.',
    ].join('\n'),
  );
});

test.each<SilenceReason>([
  'refused',
  'timeout',
  'unauthorized',
  'not-json',
  'tls',
  'http-error',
  'wrong-node',
  'unreachable',
])('a node that others see run is not seen, whatever the reason: %s', (why) => {
  expect(cannotSee.detect(unseen(why))).toMatchObject([{ key: `node:${C}`, severity: 'warning' }]);
});

test('a cluster of which no node answers is critical, and told once', () => {
  const now = seen({ nodes: [silent(A), silent(B, 'timeout'), silent(C)] });
  expect(cardText(cannotSee, now)).toBe(
    [
      'critical: I cannot see the cluster: none of its 3 nodes answers',
      'Do not answer: server-44, server-45, server-46',
      'Message: GET /api/nodes: refused; GET /api/nodes: timeout',
      'What to do: Nothing listens on the management port: is the management plugin enabled, and is the address right?',
    ].join('\n'),
  );
});

test('a cluster whose nodes refuse the password is not called silent', () => {
  const refusing = seen({ nodes: [A, B, C].map((name) => silent(name, 'unauthorized')) });
  expect(cardText(cannotSee, refusing)).toBe(
    [
      'critical: I cannot see the cluster: all of its 3 nodes refuse my password',
      'Refuse my password: server-44, server-45, server-46',
      'Message: GET /api/nodes: unauthorized',
      'What to do: Check the user name and password, and that the user has the tag `monitoring`.',
    ].join('\n'),
  );
  const mixed = seen({ nodes: [silent(A), silent(B, 'unauthorized'), silent(C, 'timeout')] });
  expect(cardText(cannotSee, mixed)).toContain(
    'I cannot see the cluster: 1 of its 3 nodes refuses my password, the others do not answer\n' +
      'Refuse my password: server-45\nDo not answer: server-44, server-46\n',
  );
});

test('of a cluster of one node it is told as the only one', () => {
  const { settings } = seen();
  const one = { nodes: [silent(A)], settings: { nodes: settings.nodes.slice(0, 1) } };
  expect(cardText(cannotSee, seen(one))).toContain('I cannot see the cluster: its only node does not answer');
});

test('a listing that an answering node owes is told', () => {
  const now = seen({ consumers: { rows: [], missing: [{ node: B, why: 'took longer than 5 s' }] } });
  expect(cardText(cannotSee, now)).toBe(
    [
      'warning: I cannot list the consumers of server-45',
      'Not listed: consumers of server-45',
      'Message: took longer than 5 s',
      'Meanwhile: I report nothing about them as healthy',
      "What to do: Check the node's load and its log; the listing may be too large for the deadline.",
    ].join('\n'),
  );
});

describe('a member of the cluster that is not in the configuration', () => {
  const D = 'rabbit@server-47';
  const withD = (isRunning: boolean): Observation =>
    seen({
      nodes: nodes.map((name) =>
        answering(
          name,
          [...nodes, D].map((peer) => row(peer, { isRunning: peer !== D || isRunning })),
        ),
      ),
    });

  test('is told, because nobody watches it', () => {
    expect(cardText(cannotSee, withD(true))).toBe(
      [
        'warning: I do not watch rabbit@server-47: it is in the cluster, but not in the configuration',
        'Message: The cluster has rabbit@server-47, which is not in the configuration; I do not watch it.',
        'Other nodes see it: running (server-44, server-45, server-46)',
        'Meanwhile: I report nothing about it as healthy',
        'What to do: Add it to the nodes of this cluster in the configuration.',
      ].join('\n'),
    );
  });

  test('is only mentioned when nobody sees it run: a node that was renamed leaves its old name behind', () => {
    expect(cannotSee.detect(withD(false))).toMatchObject([{ key: `member:${D}`, severity: 'info' }]);
  });

  test('is over when no answering node lists it, and not while nobody answers', () => {
    const facts = cannotSee.detect(withD(true))[0]?.facts;
    const over = (now: Observation) => cannotSee.isOver?.(now.snapshot, facts, now.probes).go;
    const nobody = seen({ nodes: [silent(A), silent(B), silent(C)] });
    expect([over(quiet), over(withD(false)), over(nobody)]).toEqual([true, false, false]);
  });

  test('is not told a second time when it answers at the address of a configured node', () => {
    const wrong = { ...silent(C, 'wrong-node').answer, answeredAs: D };
    const peers = [A, B, D].map((peer) => row(peer));
    const now = seen({
      nodes: [
        answering(A, peers),
        answering(B, peers),
        { name: C, vm: 'unknown', answer: wrong } as NodeView,
      ],
    });
    expect(cannotSee.detect(now)).toMatchObject([{ key: `node:${C}` }]);
    expect(cardText(cannotSee, now)).toContain(
      'warning: I cannot see server-46: another node answers at its address',
    );
  });
});

describe('nothing is told twice', () => {
  test.each<[string, Observation]>([
    ['a node that is down has its own runbook', seen({ nodes: withoutC(silent(C)) })],
    ['so has one that is paused', seen({ nodes: withoutC(silent(C, 'refused', { vm: 'registered' })) })],
    [
      'a silent node’s share of a listing is its own trouble',
      seen({ nodes: withoutC(silent(C)), queues: { rows: [], missing: [{ node: C, why: 'refused' }] } }),
    ],
    ['a quiet cluster is seen', quiet],
  ])('%s', (_, now) => {
    expect(cannotSee.detect(now)).toEqual([]);
  });
});

test('it is over when the very thing can be read again', () => {
  const facts = (now: Observation) => cannotSee.detect(now)[0]?.facts;
  const missing = seen({ queues: { rows: [], missing: [{ node: B, why: 'slow' }] } });
  const all = seen({ nodes: [silent(A), silent(B), silent(C)] });
  const over = (was: Observation, is: Observation) =>
    cannotSee.isOver?.(is.snapshot, facts(was), is.probes).go;
  expect([
    over(unseen('timeout'), quiet),
    over(unseen('timeout'), unseen('refused')),
    over(missing, quiet),
    over(missing, missing),
    over(all, unseen('timeout')),
    over(all, all),
  ]).toEqual([true, false, true, false, true, false]);
});

test('nothing is done about what cannot be seen', () => {
  expect(decided(cannotSee, 'cure', contextOf(cannotSee, unseen('not-json')))).toBe(
    'stop: GET /api/nodes: not-json. Something else answers on that address: check the management URL and any proxy. ' +
      'I act on nothing that I cannot see.',
  );
});
