import { describe, expect, test } from 'vitest';
import { cannotSee } from '../../../src/runbooks/book/cannot-see.ts';
import type { Observation } from '../../../src/runbooks/snapshot/observation.ts';
import type { SilenceReason } from '../../../src/runbooks/snapshot/snapshot.ts';
import {
  A,
  answering,
  B,
  C,
  cardText,
  contextOf,
  decided,
  quiet,
  seen,
  silent,
  withoutC,
} from '../observation.ts';

const unseen = (why: SilenceReason): Observation =>
  seen({ nodes: [answering(A), answering(B), silent(C, why, { vm: 'registered', portOpen: true })] });

test('the card says what came, who sees the node run, and the cure', () => {
  expect(cardText(cannotSee, unseen('unauthorized'))).toBe(
    [
      'warning: I cannot see server-46: it refuses my password',
      'Said: GET /api/nodes: unauthorized',
      'Others see it: running (server-44, server-45)',
      'Erlang VM: registered',
      'Cure: Check the user name and password, and that the user has the tag `monitoring`.',
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
  'unreachable',
])('a node that others see run is not seen, whatever the reason: %s', (why) => {
  expect(cannotSee.detect(unseen(why))).toMatchObject([{ key: `node:${C}`, severity: 'warning' }]);
});

test('a cluster of which no node answers is critical, and told once', () => {
  const now = seen({ nodes: [silent(A), silent(B, 'timeout'), silent(C)] });
  expect(cardText(cannotSee, now)).toBe(
    [
      'critical: I cannot see the cluster: none of its 3 nodes answers',
      'Silent: server-44, server-45, server-46',
      'Said: GET /api/nodes: refused; GET /api/nodes: timeout',
      'Cure: Nothing listens on the management port: is the management plugin on, and the address right?',
    ].join('\n'),
  );
});

test('a listing that an answering node owes is told', () => {
  const now = seen({ consumers: { rows: [], missing: [{ node: B, why: 'took longer than 5 s' }] } });
  expect(cardText(cannotSee, now)).toBe(
    [
      'warning: I cannot list the consumers of server-45',
      'Not listed: consumers of server-45',
      'Said: took longer than 5 s',
      'Meanwhile: nothing about them is called healthy',
    ].join('\n'),
  );
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
  const over = (was: Observation, is: Observation) => cannotSee.isOver?.(is.snapshot, facts(was)).go;
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
