import { describe, expect, test } from 'vitest';
import type { Look } from '../../../src/runbooks/index.ts';
import { approved, incident, lampWith, looked, orderOf, play, proposed, room, started } from './toy.ts';

const dark = room({ lamps: [] });
const stopped = { state: 'stopped', endedAtMs: 2 };

describe('a diagnosis', () => {
  test('takes the newest facts, not those of the incident', () => {
    const run = proposed(room({ lamps: ['cellar', 'attic'] }));
    expect(run.facts).toEqual({ lamps: ['cellar', 'attic'] });
    expect(run.plan?.items.filter(({ kind }) => kind === 'act').map(({ title }) => title)).toEqual([
      'switch cellar',
      'switch attic',
      'Pull the fuse',
    ]);
  });

  test('stops when the trouble has healed by itself', () => {
    const run = play(started(), [looked(2, dark)]);
    expect(run).toMatchObject(stopped);
    expect(run.because).toContain(
      'The trouble went away by itself before anything was done: a new sweep no longer finds it.',
    );
  });

  test('does not call a blind sweep healed: it goes on with the old facts', () => {
    const blind = room({ lamps: [], isBlind: true });
    const run = proposed(blind);
    expect(run).toMatchObject({ state: 'proposed', facts: incident.facts });
  });

  test('does not call a sweep with a missing listing healed', () => {
    const { snapshot, ...rest } = dark;
    const partial = {
      ...rest,
      snapshot: { ...snapshot, queues: { rows: [], missing: [{ node: 'b@h', why: 'timeout' }] } },
    };
    expect(play(started(), [looked(1, partial, {})]).state).toBe('diagnosing');
  });

  test('lets the runbook itself say whether a silent detector means that it is over', () => {
    const notYet = lampWith({ isOver: () => ({ go: false, because: 'the bulb still glows' }) });
    expect(play(started(), [looked(2, dark)], notYet).state).toBe('proposed');
    const over = lampWith({ isOver: () => ({ go: true }) });
    expect(play(started(), [looked(2, room({ lamps: [], isBlind: true }))], over)).toMatchObject(stopped);
  });

  test('a decide step that says no stops it with its reason, and the evidence before it is kept', () => {
    expect(play(started(), [looked(2, room({ lamps: ['sun'] }))])).toMatchObject({
      ...stopped,
      because: 'that is the sun',
      evidence: [{ title: 'Lamps', lines: ['sun'] }],
    });
  });

  test('an unseen answer is an answer: it is not asked for ever', () => {
    const unseen = {
      [['bindings', '/', 'kitchen'].join('\u0000')]: { kind: 'unseen', because: 'timeout' },
    } as const;
    expect(play(started(), [looked(2, room(), unseen)])).toMatchObject({
      ...stopped,
      because: 'nobody looked',
    });
  });

  test('answers that raise questions are followed for three rounds, then it decides with what it has', () => {
    const runbook = lampWith({
      steps: [
        {
          kind: 'decide',
          id: 'curious',
          title: () => 'Why?',
          looks: ({ answered }) =>
            Array.from({ length: Object.keys(answered).length + 1 }, (_, index): Look => {
              return { look: 'side', node: `n${index}` };
            }),
          decide: () => ({ go: false, because: 'enough' }),
        },
      ],
    });
    let run = started();
    const asked: (readonly Look[])[] = [];
    for (let atMs = 1; run.state === 'diagnosing'; atMs += 1) {
      const order = orderOf(run);
      if (order?.kind !== 'look') {
        throw new Error('a diagnosis looks');
      }
      asked.push(order.looks);
      const answered = Object.fromEntries(
        order.looks.map((look) => [
          Object.values(look).join('\u0000'),
          { kind: 'unseen', because: 'no' } as const,
        ]),
      );
      run = play(run, [looked(atMs, room(), answered)], runbook);
    }
    expect(asked.map((looks) => looks.map((look) => ('node' in look ? look.node : '')))).toEqual([
      [],
      ['n0'],
      ['n1'],
      ['n2'],
    ]);
    expect(run.because).toBe('enough');
  });

  describe('of signs that contradict each other', () => {
    const doubting = (isDoubtful: (lamps: readonly string[]) => boolean) =>
      lampWith({
        steps: [
          {
            kind: 'decide',
            id: 'is-it-dark',
            title: () => 'Is it dark?',
            looks: () => [{ look: 'side', node: 'cellar' }],
            decide: ({ facts }) =>
              isDoubtful(facts.lamps)
                ? { go: false, because: 'it still glows', againAfterMs: 15_000 }
                : { go: true },
          },
          { kind: 'act', id: 'off', title: () => 'Off', call: () => ({ action: 'switch', args: {} }) },
        ],
      });
    const answer = { [['side', 'cellar'].join('\u0000')]: { kind: 'unseen', because: 'no' } } as const;
    const look = (atMs: number, lamps = ['attic']) => looked(atMs, room({ lamps }), answer);

    test('asks everything again after a while', () => {
      const run = play(
        started(),
        [look(1)],
        doubting(() => true),
      );
      expect(run).toMatchObject({ state: 'diagnosing', againAtMs: 15_001, answered: {} });
      expect(orderOf(run, 1_001)).toEqual({
        kind: 'look',
        looks: [{ look: 'side', node: 'cellar' }],
        afterMs: 14_000,
      });
      expect(orderOf(run, 20_000)).not.toHaveProperty('afterMs');
    });

    test('takes no look before that for an answer', () => {
      const runbook = doubting(() => true);
      const run = play(started(), [look(1)], runbook);
      expect(play(run, [look(15_000)], runbook)).toEqual(run);
    });

    test('believes the second no', () => {
      expect(
        play(
          started(),
          [look(1), look(15_001)],
          doubting(() => true),
        ),
      ).toMatchObject({
        state: 'stopped',
        because: 'it still glows',
      });
    });

    test('goes on where the sign was an old one', () => {
      const runbook = doubting((lamps) => lamps.includes('cellar'));
      expect(play(started(), [look(1, ['cellar']), look(15_001)], runbook).state).toBe('proposed');
    });

    test('and doubts anew in the check after the approval', () => {
      const runbook = doubting((lamps) => lamps.includes('cellar'));
      const plan = play(started(), [look(1, ['cellar']), look(15_001)], runbook);
      const checking = play(plan, [approved(plan)], runbook);
      expect(checking).not.toHaveProperty('againAtMs');
      const doubted = play(checking, [look(17_000, ['cellar'])], runbook);
      expect(doubted).toMatchObject({ state: 'checking', againAtMs: 32_000 });
      expect(play(doubted, [look(32_000, ['cellar'])], runbook)).toMatchObject({
        state: 'stopped',
        because: 'it still glows',
      });
    });
  });

  test('a runbook that only explains stops with its explanation', () => {
    const runbook = lampWith({
      steps: [
        {
          kind: 'decide',
          id: 'why',
          title: () => '',
          decide: () => ({ go: true, because: 'wait for dawn' }),
        },
      ],
    });
    expect(play(started(), [looked(2)], runbook)).toMatchObject({ ...stopped, because: 'wait for dawn' });
  });

  test('a plan of checks alone is no plan', () => {
    const runbook = lampWith({
      steps: [
        { kind: 'act', id: 'off', title: () => '', call: () => undefined },
        { kind: 'verify', id: 'dark', title: () => '', withinMs: 1, holds: () => ({ go: true }) },
      ],
    });
    expect(play(started(), [looked(2)], runbook)).toMatchObject({
      ...stopped,
      because: 'There is nothing to do.',
    });
  });

  test('manual work alone still needs one yes', () => {
    const runbook = lampWith({
      steps: [{ kind: 'manual', id: 'pray', title: () => 'Pray', instructions: () => [] }],
    });
    expect(play(started(), [looked(2)], runbook).plan?.tier).toBe('reversible');
  });

  test('facts of another version of the runbook fail the run instead of being trusted', () => {
    const run = play({ ...started(), facts: { lamp: 'kitchen' } }, [
      looked(2, room({ lamps: [], isBlind: true })),
    ]);
    expect(run.state).toBe('failed');
    expect(run.because).toContain('do not fit');
  });

  test('a step that throws fails the run and tells the message', () => {
    const runbook = lampWith({
      lost: () => {
        throw new Error('no such lamp');
      },
    });
    const run = play(started(), [looked(1), looked(2)], runbook);
    expect(run).toMatchObject({
      state: 'failed',
      because: 'The runbook "Lamp left on" has a fault: no such lamp',
    });
  });
});
