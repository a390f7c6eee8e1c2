import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { type Caller, channelSurface } from '../../src/bot/approvals/rules/caller.ts';
import { submitVote, type Voted } from '../../src/bot/approvals/submit-vote.ts';
import { createTransitions, type Transitions } from '../../src/bot/approvals/transitions.ts';
import type { PeopleConfig } from '../../src/bot/config/config.ts';
import type { BotContext } from '../../src/bot/context.ts';
import { resumeRun } from '../../src/bot/jobs/run.ts';
import type { BoundActions, Run, Tier } from '../../src/runbooks/index.ts';
import { inChannel } from '../bot/fakes/callers.ts';
import { type FakeSlack, fakeSlack, person } from '../bot/fakes/slack.ts';
import { askForRun, buildHouse, contextOf, type House } from '../bot/jobs/stage.ts';

export const ALICE = 'U0ALICE';
export const BOB = 'U0BOB';
export const CAROL = 'U0CAROL';
/** Asked for the run, and is an approver too. */
export const DAVE = 'U0DAVE';
export const EVE = 'U0EVE';

/** The toy cluster with the real desk, the real runner and a real Redis, in as many replicas as are wanted. */
export interface Scene {
  readonly house: House;
  readonly slack: FakeSlack;
  readonly prefix: string;
  /** Another process of the same installation: its own desk and runner. */
  replica(): Replica;
}

export interface Replica {
  readonly context: BotContext;
  readonly transitions: Transitions;
  /** Asks for a run, as Dave, and carries it to its plan. */
  propose(): Promise<Run>;
  vote(user: string, run: Run, change?: { readonly glass?: string }): Promise<Voted>;
  /** Carries the run until it waits for people or has ended. */
  carry(id?: string): Promise<Run>;
}

export function createScene(
  redis: Redis,
  options: {
    readonly tier?: Tier;
    readonly lamps?: readonly string[];
    readonly people?: Partial<PeopleConfig>;
    readonly prefix?: string;
  } = {},
): Scene {
  const { tier = 'destructive', lamps = ['kitchen'], prefix = `safety-${randomUUID()}` } = options;
  const house = buildHouse();
  house.lamps = [...lamps];
  // The two looks at what is deleted follow each other at once: no test waits half a minute.
  const { observe } = house;
  house.observe = async () => {
    const seen = await observe();
    const detection = { ...seen.settings.detection, looksApartMs: 0 };
    return { ...seen, settings: { ...seen.settings, detection } };
  };
  const slack = fakeSlack();
  for (const id of [ALICE, BOB, CAROL, DAVE, EVE]) {
    slack.persons.set(id, person(id, id));
  }
  slack.groups.set('S0ONCALL', [ALICE, BOB, DAVE]);
  const describe: BoundActions['describe'] = ({ action, args }) => ({
    text: `${action} ${String(args['lamp'])}`,
    tier,
    ...(tier === 'destructive'
      ? { deletes: { vhost: '/', name: String(args['lamp']), messages: Number(args['maxReady'] ?? 0) } }
      : {}),
  });
  const people = {
    approvers: ['S0ONCALL'],
    adminApprovers: [CAROL],
    onCall: ['S0ONCALL'],
    ...options.people,
  };

  const replica = (): Replica => {
    const context = contextOf({ redis, house, prefix, slack, describe, people });
    const transitions = createTransitions(context, context.people);
    const runOf = async (id: string): Promise<Run> => {
      const run = await context.stores.runs.get(id);
      if (run === undefined) {
        throw new Error(`no run ${id}`);
      }
      return run;
    };
    const carry = async (id = 'RUN-0001'): Promise<Run> => {
      for (let passage = 0; passage < 200; passage += 1) {
        await resumeRun(context, id, { pauseServed: true });
        const run = await runOf(id);
        if (!['diagnosing', 'checking', 'acting'].includes(run.state)) {
          return run;
        }
      }
      return await runOf(id);
    };
    return {
      context,
      transitions,
      carry,
      async propose() {
        const { id } = await askForRun(context);
        return await carry(id);
      },
      vote: (user, run, { glass = '' } = {}) =>
        submitVote(
          transitions,
          {
            run: run.id,
            planHash: run.plan?.hash ?? '',
            typed: run.plan?.toll === undefined ? 'house' : String(run.plan.toll.messages),
            reason: 'it is late',
            glass,
          },
          callerOf(user, { context }),
        ),
    };
  };
  return { house, slack, prefix, replica };
}

/** Somebody at a button; a replica asks its Slack who reads the channel. */
export const callerOf = (user: string, replica?: Pick<Replica, 'context'>): Caller => ({
  ...inChannel(user, 'C0ALERTS'),
  ...(replica === undefined ? {} : { surface: channelSurface(replica.context.people, 'C0ALERTS') }),
});

/** What a vote came to, in a word or in the words that the person reads. */
export const said = (voted: Voted): string =>
  voted.kind === 'errors' ? (voted.reason ?? voted.typed ?? voted.glass ?? 'errors') : voted.kind;
