import { describe, expect, test } from 'vitest';
import { progressLines } from '../../../src/runbooks/index.ts';
import {
  act,
  acting,
  answers,
  approved,
  bindingsLook,
  looked,
  orderOf,
  play,
  proposed,
  room,
  started,
} from './toy.ts';

const dark = room({ lamps: [] });

describe('a run from the first look to the proof', () => {
  test('a new diagnosis sweeps, then asks what its steps want to know', () => {
    const run = started();
    expect(orderOf(run)).toEqual({ kind: 'look', looks: [] });
    const swept = play(run, [looked(1, room(), {})]);
    expect(swept.state).toBe('diagnosing');
    expect(orderOf(swept)).toEqual({ kind: 'look', looks: [bindingsLook] });
  });

  test('the answers give evidence, choices and a plan that waits for its approval', () => {
    const run = play(started(), [looked(1, room(), {}), looked(2)]);
    expect(run).toMatchObject({
      state: 'proposed',
      choice: 'switch',
      evidence: [{ title: 'Lamps', lines: ['kitchen'] }],
      before: answers,
      plan: { tier: 'node', lost: ['the light of kitchen: 10 messages'], madeAtMs: 2, expiresAtMs: 300_002 },
    });
    expect(run.plan?.items).toEqual([
      {
        kind: 'act',
        step: 'off',
        title: 'switch kitchen',
        target: 'kitchen',
        call: { action: 'lamp.off', args: { lamp: 'kitchen', with: 'switch', maxReady: 100 } },
        describe: 'lamp.off {"lamp":"kitchen","with":"switch","maxReady":100}',
        onlyIfNeeded: false,
      },
      { kind: 'verify', step: 'dark', title: 'kitchen is dark', target: 'kitchen', withinMs: 10_000 },
      {
        kind: 'act',
        step: 'fuse',
        title: 'Pull the fuse',
        call: { action: 'fuse.pull', args: {} },
        describe: 'fuse.pull {}',
        onlyIfNeeded: true,
      },
      { kind: 'manual', step: 'tell', title: 'Tell the landlord', instructions: ['Write a letter.'] },
      { kind: 'verify', step: 'all-dark', title: 'All is dark', withinMs: 10_000 },
    ]);
    expect(orderOf(run)).toEqual({ kind: 'wait', untilMs: 300_002 });
  });

  test('enough votes lead to a check on fresh answers, and the check to the first action', () => {
    const plan = proposed();
    const run = play(plan, [approved(plan)]);
    expect(run).toMatchObject({ state: 'checking', answered: {} });
    expect(orderOf(run)).toEqual({ kind: 'look', looks: [bindingsLook] });
    const ready = play(run, [looked(20)]);
    expect(ready.state).toBe('acting');
    expect(orderOf(ready, 20)).toEqual({ kind: 'act', index: 0 });
  });

  test('it acts, verifies twice in a row, skips the fallback, waits for a person and is done', () => {
    let run = play(acting(), act(0, 30));
    expect(orderOf(run)).toEqual({ kind: 'look', looks: [] });
    run = play(run, [looked(40, dark, {})]);
    expect(progressLines(run)[1]).toEqual({
      state: 'running',
      title: 'kitchen is dark',
      detail: 'passed 1 of 2 checks in a row (9 ms of 10 s)',
    });
    expect(orderOf(run)).toEqual({ kind: 'look', looks: [], afterMs: 3_000 });
    run = play(run, [looked(3_040, dark, {})]);
    expect(orderOf(run, 3_040)).toEqual({ kind: 'look', looks: [bindingsLook] });
    run = play(run, [looked(3_100, dark)]);
    expect(run.items[2]).toMatchObject({ state: 'skipped', detail: 'it is dark' });
    expect(orderOf(run)).toEqual({ kind: 'wait' });
    run = play(run, [{ kind: 'confirmed', index: 3, by: 'U0ALICE', atMs: 4_000 }, looked(5_000, dark, {})]);
    expect(run).toMatchObject({ state: 'done', endedAtMs: 5_000 });
    expect(run.because).toContain('verified');
    expect(progressLines(run).map(({ state }) => state)).toEqual(['done', 'done', 'skipped', 'done', 'done']);
    expect(orderOf(run)).toBeUndefined();
  });

  test('when the switch does not help, the fallback is asked on fresh data and runs', () => {
    let run = play(acting(), [...act(0, 30), looked(40, room(), {}), looked(11_040, room(), {})]);
    expect(run.items[1]).toMatchObject({ state: 'failed', detail: 'kitchen still shines (after 11 s)' });
    expect(run.state).toBe('acting');
    expect(orderOf(run, 11_040)).toEqual({ kind: 'look', looks: [bindingsLook] });
    run = play(run, [looked(11_100)]);
    expect(orderOf(run, 11_100)).toEqual({ kind: 'act', index: 2 });
    expect(orderOf(run, 60_000), 'an old clearance does not count').toEqual({
      kind: 'look',
      looks: [bindingsLook],
    });
    expect(play(run, act(2, 60_000)), 'nor does it let the action be written down').toBe(run);
    run = play(run, act(2, 11_200));
    expect(run.items[2]).toMatchObject({ state: 'applied', attempts: 1 });
  });
});
