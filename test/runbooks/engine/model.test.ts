import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Run, RunInput } from '../../../src/runbooks/index.ts';
import { advance, isActive, nextOrder } from '../../../src/runbooks/index.ts';
import { answers, hashOf, lamp, room, started, tools } from './toy.ts';

/*
 * Whatever comes, in whatever order: clicks, outcomes that were never asked for, clocks that jump, sweeps that see
 * something else. The model knows only what was fed in; the properties are those that people rely on.
 */

const kinds = [
  'looked',
  'chose',
  'voted',
  'intended',
  'acted',
  'settled',
  'confirmed',
  'ruled',
  'cancelled',
  'overtaken',
  'approvalLost',
  'waited',
  'ticked',
] as const satisfies readonly RunInput['kind'][];

interface Move {
  /** Does what the run asks for, mostly; else an input from nowhere. */
  readonly isObedient: boolean;
  readonly kind: (typeof kinds)[number];
  readonly index: number;
  readonly luck: number;
  readonly afterMs: number;
  /** What a look sees instead of the truth, if it does. */
  readonly mirage: readonly string[] | undefined;
  readonly isBlind: boolean;
  readonly hasAnswers: boolean;
  readonly by: string;
}

const mostly = <Value>(usual: Value, weight: number, unusual: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: unusual });

const move: fc.Arbitrary<Move> = fc.record({
  isObedient: mostly(true, 12, fc.constant(false)),
  kind: fc.constantFrom(...kinds),
  index: fc.integer({ min: -1, max: 7 }),
  luck: fc.nat(9),
  afterMs: mostly(1_000, 20, fc.nat(400_000)),
  mirage: mostly<Move['mirage']>(
    undefined,
    15,
    fc.constantFrom([], ['kitchen'], ['kitchen', 'attic'], ['attic'], ['sun']),
  ),
  isBlind: mostly(false, 15, fc.constant(true)),
  hasAnswers: mostly(true, 15, fc.constant(false)),
  by: fc.constantFrom('U0ALICE', 'U0BOB'),
});

function inputOf(run: Run, made: Move, nowMs: number): RunInput {
  const order = nextOrder(lamp, run, nowMs);
  if (!made.isObedient || order === undefined) {
    return input(run, made.kind, made, made.index, nowMs);
  }
  switch (order.kind) {
    case 'look':
      return input(run, 'looked', made, made.index, nowMs);
    case 'act':
      return input(run, 'intended', made, order.index, nowMs);
    case 'settle':
      if (made.luck === 9) {
        return input(run, 'cancelled', made, order.index, nowMs);
      }
      return input(run, made.luck < 6 ? 'acted' : 'settled', made, order.index, nowMs);
    case 'wait': {
      const waiting = run.items.findIndex(({ state }) => state === 'waiting' || state === 'unknown');
      if (run.state === 'proposed') {
        return input(run, 'voted', made, 0, nowMs);
      }
      return input(run, run.state === 'unknown' ? 'ruled' : 'confirmed', made, waiting, nowMs);
    }
  }
}

function input(run: Run, kind: RunInput['kind'], made: Move, index: number, atMs: number): RunInput {
  const { luck, by } = made;
  const now = room({ lamps: made.mirage ?? lampsOf(run), isBlind: made.isBlind });
  switch (kind) {
    case 'looked':
      return { kind, now, answered: made.hasAnswers ? answers : {}, atMs };
    case 'chose':
      return { kind, choice: luck < 4 ? 'hammer' : luck < 7 ? 'switch' : 'prayer', now, by, atMs };
    case 'voted': {
      const planHash = luck < 8 ? hashOf(run) : 'another hash';
      return { kind, vote: { by, planHash, reason: '', atMs }, isEnough: luck % 2 === 0 };
    }
    case 'intended':
      return { kind, index, atMs };
    case 'acted': {
      const outcomes = ['applied', 'refused', 'unknown'] as const;
      const outcome = outcomes[luck < 7 ? 0 : luck - 7] ?? 'applied';
      return {
        kind,
        index,
        atMs,
        outcome: outcome === 'applied' ? { kind: outcome, detail: '' } : { kind: outcome, because: '' },
      };
    }
    case 'settled':
      return {
        kind,
        index,
        atMs,
        settled: { kind: (['done', 'not-done', 'unknown'] as const)[luck % 3] ?? 'done', because: '' },
      };
    case 'confirmed':
      return { kind, index, by, atMs };
    case 'ruled':
      return {
        kind,
        index,
        by,
        atMs,
        ruling: (['it-happened', 'do-it-again', 'give-up'] as const)[luck % 3] ?? 'give-up',
      };
    case 'cancelled':
      return { kind, by, atMs };
    case 'overtaken':
      return { kind, because: 'something else', atMs };
    case 'approvalLost':
      return { kind, because: 'something else', voters: [by], atMs };
    case 'waited':
    case 'ticked':
      return { kind, atMs };
  }
}

/** The truth: a lamp shines until something was done to it; on some nights its switch is broken. */
const lampsOf = (run: Run): readonly string[] => {
  const isBroken = (run.items[0]?.startedAtMs ?? 0) % 3 === 0;
  const hasActed = run.items.some(({ state }, index) => state === 'applied' && (index > 0 || !isBroken));
  return hasActed ? [] : ['kitchen'];
};

interface Transition {
  readonly before: Run;
  readonly input: RunInput;
  readonly after: Run;
}

/** Plays the moves; time only goes forward. */
function transitions(moves: readonly Move[]): readonly Transition[] {
  const history: Transition[] = [];
  let run = started();
  let nowMs = 0;
  for (const made of moves) {
    nowMs += made.afterMs;
    const given = inputOf(run, made, nowMs);
    const after = advance(lamp, run, given, tools);
    history.push({ before: run, input: given, after });
    run = after;
  }
  return history;
}

const story = fc.array(move, { minLength: 1, maxLength: 60, size: 'max' });
const runs = { numRuns: 1_000 };

/** The moment of execution: the item has become `intended`, so the caller acts. */
const executionsIn = (history: readonly Transition[]) =>
  history.flatMap(({ before, input: given, after }, at) =>
    given.kind === 'intended' && after !== before ? [{ at, index: given.index, run: after }] : [],
  );

// A thousand stories take their time on a busy machine.
describe('whatever comes', { timeout: 60_000 }, () => {
  test('nothing is executed without enough votes for exactly that plan, given in time', () => {
    fc.assert(
      fc.property(story, (moves) => {
        const history = transitions(moves);
        for (const { at, index, run } of executionsIn(history)) {
          const { plan } = run;
          const enough = history.slice(0, at).some(({ input: given, before }) => {
            if (given.kind !== 'voted' || !given.isEnough) {
              return false;
            }
            return given.vote.planHash === plan?.hash && given.vote.atMs < (before.plan?.expiresAtMs ?? 0);
          });
          expect(enough).toBe(true);
          expect(plan?.items[index]?.kind).toBe('act');
          expect(run.votes.every(({ planHash }) => planHash === plan?.hash)).toBe(true);
        }
      }),
      runs,
    );
  });

  test('nothing is executed twice unless it was seen not to have happened, or a person said so', () => {
    fc.assert(
      fc.property(story, (moves) => {
        const history = transitions(moves);
        const executions = executionsIn(history);
        for (const [nth, { at, index }] of executions.entries()) {
          const earlier = executions.slice(0, nth).findLast((other) => other.index === index);
          if (earlier === undefined) {
            continue;
          }
          const isExcused = history.slice(earlier.at, at).some(({ input: given }) => {
            if (given.kind === 'settled') {
              return given.index === index && given.settled.kind === 'not-done';
            }
            return given.kind === 'ruled' && given.index === index && given.ruling === 'do-it-again';
          });
          expect(isExcused).toBe(true);
        }
      }),
      runs,
    );
  });

  test('items are executed in the order of the plan', () => {
    fc.assert(
      fc.property(story, (moves) => {
        for (const { run, index } of executionsIn(transitions(moves))) {
          const finished = ['applied', 'skipped', 'held', 'failed'];
          expect(run.items.slice(0, index).every(({ state }) => finished.includes(state))).toBe(true);
          expect(run.items.slice(index + 1).every(({ state }) => state === 'waiting')).toBe(true);
        }
      }),
      runs,
    );
  });

  test('after somebody wants it to stop no further action begins, and it ends once it is known what came of the last', () => {
    fc.assert(
      fc.property(story, (moves) => {
        const history = transitions(moves);
        const at = history.findIndex(
          ({ before, input: given }) => given.kind === 'cancelled' && before.state !== 'unknown',
        );
        if (at < 0) {
          return;
        }
        expect(executionsIn(history).every((execution) => execution.at < at)).toBe(true);
        for (const { after } of history.slice(at)) {
          if (isActive(after)) {
            expect(after.items.some(({ state }) => state === 'intended' || state === 'unknown')).toBe(true);
          }
        }
      }),
      runs,
    );
  });

  test('what has ended stays as it is, with its time and reason; what has not ended wants something', () => {
    fc.assert(
      fc.property(story, (moves) => {
        for (const { before, after } of transitions(moves)) {
          if (!isActive(before)) {
            expect(after).toBe(before);
          }
          expect(nextOrder(lamp, after, 0) === undefined).toBe(!isActive(after));
          expect(after.endedAtMs !== undefined).toBe(!isActive(after));
          if (!isActive(after)) {
            expect(after.because).toMatch(/\S/);
          }
        }
      }),
      runs,
    );
  });

  test('a run is plain data: read back from storage it goes on in the same way, one version a change', () => {
    fc.assert(
      fc.property(story, (moves) => {
        for (const { before, input: given, after } of transitions(moves)) {
          const stored: Run = JSON.parse(JSON.stringify(before));
          expect(stored).toEqual(before);
          expect(advance(lamp, stored, given, tools)).toEqual(after);
          expect(after.version).toBe(after === before ? before.version : before.version + 1);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('done means that every item is finished and that the last check held', () => {
    fc.assert(
      fc.property(story, (moves) => {
        const last = transitions(moves).at(-1)?.after;
        if (last?.state !== 'done') {
          return;
        }
        expect(last.items.at(-1)?.state).toBe('held');
        expect(
          last.items.every(({ state }) => ['applied', 'skipped', 'held', 'failed'].includes(state)),
        ).toBe(true);
      }),
      runs,
    );
  });

  test('the stories reach what the properties are about', () => {
    const histories = fc.sample(story, { numRuns: 1_000, seed: 7 }).map(transitions);
    const count = (isOne: (history: readonly Transition[]) => boolean): number =>
      histories.filter(isOne).length;
    const endsAs = (state: Run['state']): number => count((history) => history.at(-1)?.after.state === state);
    const reached = {
      done: endsAs('done'),
      failed: endsAs('failed'),
      stopped: endsAs('stopped'),
      superseded: endsAs('superseded'),
      expired: endsAs('expired'),
      cancelled: endsAs('cancelled'),
      executed: count((history) => executionsIn(history).length > 0),
      repeated: count((history) => executionsIn(history).filter(({ index }) => index === 0).length > 1),
      fallbacks: count((history) => executionsIn(history).some(({ index }) => index === 2)),
      held: count((history) =>
        history.some(({ after }) => isActive(after) && after.stopWanted !== undefined),
      ),
      heldToItsEnd: count((history) => {
        const last = history.at(-1)?.after;
        return last?.state === 'cancelled' && last.stopWanted !== undefined;
      }),
      asked: count((history) => history.some(({ after }) => after.state === 'unknown')),
    };
    for (const [what, times] of Object.entries(reached)) {
      expect(times, what).toBeGreaterThan(10);
    }
  });
});
