import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { postMortem } from '../../../src/bot/audit/post-mortem.ts';
import type { AuditEntry } from '../../../src/bot/record/entry.ts';
import { entry, runRecordOf } from '../../../src/bot/record/run-record.ts';
import { piecesOf } from '../../../src/bot/slack/send/post-report.ts';
import type { Incident, Run } from '../../../src/runbooks/index.ts';
import { ALICE, BOB, CAROL, openIncident, proposedRun } from '../fakes/world.ts';

const openedAtMs = openIncident.openedAtMs;
const at = (seconds: number): number => openedAtMs + seconds * 1_000;

const proposed = proposedRun('node', at(120));
const planHash = proposed.plan?.hash ?? '';
const approved: Run = {
  ...proposed,
  state: 'acting',
  items: (proposed.plan?.items ?? []).map(() => ({ state: 'waiting' })),
  votes: [
    { by: ALICE, planHash, reason: 'ctl3 is cut | off', atMs: at(150) },
    { by: BOB, planHash, reason: '', atMs: at(170) },
  ],
};
const withItem = (run: Run, index: number, item: Run['items'][number]): Run => ({
  ...run,
  items: run.items.map((old, own) => (own === index ? item : old)),
});
const intended = withItem(approved, 0, { state: 'intended', startedAtMs: at(171) });
const applied = withItem(intended, 0, {
  state: 'applied',
  startedAtMs: at(171),
  endedAtMs: at(183),
  detail: 'exit 0; token: hunter2',
});
const rest = applied.items.map((item, index) =>
  index === 0
    ? item
    : { state: 'held' as const, startedAtMs: at(184), endedAtMs: at(230), detail: 'one side' },
);
const done: Run = {
  ...applied,
  items: rest,
  state: 'done',
  because: 'Every step is done, and it was verified.',
  endedAtMs: at(231),
  evidence: [
    { title: 'What each node sees', lines: ['ctl1: ctl1 ctl2', 'ctl3: `ctl3` alone', '~~~ a queue'] },
  ],
};
const resolved: Incident = {
  ...openIncident,
  state: 'resolved',
  owner: ALICE,
  acknowledgedAtMs: at(40),
  resolvedAtMs: at(260),
  run: done.id,
};

const about = { cluster: 'prod-a', incident: openIncident.id };
const entries: readonly AuditEntry[] = [
  {
    atMs: at(0),
    actor: 'watership',
    event: 'incident.opened',
    text: 'Detected: ctl3 is cut off from ctl1 + ctl2',
    before: 'none',
    after: 'open critical',
    ...about,
  },
  {
    atMs: at(40),
    actor: ALICE,
    event: 'incident.acknowledged',
    text: `${ALICE} is on it.`,
    surface: 'slack',
    before: 'open critical',
    after: 'open critical taken',
    ...about,
  },
  ...runRecordOf({ ...proposed, state: 'diagnosing' }, proposed, at(121)).audit,
  { ...entry(proposed, 'click.refused', 'vote refused: no-rights', at(130)), actor: CAROL },
  ...runRecordOf(approved, intended, at(171)).audit,
  ...runRecordOf(intended, applied, at(183)).audit,
  ...runRecordOf(applied, done, at(231)).audit,
];

const report = postMortem({
  incident: resolved,
  title: 'Network partition',
  headline: 'ctl3 is cut off from ctl1 + ctl2',
  runs: [done],
  entries: entries.map((one, index) => ({ ...one, sequence: index + 11, hash: '' })),
  names: new Map([
    [ALICE, 'Alice'],
    [BOB, 'Bob'],
  ]),
});

describe('a post-mortem', () => {
  test('tells the whole incident, and reads like this', () => {
    expect(report).toBe(readFileSync(join(import.meta.dirname, 'post-mortem.md'), 'utf8'));
  });

  test('holds no secret, and nothing from outside breaks its table or its fences', () => {
    expect(report).not.toContain('hunter2');
    expect(report).toContain('token: …');
    expect(report).toContain('~~~~\nctl1: ctl1 ctl2');
    const rows = report.split('\n').filter((line) => line.startsWith('| 2026'));
    for (const row of rows) {
      expect(row.match(/(?<!\\)\|/g)).toHaveLength(5);
    }
  });

  test('of an incident that nobody took says so, and asks', () => {
    const { owner: _, acknowledgedAtMs: __, run: ___, ...nobody } = resolved;
    const text = postMortem({
      incident: nobody,
      title: 't',
      headline: 'h',
      runs: [],
      entries: [],
      names: new Map(),
    });
    expect(text).toContain('- Owner: not acknowledged\n- End: resolved without a repair by Watership');
    expect(text).toContain('- [ ] Nobody acknowledged it: were the right people notified?');
  });
});

test('a post-mortem names a run that was cancelled after it had stopped a node', () => {
  const cancelled: Run = { ...applied, state: 'cancelled', because: 'x', endedAtMs: at(190) };
  const text = postMortem({
    incident: resolved,
    title: 't',
    headline: 'h',
    runs: [cancelled],
    entries: [],
    names: new Map(),
  });
  expect(text).toContain(
    '- End: resolved, not repaired by Watership: RUN-0193 was cancelled after: Stop RabbitMQ on ctl3. It left ctl3 stopped.',
  );
});

test('a report is cut between lines, and a long line where it must be, never through an escape', () => {
  expect(piecesOf('one\ntwo\nthree\n', 8)).toEqual(['o\nn\ne\nt', 'w\no\nt\nh', 'r\ne\ne']);
  const pieces = piecesOf(`${'&'.repeat(1_000)}\n${'a\n'.repeat(2_000)}`, 500);
  for (const piece of pieces) {
    expect(piece.length).toBeLessThanOrEqual(500);
  }
  expect(pieces.join('').match(/&amp;/g)).toHaveLength(1_000);
});

describe('the story of a run', () => {
  test('has one entry for each thing that happened, with what it was and what it became', () => {
    const both = withItem({ ...approved, state: 'failed' }, 0, { state: 'unknown', detail: 'no answer' });
    expect(runRecordOf(intended, both, 5).audit).toMatchObject([
      {
        event: 'run.item.unknown',
        item: 0,
        before: 'intended',
        after: 'unknown',
        planHash,
        tier: 'node',
        votes: [ALICE, BOB],
      },
      { event: 'run.failed', before: 'acting', after: 'failed' },
    ]);
    expect(runRecordOf(approved, approved, 5).audit).toEqual([]);
  });
});
