import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../../src/runbooks/canonical.ts';
import type { PlannedItem, Run, RunInput } from '../../../../src/runbooks/index.ts';
import {
  advanceWith,
  approved,
  hashOf,
  lampWith,
  looked,
  play,
  proposed,
  room,
  started,
  tools,
  voteFor,
} from '../toy.ts';

const choose = (choice: string, atMs = 5): RunInput => ({
  kind: 'chose',
  choice,
  now: room(),
  by: 'U0BOB',
  atMs,
});

describe('the hash of a plan', () => {
  test('is the same for the same plan, whenever it was made', () => {
    const later = play(started(), [looked(1_000), looked(2_000)]);
    expect(hashOf(later)).toBe(hashOf(proposed()));
    expect(hashOf(later)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('canonical JSON does not depend on the order of keys and leaves out what is absent', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined, ab: true })).toBe(
      '{"ab":true,"b":[1,{"c":"x","d":null}]}',
    );
  });

  const others: readonly (readonly [string, Run])[] = [
    ['another target', proposed(room({ lamps: ['attic'] }))],
    ['another loss', proposed(room({ ready: 11 }))],
    ['another way', play(proposed(), [choose('hammer')])],
    ['another cluster', play({ ...started(), cluster: 'barn' }, [looked(1), looked(2)])],
    ['another subject', play({ ...started(), subject: 'torches' }, [looked(1), looked(2)])],
    ['another command', advanceWith({ ...tools, describe: () => ({ text: 'sudo', tier: 'node' }) })],
    ['another runbook', play(started(), [looked(1), looked(2)], lampWith({ id: 'lamp-2' }))],
  ];
  test.each(others)('differs for %s', (_, run) => {
    expect(run.state).toBe('proposed');
    expect(hashOf(run)).not.toBe(hashOf(proposed()));
  });
});

describe('a fallback', () => {
  const flags = (run: Run): readonly (readonly [string, boolean])[] =>
    (run.plan?.items ?? [])
      .filter((item): item is Extract<PlannedItem, { kind: 'act' }> => item.kind === 'act')
      .map(({ step, onlyIfNeeded }) => [step, onlyIfNeeded]);

  test('is a step with `when` whose nearest verify before it falls through', () => {
    const act = (id: string, isConditional = false) =>
      ({
        kind: 'act',
        id,
        title: () => id,
        call: () => ({ action: 'lamp.off', args: {} }),
        ...(isConditional && { when: () => ({ kind: 'go' }) as const }),
      }) as const;
    const verify = (id: string, otherwise: 'fail' | 'fall-through') =>
      ({
        kind: 'verify',
        id,
        title: () => id,
        withinMs: 1,
        otherwise,
        holds: () => ({ go: true }) as const,
      }) as const;
    const runbook = lampWith({
      steps: [
        act('early', true),
        act('start'),
        verify('started', 'fall-through'),
        act('force', true),
        act('always'),
        act('rejoin', true),
        verify('back', 'fail'),
        act('late', true),
      ],
    });
    expect(flags(play(started(), [looked(1)], runbook))).toEqual([
      ['early', false],
      ['start', false],
      ['force', true],
      ['always', false],
      ['rejoin', true],
      ['late', false],
    ]);
  });
});

describe('choosing another way', () => {
  test('makes a new plan without votes, on fresh time', () => {
    const plan = proposed();
    const voted = play(plan, [{ kind: 'voted', vote: voteFor(plan), isEnough: false }]);
    expect(voted.votes).toHaveLength(1);
    const run = play(voted, [choose('hammer', 50)]);
    expect(run).toMatchObject({
      state: 'proposed',
      choice: 'hammer',
      votes: [],
      plan: { expiresAtMs: 300_050 },
    });
    expect(run.plan?.items[0]?.title).toBe('hammer kitchen');
    expect(play(run, [approved(plan)]), 'a vote for the old plan does not count').toBe(run);
  });

  test('a way that is not offered changes nothing', () => {
    const run = proposed();
    expect(play(run, [choose('dynamite')])).toBe(run);
  });

  test('a way that a decide step refuses leaves the plan and says why', () => {
    const run = proposed();
    const refused = play(run, [choose('prayer')]);
    expect(refused).toMatchObject({ state: 'proposed', choice: 'switch', plan: run.plan });
    expect(refused.because).toBe('"Pray" is not possible: nobody listens');
    expect(play(refused, [choose('hammer')]).because).toBeUndefined();
  });
});

describe('a vote', () => {
  test('for another hash changes nothing', () => {
    const run = proposed();
    const vote = { ...voteFor(run), planHash: 'f00' };
    expect(play(run, [{ kind: 'voted', vote, isEnough: true }])).toBe(run);
  });

  test('of the same person counts once', () => {
    const run = proposed();
    const once = play(run, [{ kind: 'voted', vote: voteFor(run), isEnough: false }]);
    expect(play(once, [{ kind: 'voted', vote: voteFor(run), isEnough: true }])).toBe(once);
  });

  test.each([
    [300_001, 'checking'],
    [300_002, 'expired'],
  ])('at %d ms finds the plan %s', (atMs, state) => {
    const run = proposed();
    const vote = voteFor(run, 'U0ALICE', atMs);
    expect(play(run, [{ kind: 'voted', vote, isEnough: true }]).state).toBe(state);
  });
});

describe('a plan that waits', () => {
  test('expires by the clock, and not before', () => {
    const run = proposed();
    expect(play(run, [{ kind: 'ticked', atMs: 300_001 }])).toBe(run);
    const expired = play(run, [{ kind: 'ticked', atMs: 300_002 }]);
    expect(expired).toMatchObject({ state: 'expired', endedAtMs: 300_002 });
    expect(expired.because).toContain('Nothing was done');
  });

  test('gives way to no other once it has expired', () => {
    const run = proposed();
    const { expiresAtMs = 0 } = run.plan ?? {};
    expect(play(run, [choose('hammer', expiresAtMs)])).toMatchObject({ state: 'expired', plan: run.plan });
  });

  test('is overtaken by events', () => {
    const overtaken: RunInput = { kind: 'overtaken', because: 'dawn has come', atMs: 9 };
    expect(play(proposed(), [overtaken])).toMatchObject({ state: 'superseded', because: 'dawn has come' });
    expect(play(started(), [overtaken])).toMatchObject({ state: 'stopped', because: 'dawn has come' });
  });
});
