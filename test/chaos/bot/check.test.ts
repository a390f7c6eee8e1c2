import { describe, expect, test } from 'vitest';
import type { PageMessage } from '../../support/slack-page.ts';
import { check, type Evidence } from './check.ts';
import { checkCards } from './check-cards.ts';
import type { StoredEntry, StoredIncident, StoredRun } from './state.ts';

/** A repair as it should be: one vote, one call, one end. Each test spoils one thing. */
const run: StoredRun = {
  ...{ id: 'RUN-0001', incident: 'INC-0001', key: 'zombie', state: 'done', startedAtMs: 100 },
  plan: {
    hash: 'h1',
    items: [
      { kind: 'act', title: 'Delete q', call: { action: 'queue.delete', args: { vhost: '/', name: 'q' } } },
      { kind: 'verify', title: 'It stays away' },
    ],
  },
  votes: [{ by: 'U1', planHash: 'h1', atMs: 200 }],
  items: [{ state: 'applied', startedAtMs: 300, attempts: 1 }, { state: 'held' }],
};
const entry = (event: string, atMs: number, change: Partial<StoredEntry> = {}): StoredEntry => ({
  ...{ event, atMs, text: 'A sentence for people.', actor: 'watership', run: 'RUN-0001', planHash: 'h1' },
  ...change,
});
const voted = entry('run.voted', 200);
const begun = entry('run.item.intended', 300, { item: 0 });
const notDone = entry('run.item.waiting', 350, { item: 0 });
const ruled = entry('run.ruled', 350, { ruling: 'do-it-again', after: 'acting' });
const call = { atMs: 310, method: 'DELETE', path: '/api/queues/%2F/q?if-unused=true', status: 204 };
const incident: StoredIncident = {
  ...{ id: 'INC-0001', key: 'zombie', runbook: 'zombie-queue', subject: 'q', facts: {} },
  ...{ state: 'resolved', run: 'RUN-0001', openedAtMs: 50 },
};
const good: Evidence = {
  incidents: [incident],
  runs: [run],
  audit: [voted, begun],
  passed: [call],
  operations: [],
};
const rules = (change: Partial<Evidence>): readonly string[] =>
  check({ ...good, ...change }).map(({ rule, about, text }) => `${rule} ${about}: ${text}`);

describe('the checker', () => {
  test('finds nothing where nothing is wrong', () => {
    expect(rules({})).toEqual([]);
  });

  test('finds a step without a vote for its plan', () => {
    const votes = [{ by: 'U1', planHash: 'another', atMs: 200 }];
    expect(rules({ runs: [{ ...run, votes }] })).toEqual([
      'approval RUN-0001: it acted without a vote for its plan',
    ]);
  });

  test('finds a vote that is recorded only after the step', () => {
    expect(rules({ audit: [begun, voted] })).toEqual([
      'approval RUN-0001: the audit knows no vote for this plan before the first step',
    ]);
  });

  test('finds a step that began twice, and lets it be where the first was found not done', () => {
    const runs = [
      { ...run, items: [{ state: 'applied', startedAtMs: 300, attempts: 2 }, { state: 'held' }] },
    ];
    expect(rules({ runs, audit: [voted, begun, begun] })).toEqual([
      'once RUN-0001: “Delete q” began 2 times, and was found not done 0 times',
    ]);
    expect(rules({ runs, audit: [voted, begun, notDone, begun] })).toEqual([]);
    expect(rules({ runs, audit: [voted, begun, ruled, begun] })).toEqual([]);
    for (const other of [
      { ...ruled, ruling: 'it-happened' },
      { ...ruled, after: 'cancelled' },
    ]) {
      expect(rules({ runs, audit: [voted, begun, other, begun] })).toEqual([
        'once RUN-0001: “Delete q” began 2 times, and was found not done 0 times',
      ]);
    }
  });

  test('counts what happened to one step for that step alone', () => {
    const runs = [
      { ...run, items: [{ state: 'applied', startedAtMs: 300, attempts: 2 }, { state: 'held' }] },
    ];
    expect(rules({ runs, audit: [voted, begun, { ...notDone, item: 1 }, begun] })).toEqual([
      'once RUN-0001: “Delete q” began 2 times, and was found not done 0 times',
    ]);
  });

  test('finds a queue that the broker was told to delete twice, and one that no plan holds', () => {
    expect(rules({ passed: [call, call] })).toEqual([
      'once RUN-0001: DELETE /api/queues/%2F/q was called 2 times; the ledger knows 1',
      'once RUN-0001: DELETE /api/queues/%2F/q was done 2 times',
    ]);
    expect(rules({ passed: [call, { ...call, path: '/api/queues/%2F/other' }] })).toEqual([
      'once other: DELETE /api/queues/%2F/other was called 1 times; the ledger knows 0',
      'approval other: DELETE /api/queues/%2F/other was called before any plan had begun it',
    ]);
  });

  test('finds what a host was told and no plan holds', () => {
    const stop = { startedAt: '2026-11-24T00:00:00Z', operation: 'node.stop', node: 'a@h' };
    expect(rules({ operations: [stop] })).toEqual([
      'once a@h: node.stop a@h was done 1 times; the ledger knows 0',
    ]);
    expect(rules({ operations: [{ ...stop, operation: 'node.partition_handling' }] })).toEqual([]);
  });

  test('finds a run that stands still, one that ended without a word, and an incident that stays open', () => {
    expect(rules({ runs: [{ ...run, state: 'acting' }] })).toEqual([
      'stuck RUN-0001: it is acting, and nobody is there to move it',
    ]);
    expect(rules({ runs: [{ ...run, state: 'failed' }] })).toEqual([
      'explained RUN-0001: it is failed, and does not say why',
    ]);
    expect(rules({ incidents: [{ ...incident, state: 'open' }] })).toEqual([
      'stuck INC-0001: zombie-queue (q) is still open',
    ]);
  });
});

function card(head: string, words: string, change: Partial<PageMessage> = {}): PageMessage {
  return {
    ...{ ts: '1.1', channel: 'C', text: head },
    blocks: [
      { type: 'header', block_id: 'INC-0001.abc', text: { text: head } },
      { type: 'section', text: { text: words } },
    ],
    ...change,
  };
}
const button = {
  type: 'actions',
  elements: [{ type: 'button', action_id: 'run:cancel', value: 'RUN-0001 -' }],
};

describe('the checker of cards', () => {
  const seen = (...messages: readonly PageMessage[]) =>
    checkCards({ messages, incidents: [incident], runs: [run] }).map(({ text }) => text);
  const truth = card(
    'RESOLVED - sandbox',
    'Repaired by RUN-0001, approved by Alice. The incident lasted 9 s.',
  );

  test('finds nothing where the card says what is so', () => {
    expect(seen(truth)).toEqual([]);
  });

  test('finds a card that is missing, one too many, and one that says something else', () => {
    expect(seen()).toEqual(['it has no card']);
    expect(seen(truth, { ...truth, ts: '1.2' })).toEqual(['it has 2 cards']);
    expect(seen(card('P2 FIRING - sandbox', ''))).toEqual([
      'it is resolved, and its card says “P2 FIRING - sandbox”',
    ]);
    expect(seen(card('RESOLVED - sandbox', 'It resolved without a repair by Watership.'))).toEqual([
      'its card says that it was not repaired, and RUN-0001 has repaired it',
    ]);
  });

  test('finds a message of an ended run that still asks', () => {
    const blocks = [
      { type: 'header', text: { text: 'sandbox: zombie - a plan waits for approval' } },
      { type: 'context', elements: [{ type: 'mrkdwn', text: 'RUN-0001' }] },
      button,
    ];
    expect(seen(truth, card('', '', { thread_ts: '1.1', ts: '1.3', blocks }))).toEqual([
      'it is done, and its message says “sandbox: zombie - a plan waits for approval”',
      'it is done, and its message still has buttons',
    ]);
  });
});
