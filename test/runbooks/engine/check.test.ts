import { describe, expect, test } from 'vitest';
import type { Observation, Run, Runbook } from '../../../src/runbooks/index.ts';
import { advance } from '../../../src/runbooks/index.ts';
import {
  act,
  acting,
  approved,
  lamp,
  lampSteps,
  lampWith,
  looked,
  play,
  proposed,
  room,
  tools,
} from './toy.ts';

/** Approves what is seen first and checks on what is seen then. */
function checkOn(now: Observation, runbook: Runbook = lamp, before: Observation = room()): Run {
  const plan = proposed(before);
  return play(plan, [approved(plan), looked(20, now)], runbook);
}

describe('the check after the approval', () => {
  test('goes on with exactly the approved plan', () => {
    const plan = proposed();
    const run = checkOn(room());
    expect(run.state).toBe('acting');
    expect(run.plan).toEqual(plan.plan);
    expect(run.items).toHaveLength(plan.plan?.items.length ?? -1);
  });

  const changes: readonly (readonly [string, Observation, Runbook, string, string])[] = [
    [
      'another target',
      room({ lamps: ['attic'] }),
      lamp,
      'superseded',
      '"switch kitchen" has become "switch attic"',
    ],
    [
      'one target more',
      room({ lamps: ['kitchen', 'attic'] }),
      lamp,
      'superseded',
      '"switch attic" was added',
    ],
    ['a decide step that says no', room({ lamps: ['kitchen', 'sun'] }), lamp, 'stopped', 'that is the sun'],
    [
      'nothing to repair',
      room({ lamps: [] }),
      lamp,
      'stopped',
      'The trouble went away by itself before anything was done: a new sweep no longer finds it.',
    ],
    ['a loss that has grown beyond measure', room({ ready: 111 }), lamp, 'superseded', 'more would be lost'],
    ['a way that is gone', room(), lampWith({ choices: () => [] }), 'superseded', 'is no longer offered'],
    ['no step left', room(), lampWith({ steps: lampSteps.slice(0, 2) }), 'superseded', 'nothing is left'],
    [
      'fewer steps',
      room(),
      lampWith({ steps: lampSteps.slice(0, 4) }),
      'superseded',
      '"Tell the landlord" is no longer',
    ],
  ];
  test.each(changes)('ends the run on %s', (_, now, runbook, state, because) => {
    const run = checkOn(now, runbook);
    expect(run.state).toBe(state);
    expect(run.because).toContain(because);
    expect(run.endedAtMs).toBe(20);
    expect(run.items).toEqual([]);
  });

  test('notices that the configuration would run another command', () => {
    const plan = proposed();
    const checking = play(plan, [approved(plan)]);
    const rewired = { ...tools, describe: () => ({ text: 'rm', tier: 'node' }) as const };
    const run = advance(lamp, checking, looked(20), rewired);
    expect(run).toMatchObject({ state: 'superseded' });
    expect(run.because).toContain('another command would run for "switch kitchen"');
  });

  const counts: readonly (readonly [number, number, string])[] = [
    [10, 0, 'acting'],
    [10, 110, 'acting'],
    [10, 111, 'superseded'],
    [36_496, 38_320, 'acting'],
    [36_496, 38_321, 'superseded'],
  ];
  test.each(counts)('lets %d messages become %d: %s', (before, after, state) => {
    expect(checkOn(room({ ready: after }), lamp, room({ ready: before })).state).toBe(state);
  });

  test('does not mind in which order a sweep lists the same targets', () => {
    const before = room({ lamps: ['kitchen', 'attic'] });
    const run = checkOn(room({ lamps: ['attic', 'kitchen'] }), lamp, before);
    expect(run.state).toBe('acting');
    expect(run.plan?.items[0]?.title).toBe('switch kitchen');
  });

  test('minds how often a target is named', () => {
    const before = room({ lamps: ['kitchen', 'attic'] });
    expect(checkOn(room({ lamps: ['kitchen', 'kitchen'] }), lamp, before).state).toBe('superseded');
  });

  const lines: readonly (readonly [string, string, string])[] = [
    ['3 queues exist only there', '2 queues exist only there', 'acting'],
    ['3 queues exist only there', '8 queues exist only there', 'acting'],
    ['3 queues exist only there', '9 queues exist only there', 'superseded'],
    ['1 queue exists only there: a', '2 queues exist only there: a, b', 'acting'],
    [
      '2 queues only there, with 7 messages: a, b',
      '3 queues only there, with 107 messages: a, b and 1 more',
      'acting',
    ],
    [
      '2 queues only there, with 7 messages: a, b',
      '2 queues only there, with 108 messages: a, b',
      'superseded',
    ],
    ['nothing', '5 queues exist only there', 'acting'],
    ['nothing', '6 queues exist only there', 'superseded'],
    ['nothing', '100 messages', 'acting'],
    ['nothing', '101 messages', 'superseded'],
    ['nothing', 'take everything there as lost', 'superseded'],
    ['queue fanout_1', 'queue fanout_2', 'superseded'],
    ['node 10.3.0.44:5672', 'node 10.3.0.45:5672', 'superseded'],
    ['queue "7"', 'queue "8"', 'superseded'],
    ['about 12,000 ready messages in a', 'about 12,600 ready messages in a', 'acting'],
    ['about 12,000 ready messages in a', 'about 12,601 ready messages in a', 'superseded'],
    ['about 12,000 ready messages in a', 'about 12,000 ready messages in b', 'superseded'],
  ];
  test.each(lines)('an approved loss "%s" and now "%s": %s', (was, is, state) => {
    const before = lampWith({ lost: () => [was] });
    const after = lampWith({ lost: () => [is] });
    const { plan: _, ...bare } = proposed();
    const plan = play({ ...bare, state: 'diagnosing', votes: [] }, [looked(3)], before);
    expect(play(plan, [approved(plan), looked(20)], after).state).toBe(state);
  });

  test('keeps the approved limits when a limit would be another one now', () => {
    const doubled = lampWith({
      steps: lampSteps.map((step) =>
        step.kind === 'each'
          ? {
              ...step,
              steps: step.steps.map((inner) =>
                inner.kind === 'act'
                  ? {
                      ...inner,
                      call: () => ({
                        action: 'lamp.off',
                        args: { lamp: 'kitchen', with: 'switch', maxReady: 200 },
                      }),
                    }
                  : inner,
              ),
            }
          : step,
      ),
    });
    const run = checkOn(room(), doubled);
    expect(run.state).toBe('acting');
    expect(run.plan?.items[0]).toMatchObject({ call: { args: { maxReady: 100 } } });
  });

  test('asks again when the bot was away for longer than a plan lives', () => {
    const plan = proposed();
    const run = play(plan, [approved(plan), looked(600_002)]);
    expect(run).toMatchObject({ state: 'expired', items: [] });
  });

  test('answers of the diagnosis do not count for the check', () => {
    const plan = proposed();
    const run = play(plan, [approved(plan), looked(20, room(), {})]);
    expect(run.state, 'the question is asked again').toBe('checking');
  });

  test('overtaken does not stop what has begun: its own checks judge', () => {
    const run = acting();
    expect(play(run, [{ kind: 'overtaken', because: 'gone', atMs: 30 }])).toBe(run);
    expect(play(run, act(0, 30)).items[0]?.state).toBe('applied');
  });
});
