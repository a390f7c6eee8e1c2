import { describe, expect, test } from 'vitest';
import { runRecordOf } from '../../../src/bot/record/run-record.ts';
import type { Item, Run } from '../../../src/runbooks/index.ts';

const acting: Run = {
  ...{ id: 'RUN-0001', incident: 'INC-0001', cluster: 'prod', runbook: 'node-down', key: 'k', subject: 's' },
  ...{ facts: {}, state: 'acting', requestedBy: 'U0BOB', startedAtMs: 1, version: 3 },
  ...{ evidence: [], answered: {}, before: {}, choices: [], votes: [], items: [{ state: 'waiting' }] },
};
const withItem = (item: Item, change: Partial<Run> = {}): Run => ({ ...acting, ...change, items: [item] });

describe('the record of a run names people by a field', () => {
  const peopleIn = (after: Run) => {
    const { audit, timeline } = runRecordOf(acting, after, 9);
    return {
      audit: audit.map(({ event, people }) => [event, people]),
      timeline: timeline.map(({ people }) => people),
    };
  };

  test('where somebody did a step by hand', () => {
    expect(peopleIn(withItem({ state: 'applied', detail: 'done by U0EVE', by: 'U0EVE' }))).toEqual({
      audit: [['run.item.applied', ['U0EVE']]],
      timeline: [],
    });
  });

  test('where somebody ended it, in the audit and in the thread', () => {
    const change: Partial<Run> = {
      state: 'cancelled',
      because: 'U0EVE cancelled it. Nothing was done.',
      endedBy: { kind: 'cancelled', by: 'U0EVE' },
    };
    expect(peopleIn({ ...acting, ...change })).toEqual({
      audit: [['run.cancelled', ['U0EVE']]],
      timeline: [['U0EVE']],
    });
  });

  test('and by none where no person had to do with it, whatever the text looks like', () => {
    const change: Partial<Run> = { state: 'failed', because: 'U0EVE', endedBy: { kind: 'check-failed' } };
    expect(peopleIn(withItem({ state: 'failed', detail: 'U0EVE is a host' }, change))).toEqual({
      audit: [
        ['run.item.failed', undefined],
        ['run.failed', undefined],
      ],
      timeline: [undefined],
    });
  });
});
