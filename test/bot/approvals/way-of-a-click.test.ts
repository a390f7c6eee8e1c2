import { expect, test } from 'vitest';
import { requestDiagnosis } from '../../../src/bot/approvals/incidents.ts';
import { review } from '../../../src/bot/approvals/plans.ts';
import type { Submission } from '../../../src/bot/approvals/rules/vote.ts';
import { cancel } from '../../../src/bot/approvals/runs.ts';
import { submitVote } from '../../../src/bot/approvals/submit-vote.ts';
import { createTransitions } from '../../../src/bot/approvals/transitions.ts';
import type { BotContext } from '../../../src/bot/context.ts';
import type { Sharing } from '../../../src/bot/ports/people.ts';
import { inChannel } from '../fakes/callers.ts';
import { ALICE, BOB, CAROL, CHANNEL, createWorld, DAVE } from '../fakes/world.ts';

const by = (user: string) => inChannel(user, CHANNEL);
const atTerminal = (user: string) => ({ user, surface: { kind: 'terminal', name: 'cli:somebody' } }) as const;

/** A plan for a node on the table, asked for by Alice; `came` counts what a click asks of the stores and of Slack. */
async function withPlan() {
  const world = createWorld();
  const { context, stores } = world;
  world.setTier('node');
  await world.open();
  const came = { reads: 0, principals: 0, beforeWrite: async () => {} };
  const counted: BotContext = {
    ...context,
    stores: {
      ...stores,
      runs: {
        ...stores.runs,
        get: (id) => {
          came.reads += 1;
          return stores.runs.get(id);
        },
        put: async (...write) => {
          const { beforeWrite } = came;
          came.beforeWrite = async () => {};
          await beforeWrite();
          return stores.runs.put(...write);
        },
      },
    },
  };
  const people = {
    ...context.people,
    principal: (caller: Parameters<typeof context.people.principal>[0]) => {
      came.principals += 1;
      return context.people.principal(caller);
    },
  };
  await requestDiagnosis(createTransitions(context, context.people), 'INC-0412', by(ALICE));
  const run = await world.diagnosed('RUN-0001');
  const yes: Submission = { run: run.id, planHash: run.plan?.hash ?? '', typed: 'prod-a', reason: 'late' };
  return { ...world, came, run, yes, transitions: createTransitions(counted, people) };
}

test('a vote reads the run once, and asks once who it is that clicks', async () => {
  const { transitions, came, yes } = await withPlan();
  expect(await submitVote(transitions, yes, by(BOB))).toMatchObject({ kind: 'recorded', votes: 1 });
  expect(came).toMatchObject({ reads: 1, principals: 1 });
});

test('a vote that another one came before is judged anew beside it, by the same person', async () => {
  const { transitions, came, yes, stores } = await withPlan();
  came.beforeWrite = async () => {
    await submitVote(transitions, yes, by(CAROL));
  };
  expect(await submitVote(transitions, yes, by(BOB))).toMatchObject({
    kind: 'recorded',
    votes: 2,
    isEnough: true,
  });
  // Two of Bob, the first of them too old, and one of Carol.
  expect(came).toMatchObject({ reads: 3, principals: 2 });
  expect(stores.kept.runs.get('RUN-0001')?.votes.map(({ by: who }) => who)).toEqual([CAROL, BOB]);
  expect(stores.kept.audit.slice(-2)).toMatchObject([
    { actor: CAROL, event: 'run.voted', text: expect.stringContaining('1 of 2') },
    { actor: BOB, event: 'run.voted', text: expect.stringContaining('2 of 2') },
  ]);
});

test('a refusal reads nothing more than what it was decided on', async () => {
  const { transitions, came, yes } = await withPlan();
  expect(await submitVote(transitions, yes, by(DAVE))).toMatchObject({ kind: 'errors' });
  expect(came).toMatchObject({ reads: 1, principals: 1 });
  expect(await cancel(transitions, { run: 'RUN-0001' }, by(DAVE))).toMatchObject({ refused: true });
  expect(came).toMatchObject({ reads: 2, principals: 2 });
});

test('what somebody does at a terminal is told with that surface, whether it was taken or refused', async () => {
  const { transitions, yes, stores } = await withPlan();
  await submitVote(transitions, yes, atTerminal(DAVE));
  await submitVote(transitions, yes, atTerminal(BOB));
  await submitVote(transitions, yes, by(CAROL));
  const actor = (user: string) => `cli:somebody (${user})`;
  expect(stores.kept.audit.slice(-3)).toMatchObject([
    { actor: actor(DAVE), event: 'click.refused', surface: 'cli', run: 'RUN-0001' },
    { actor: actor(BOB), event: 'run.voted', surface: 'cli', run: 'RUN-0001' },
    { actor: CAROL, event: 'run.voted', surface: 'slack', run: 'RUN-0001' },
  ]);
});

test.each([
  ['own', undefined],
  ['unknown', /^Slack did not say just now whether this channel is shared/],
] as const)(
  'a plan that is reviewed in a channel of which Slack says “%s” is judged by that channel',
  async (sharing, readOnly) => {
    const { transitions } = await withPlan();
    const surface = {
      kind: 'channel',
      channel: CHANNEL,
      sharing: Promise.resolve<Sharing>(sharing),
    } as const;
    const found = await review(transitions, 'INC-0412', { ...by(BOB), surface });
    expect(found).toMatchObject({ kind: 'plan' });
    const { readOnlyBecause } = found as { readonly readOnlyBecause?: string };
    if (readOnly === undefined) {
      expect(readOnlyBecause).toBeUndefined();
    } else {
      expect(readOnlyBecause).toMatch(readOnly);
    }
  },
);
