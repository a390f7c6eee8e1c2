import { describe, expect, test } from 'vitest';
import { idsIn, namesItsActor, peopleOfEnd, peopleOfEntry } from '../../../src/bot/record/people-of.ts';
import type { Run } from '../../../src/runbooks/index.ts';

const people = {
  ...{ approvers: ['U0ALICE', 'S0TEAM'], adminApprovers: [], onCall: ['U0BOB'], owners: [] },
  cli: { ops: 'W0CAROL' },
};

test.each([
  ['U01ALICE12 approved, 1 of 2.', ['U01ALICE12']],
  ['Approved by W012AB3CD and U0BOB at 02:14 UTC, then W0CAROL.', ['W012AB3CD', 'U0BOB', 'W0CAROL']],
  ['The URL was read as UTF8 at 02:14 UTC; see WAL, UUID, USERNAME and WATERSHIP.', []],
  ['Nobody knows U0STRANGER, and S0TEAM is a group.', ['U0STRANGER']],
  ['Nobody knows U0EVE.', []],
])('the ids in “%s” are %j', (text, ids) => {
  expect(idsIn(text, people)).toEqual(ids);
});

describe('an audit entry speaks of', () => {
  const text = 'U0ALICE approved at 02:14 UTC, see URL U0STRANGER.';

  test('whom its fields name, whatever its text looks like', () => {
    const entry = { actor: 'U0ALICE', votes: ['U0ALICE', 'U0BOB'], people: ['U0ALICE'], text };
    expect(peopleOfEntry(entry, people)).toEqual(['U0ALICE', 'U0BOB']);
    expect(namesItsActor(entry)).toBe(true);
    expect(namesItsActor({ ...entry, people: ['U0BOB'] })).toBe(false);
  });

  test('the ids in its text, where an older version wrote no field', () => {
    expect(peopleOfEntry({ actor: 'watership', text }, people)).toEqual([
      ...['watership', 'U0ALICE', 'U0STRANGER'],
    ]);
  });

  test('the person whom a name of the terminal stands for', () => {
    const entry = { actor: 'cli:ops (W0CAROL)', text: 'halt of all clusters' };
    expect(peopleOfEntry(entry, people)).toEqual(['W0CAROL']);
    expect(namesItsActor(entry)).toBe(false);
    expect(namesItsActor({ ...entry, text: 'W0CAROL approved at the command line.' })).toBe(true);
  });
});

describe('the end of a run names', () => {
  const ended = (change: Partial<Run>): Run => ({
    ...{
      id: 'RUN-0001',
      incident: 'INC-0001',
      cluster: 'prod',
      runbook: 'node-down',
      key: 'k',
      subject: 's',
    },
    ...{ facts: {}, state: 'cancelled', requestedBy: 'U0BOB', startedAtMs: 1, endedAtMs: 2, version: 3 },
    ...{ evidence: [], answered: {}, before: {}, choices: [], votes: [], items: [] },
    ...change,
  });

  test.each<[string, Partial<Run>, readonly string[]]>([
    [
      'whoever cancelled it, whatever its sentence says',
      { because: 'UTC cancelled it', endedBy: { kind: 'cancelled', by: 'U0EVE' } },
      ['U0EVE'],
    ],
    ['whoever gave up', { state: 'failed', endedBy: { kind: 'given-up', by: 'U0EVE' } }, ['U0EVE']],
    [
      'the voters who may no longer approve',
      { state: 'stopped', endedBy: { kind: 'approval-lost', voters: ['U0A', 'U0B'] } },
      ['U0A', 'U0B'],
    ],
    ['nobody where time ended it', { state: 'expired', endedBy: { kind: 'timeout' } }, []],
    [
      'whom its sentence names, where 0.1.0 ended it',
      { because: 'U0EVE cancelled it. Nothing was done.' },
      ['U0EVE'],
    ],
    ['nobody where 0.1.0 ended it otherwise', { state: 'failed', because: 'U0EVE cancelled it' }, []],
  ])('%s', (_, change, ids) => {
    expect(peopleOfEnd(ended(change))).toEqual(ids);
  });
});
