import { describe, expect, inject, test } from 'vitest';
import { combinationsOf } from './combinations.ts';
import { runFunctionalTests } from './functional/run.ts';

const pythons = inject('pythons');
const brokers = inject('brokers');
// The older with the older, the newer with the newer.
const combinations = combinationsOf(pythons, brokers).filter(
  ({ python, broker }) => pythons.indexOf(python) === brokers.indexOf(broker),
);
const runs = combinations.flatMap((combination) =>
  (['server', 'client'] as const).map((replaced) => ({ name: combination.name, combination, replaced })),
);

describe.concurrent("oslo.messaging's own functional tests", () => {
  test.each(runs)('pass with our $replaced: $name', async ({ name, combination, replaced }) => {
    const outcomes = await runFunctionalTests(combination, replaced);
    const passed = outcomes.filter(({ status }) => status === 'success');
    console.log(`${name}, our ${replaced}: ${passed.length} of ${outcomes.length} of their tests pass`);
    expect(outcomes.filter(({ status }) => status !== 'success')).toEqual([]);
    expect(outcomes.length).toBe(20);
  });
});
