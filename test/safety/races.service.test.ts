import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { vote } from '../../src/bot/desk/vote.ts';
import type { Run } from '../../src/runbooks/index.ts';
import { person } from '../bot/fakes/slack.ts';
import { clickOf, createScene } from './scene.ts';

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => {
  redis.disconnect();
});

const people = Array.from({ length: 20 }, (_, index) => `U0PERSON${index}`);
/** The first twelve may approve. */
const entitled = people.slice(0, 12);

test('twenty people press five times each on ten plans through three replicas: exactly the entitled votes count', async () => {
  const scene = createScene(redis, { tier: 'node', people: { approvers: ['S0MANY'], approvals: tiers(10) } });
  for (const id of people) scene.slack.persons.set(id, person(id, id));
  scene.slack.groups.set('S0MANY', entitled);
  const replicas = [scene.replica(), scene.replica(), scene.replica()];
  const [first] = replicas;
  const proposed = await first?.propose();
  if (proposed === undefined || first === undefined) throw new Error('no plan');
  const { runs } = first.context.stores;
  const plans: readonly Run[] = await Promise.all(
    Array.from({ length: 10 }, async (_, index) => {
      const run = { ...proposed, id: `RUN-${1_000 + index}` };
      await runs.put(run, 0, { atMs: 0, actor: 'test', event: 'test', text: '' });
      return run;
    }),
  );

  // The last of the buttons is one of a plan that nobody sees any more.
  const presses = people.flatMap((user) =>
    plans.flatMap((run) => [0, 1, 2, 3, 4].map((button) => ({ user, run, button }))),
  );
  const answers = await Promise.all(
    presses.map(async ({ user, run, button }, index) => {
      const replica = replicas[index % replicas.length] ?? first;
      const planHash = button === 4 ? 'f'.repeat(64) : (run.plan?.hash ?? '');
      const submission = { run: run.id, planHash, typed: 'house', reason: 'race' };
      return { user, run: run.id, voted: await vote(replica.counter, submission, clickOf(user)) };
    }),
  );
  expect(answers).toHaveLength(1_000);
  for (const { id } of plans) {
    const run = await runs.get(id);
    const counted = run?.votes.map(({ by }) => by) ?? [];
    expect(new Set(counted).size).toBe(counted.length);
    expect(counted.filter((by) => !entitled.includes(by))).toEqual([]);
    const recorded = answers.filter((answer) => answer.run === id && answer.voted.kind === 'recorded');
    // What was told to people and what is stored are the same.
    expect(recorded.map(({ user }) => user).toSorted()).toEqual(counted.toSorted());
    expect(counted).toHaveLength(10);
    expect(run?.state).toBe('checking');
  }
  const audit = await first.context.stores.audit.read({ limit: 5_000 });
  expect(audit.filter(({ event }) => event === 'run.voted')).toHaveLength(100);
}, 120_000);

const tiers = (node: number) => ({ read: 0, reversible: 1, destructive: 1, node, mass: 2 });
