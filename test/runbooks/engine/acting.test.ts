import { describe, expect, test } from 'vitest';
import type { Run, RunInput } from '../../../src/runbooks/index.ts';
import { nextOrder, progressLines } from '../../../src/runbooks/index.ts';
import {
  act,
  acting,
  answers,
  approved,
  bindingsLook,
  lamp,
  lampSteps,
  lampWith,
  looked,
  orderOf,
  play,
  proposed,
  room,
  started,
} from './toy.ts';

const dark = room({ lamps: [] });
const intended: RunInput = { kind: 'intended', index: 0, atMs: 30 };
const cutOff: RunInput = {
  kind: 'acted',
  index: 0,
  outcome: { kind: 'unknown', because: 'no answer' },
  atMs: 40,
};
const settled = (kind: 'done' | 'not-done' | 'unknown', atMs = 50): RunInput => ({
  kind: 'settled',
  index: 0,
  settled: { kind, because: 'seen' },
  atMs,
});
const ruled = (ruling: 'it-happened' | 'do-it-again' | 'give-up') => ({
  ...{ kind: 'ruled' as const, index: 0, ruling, by: 'U0BOB', atMs: 60 },
});
const interrupted = (): Run => play(acting(), [intended, cutOff]);

describe('an action', () => {
  test('is written down before it is done; a restart in between asks what became of it', () => {
    const run = play(acting(), [intended]);
    expect(run.items[0]).toEqual({ state: 'intended', startedAtMs: 30, attempts: 1 });
    expect(orderOf(run, 30)).toEqual({ kind: 'settle', index: 0 });
    expect(play(run, [intended]), 'it is never written down twice').toBe(run);
  });

  test('that is refused ends the run with the reason', () => {
    const refused: RunInput = {
      kind: 'acted',
      index: 0,
      outcome: { kind: 'refused', because: 'in use' },
      atMs: 40,
    };
    for (const inputs of [[intended, refused], [refused]]) {
      expect(play(acting(), inputs)).toMatchObject({
        state: 'failed',
        because: 'switch kitchen: in use',
        endedAtMs: 40,
        items: [{ state: 'refused' }, {}, {}, {}, {}],
      });
    }
  });

  test('that was never intended cannot have been applied', () => {
    const run = acting();
    expect(play(run, [{ kind: 'acted', index: 0, outcome: { kind: 'applied', detail: '' }, atMs: 40 }])).toBe(
      run,
    );
    expect(play(run, [cutOff])).toBe(run);
    expect(play(run, [settled('done')])).toBe(run);
  });

  test('is taken in its turn only', () => {
    const run = acting();
    for (const index of [-1, 1, 2, 3, 99]) {
      expect(play(run, [{ ...intended, index }])).toBe(run);
    }
  });

  test('that is refused is spared for no other one that follows, unless it deletes', () => {
    const each = lampSteps.find(({ kind }) => kind === 'each');
    const onlyOff = lampWith({
      steps: each?.kind === 'each' ? [{ ...each, steps: each.steps.slice(0, 1) }] : [],
    });
    const both = room({ lamps: ['kitchen', 'attic'] });
    const plan = play(started(), [looked(1, both)], onlyOff);
    const run = play(plan, [approved(plan), looked(20, both)], onlyOff);
    expect(run.items).toHaveLength(2);
    const outcome = { kind: 'refused' as const, because: 'in use' };
    const refused = play(run, [intended, { kind: 'acted', index: 0, outcome, atMs: 40 }], onlyOff);
    expect(refused).toMatchObject({ state: 'failed', items: [{ state: 'refused' }, { state: 'waiting' }] });
  });

  test('is not done by saying so', () => {
    const run = acting();
    expect(play(run, [{ kind: 'confirmed', index: 0, by: 'U0BOB', atMs: 30 }])).toBe(run);
  });

  test('that had to wait is checked anew, unless something was begun', () => {
    const waited = (atMs: number): RunInput => ({ kind: 'waited', atMs });
    const run = acting();
    expect(play(run, [waited(20 + 15_000)])).toBe(run);
    const again = play(run, [waited(20 + 15_001)]);
    expect(again).toMatchObject({ state: 'checking', items: [], answered: {} });
    expect(again.because).toBe('It waited 15 s before its first step.');
    const begun = play(run, act(0, 30));
    expect(play(begun, [waited(60_000)])).toBe(begun);
  });

  test('is not begun on an old check, nor against the wish of somebody', () => {
    const run = acting();
    const late = 20 + 30_001;
    expect(play(run, [{ ...intended, atMs: late }])).toBe(run);
    expect(play(run, [{ ...intended, atMs: late - 1 }]).items[0]).toMatchObject({ state: 'intended' });
    const unwanted: Run = { ...run, stopWanted: { by: 'U0BOB', atMs: 25 } };
    expect(play(unwanted, [intended])).toBe(unwanted);
  });

  test('without an answer is settled by looking', () => {
    expect(interrupted().items[0]).toMatchObject({ state: 'intended', detail: 'no answer' });
    expect(orderOf(interrupted())).toEqual({ kind: 'settle', index: 0 });
    expect(play(interrupted(), [settled('done')]).items[0]).toMatchObject({
      state: 'applied',
      detail: 'seen',
    });
  });

  test('that had not happened is done once more, and no third time', () => {
    const again = play(interrupted(), [settled('not-done')]);
    expect(again.items[0]).toMatchObject({ state: 'waiting', attempts: 1 });
    expect(orderOf(again, 55)).toEqual({ kind: 'act', index: 0 });
    const twice = play(again, [{ ...intended, atMs: 60 }]);
    expect(twice.items[0]).toMatchObject({ state: 'intended', attempts: 2, startedAtMs: 60 });
    expect(play(twice, [settled('not-done', 70)])).toMatchObject({
      state: 'failed',
      because: 'switch kitchen: tried 2 times without effect: seen',
    });
  });

  test('that had not happened is asked about once more before it is tried again', () => {
    const onlyFuse = lampWith({ steps: lampSteps.filter(({ id }) => id !== 'off-each') });
    const plan = play(started(), [looked(1)], onlyFuse);
    const cleared = play(plan, [approved(plan), looked(20), looked(25)], onlyFuse);
    expect(nextOrder(onlyFuse, cleared, 30)).toEqual({ kind: 'act', index: 0 });
    const again = play(cleared, [intended, cutOff, settled('not-done')], onlyFuse);
    expect(nextOrder(onlyFuse, again, 55)).toEqual({ kind: 'look', looks: [bindingsLook] });
  });

  test('that nobody can settle waits for a person', () => {
    const run = play(interrupted(), [settled('unknown')]);
    expect(run).toMatchObject({ state: 'unknown', items: [{ state: 'unknown' }, {}, {}, {}, {}] });
    expect(run.because).toContain('"switch kitchen" may or may not have happened');
    expect(run.endedAtMs).toBeUndefined();
    expect(orderOf(run)).toEqual({ kind: 'wait' });
    expect(progressLines(run)[0]?.state).toBe('unknown');
    expect(play(run, [{ kind: 'cancelled', by: 'U0BOB', atMs: 60 }])).toBe(run);

    const happened = play(run, [ruled('it-happened')]);
    expect(happened).toMatchObject({
      state: 'acting',
      items: [{ state: 'applied' }, { state: 'watching' }, {}, {}, {}],
    });
    expect(happened.because).toBeUndefined();
    const again = play(run, [ruled('do-it-again')]);
    expect(nextOrder(lamp, again, 60)).toEqual({ kind: 'act', index: 0 });
    expect(play(run, [ruled('give-up')])).toMatchObject({
      state: 'failed',
      because: 'switch kitchen: U0BOB gave up.',
      endedAtMs: 60,
    });
  });

  test('is ruled about once for each attempt: an answer about the first says nothing of the second', () => {
    const first = play(interrupted(), [settled('unknown'), ruled('do-it-again')]);
    const second = play(first, [{ ...intended, atMs: 70 }, { ...cutOff, atMs: 80 }, settled('unknown', 90)]);
    expect(second).toMatchObject({ state: 'unknown', items: [{ attempts: 2 }, {}, {}, {}, {}] });
    expect(play(second, [{ ...ruled('do-it-again'), attempt: 1 }])).toBe(second);
    expect(play(second, [{ ...ruled('give-up'), attempt: 2 }])).toMatchObject({ state: 'failed' });
  });

  test('of a step that this version of the book does not know is not done', () => {
    const run = acting();
    const renamed = lampWith({ steps: lampSteps.filter(({ kind }) => kind !== 'each') });
    expect(nextOrder(renamed, run, 20)).toEqual({ kind: 'look', looks: [] });
    expect(play(run, [intended], renamed)).toBe(run);
    expect(play(run, [looked(30)], renamed)).toMatchObject({ state: 'failed' });
  });

  test('a `when` that says stop ends the run: stopped if nothing was done, else failed', () => {
    const unseen = { kind: 'unseen', because: 'timeout' } as const;
    const blind = { [Object.keys(answers)[0] ?? '']: unseen };
    const after = play(acting(), [
      ...act(0, 30),
      looked(40, dark, {}),
      looked(3_040, dark, {}),
      looked(3_100, dark, blind),
    ]);
    expect(after).toMatchObject({ state: 'failed', because: 'Pull the fuse: the fuse box was not seen' });

    const onlyFuse = lampWith({ steps: lampSteps.filter(({ id }) => id !== 'off-each') });
    const plan = play(started(), [looked(1)], onlyFuse);
    const before = play(plan, [approved(plan), looked(20), looked(30, room(), blind)], onlyFuse);
    expect(before).toMatchObject({ state: 'stopped', items: [{ state: 'refused' }, {}, {}] });
  });
});

describe('a verify', () => {
  const watching = (): Run => play(acting(), act(0, 30));

  test('counts looks in a row, and starts over when one does not hold', () => {
    let run = play(watching(), [looked(40, dark, {}), looked(50, room(), {}), looked(60, dark, {})]);
    expect(run.items[1]).toMatchObject({ state: 'watching', held: 1 });
    run = play(run, [looked(70, dark, {})]);
    expect(run.items[1]).toMatchObject({ state: 'held', held: 2 });
  });

  test('a streak that has begun in time may end after it', () => {
    const run = play(watching(), [looked(10_031, dark, {}), looked(13_031, dark, {})]);
    expect(run.items[1]?.state).toBe('held');
  });

  test('within its time a look that does not hold is progress, told with its reason', () => {
    const run = play(watching(), [looked(4_031, room(), {})]);
    expect(run.items[1]).toMatchObject({ state: 'watching', detail: 'kitchen still shines (4 s of 10 s)' });
  });

  test('that fails over its time fails the run', () => {
    const steps = lampSteps.filter(({ id }) => id !== 'fuse' && id !== 'tell');
    const runbook = lampWith({ steps });
    const plan = play(started(), [looked(1)], runbook);
    const inputs = [
      approved(plan),
      looked(20),
      ...act(0, 30),
      looked(40, room(), {}),
      looked(11_000, room(), {}),
    ];
    const last = play(plan, [...inputs, looked(11_100, room(), {}), looked(21_200, room(), {})], runbook);
    expect(last).toMatchObject({ state: 'failed', because: 'All is dark: there is light (after 10 s)' });
  });

  test('a fallback that is not proved afterwards is not called done', () => {
    const runbook = lampWith({
      steps: lampSteps.filter(({ id }) => id !== 'fuse' && id !== 'tell' && id !== 'all-dark'),
    });
    const plan = play(started(), [looked(1)], runbook);
    const run = play(
      plan,
      [approved(plan), looked(20), ...act(0, 30), looked(40, room(), {}), looked(11_000, room(), {})],
      runbook,
    );
    expect(run).toMatchObject({
      state: 'failed',
      because: 'kitchen is dark: kitchen still shines (after 11 s)',
    });
  });

  test('looks again at once when its answers raise a question, and does not judge before', () => {
    const runbook = lampWith({
      steps: lampSteps.map((step) =>
        step.kind === 'verify' && step.id === 'all-dark'
          ? { ...step, looks: ({ now }) => (now.snapshot.queues.rows.length === 0 ? [bindingsLook] : []) }
          : step,
      ),
    });
    const plan = proposed();
    let run = play(plan, [approved(plan), looked(20)], runbook);
    run = play(run, [...act(0, 30), looked(40, dark, {}), looked(50, dark, {}), looked(60, dark)], runbook);
    run = play(run, [{ kind: 'confirmed', index: 3, by: 'U0BOB', atMs: 70 }], runbook);
    expect(orderOf(run)).toEqual({ kind: 'look', looks: [] });
    run = play(run, [looked(80, dark, {})], runbook);
    expect(run.state).toBe('acting');
    expect(nextOrder(runbook, run, 80)).toEqual({ kind: 'look', looks: [bindingsLook] });
    expect(play(run, [looked(90, dark)], runbook).state).toBe('done');
  });

  test('sees the answers from before the first action', () => {
    const seen: unknown[] = [];
    const runbook = lampWith({
      steps: lampSteps.map((step) =>
        step.kind === 'verify'
          ? {
              ...step,
              holds: ({ before, answered }) => {
                seen.push(before, answered);
                return { go: true };
              },
            }
          : step,
      ),
    });
    let run = play(
      acting(),
      [...act(0, 30), looked(40, dark, {}), looked(50, dark, {}), looked(60, dark)],
      runbook,
    );
    run = play(run, [{ kind: 'confirmed', index: 3, by: 'U0BOB', atMs: 70 }, looked(80, dark, {})], runbook);
    expect(run.state).toBe('done');
    expect(seen).toEqual([answers, {}]);
  });
});

describe('a manual step', () => {
  test('waits for a person, and only the current one can be confirmed', () => {
    const run = play(acting(), [...act(0, 30), looked(40, dark, {}), looked(50, dark, {}), looked(60, dark)]);
    expect(orderOf(run)).toEqual({ kind: 'wait' });
    expect(play(run, [{ kind: 'confirmed', index: 4, by: 'U0BOB', atMs: 70 }])).toBe(run);
    expect(play(run, [looked(70)])).toBe(run);
    expect(play(run, [{ kind: 'confirmed', index: 3, by: 'U0BOB', atMs: 70 }]).items[3]).toMatchObject({
      state: 'applied',
      detail: 'done by U0BOB',
      by: 'U0BOB',
      startedAtMs: 60,
      endedAtMs: 70,
    });
  });
});

describe('votes that no longer carry the plan', () => {
  const approvalLost: RunInput = {
    kind: 'approvalLost',
    because: 'Bob has left.',
    voters: ['U0BOB'],
    atMs: 40,
  };

  test('stop it before anything was begun', () => {
    const plan = proposed();
    for (const run of [play(plan, [approved(plan)]), acting()]) {
      expect(play(run, [approvalLost])).toMatchObject({
        state: 'stopped',
        because: 'Bob has left. Nothing was done.',
        endedBy: { kind: 'approval-lost', voters: ['U0BOB'] },
      });
    }
  });

  test('fail it between two actions, with what was done', () => {
    const run = play(acting(), [...act(0, 30), looked(32, dark), looked(33, dark)]);
    expect(play(run, [approvalLost])).toMatchObject({
      state: 'failed',
      because: 'Bob has left. Already done: switch kitchen.',
    });
  });

  test('do not hide what becomes of an action that is under way, nor its proof', () => {
    for (const run of [play(acting(), [intended]), play(acting(), act(0, 30))]) {
      expect(play(run, [approvalLost])).toBe(run);
    }
  });
});

describe('cancelling a run', () => {
  const cancelled: RunInput = { kind: 'cancelled', by: 'U0BOB', atMs: 90 };

  test.each([
    ['a diagnosis', started(), 'U0BOB cancelled it. Nothing was done.'],
    ['a plan', proposed(), 'U0BOB cancelled it. Nothing was done.'],
    ['a check', play(proposed(), [approved(proposed())]), 'U0BOB cancelled it. Nothing was done.'],
    ['before the first action', acting(), 'U0BOB cancelled it. Nothing was done.'],
    [
      'between actions',
      play(acting(), act(0, 30)),
      'U0BOB cancelled it after: switch kitchen. These changes stay in place.',
    ],
  ])('%s ends the run', (_, run, because) => {
    expect(play(run, [cancelled])).toMatchObject({
      ...{ state: 'cancelled', because, endedAtMs: 90, endedBy: { kind: 'cancelled', by: 'U0BOB' } },
    });
  });

  describe('while an action is under way is a wish', () => {
    const wanted = (): Run => play(acting(), [intended, cancelled]);

    test('that is kept with the run, once', () => {
      const run = wanted();
      expect(run).toMatchObject({
        state: 'acting',
        stopWanted: { by: 'U0BOB', atMs: 90 },
        items: [{ state: 'intended' }, {}, {}, {}, {}],
      });
      expect(orderOf(run, 90)).toEqual({ kind: 'settle', index: 0 });
      expect(play(run, [{ ...cancelled, by: 'U0ALICE', atMs: 95 }])).toBe(run);
    });

    test.each<[string, RunInput]>([
      ['its answer', { kind: 'acted', index: 0, outcome: { kind: 'applied', detail: 'click' }, atMs: 100 }],
      ['a look after a crash', settled('done', 100)],
    ])('that is granted as soon as %s tells what came of it', (_, input) => {
      expect(play(wanted(), [input])).toMatchObject({
        state: 'cancelled',
        because: 'U0BOB cancelled it after: switch kitchen. These changes stay in place.',
        endedAtMs: 100,
        items: [{ state: 'applied' }, { state: 'waiting' }, {}, {}, {}],
      });
    });

    test('that does not try again what has not happened', () => {
      expect(play(wanted(), [cutOff, settled('not-done')])).toMatchObject({
        state: 'cancelled',
        because: 'U0BOB cancelled it. Nothing was done.',
        items: [{ state: 'waiting', attempts: 1 }, {}, {}, {}, {}],
      });
    });

    test('that outlasts the question what has happened, whatever the answer', () => {
      const asked = play(wanted(), [cutOff, settled('unknown')]);
      expect(asked).toMatchObject({ state: 'unknown', stopWanted: { by: 'U0BOB' } });
      const ends = (['it-happened', 'do-it-again', 'give-up'] as const).map((ruling) =>
        play(asked, [ruled(ruling)]),
      );
      expect(ends.map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'failed']);
    });

    test('that leaves a failure what it is', () => {
      const refused: RunInput = { ...cutOff, outcome: { kind: 'refused', because: 'in use' } };
      expect(play(wanted(), [refused])).toMatchObject({
        state: 'failed',
        because: 'switch kitchen: in use',
      });
    });
  });
});
