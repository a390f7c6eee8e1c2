import fc from 'fast-check';
import { expect, test } from 'vitest';
import { haltRepairs, resumeRepairs } from '../../src/bot/approvals/halts.ts';
import { requestDiagnosis } from '../../src/bot/approvals/incidents.ts';
import { choose } from '../../src/bot/approvals/plans.ts';
import { cancel } from '../../src/bot/approvals/runs.ts';
import { submitVote } from '../../src/bot/approvals/submit-vote.ts';
import { createTransitions, type Transitions } from '../../src/bot/approvals/transitions.ts';
import type { BotContext, ClusterHandle } from '../../src/bot/context.ts';
import { resumeRun } from '../../src/bot/jobs/run.ts';
import type { Run, Tier } from '../../src/runbooks/index.ts';
import { byCommand, inChannel } from '../bot/fakes/callers.ts';
import { ALICE, BOB, CAROL, CHANNEL, createWorld, DAVE, type World } from '../bot/fakes/world.ts';

/*
 * The real desk and the real runner, over stores in memory, against a model that knows nothing but who is what and what
 * each tier wants. Whatever comes, in whatever order: nothing is executed that the model does not find carried.
 */

const people = [ALICE, BOB, CAROL, DAVE] as const;
type Person = (typeof people)[number];

interface Seen {
  readonly by: Person;
  readonly hash: string;
  readonly glass: boolean;
}

/** What somebody who watched the clicks knows. */
interface Model {
  readonly tier: Tier;
  approvers: ReadonlySet<Person>;
  requestedBy: Person | undefined;
  votes: Seen[];
  isHalted: boolean;
  /** Who presses "Stop after this step" while the next action runs. */
  stopsNext: Person | undefined;
  /** Runs of which a stop was taken: nothing more of them may begin. */
  readonly stopped: Set<string>;
}

interface Real {
  readonly world: World;
  readonly transitions: Transitions;
  readonly context: BotContext;
  readonly executed: { readonly carried: boolean; readonly why: string }[];
}

/** The tiers' table, written down once more and in other words. */
function isApproved({ tier, votes, approvers, requestedBy }: Model, hash: string): boolean {
  const cast = votes.filter((one) => one.hash === hash && (approvers.has(one.by) || one.by === CAROL));
  const yes = new Set(cast.map(({ by }) => by));
  const others = new Set([...yes].filter((by) => by !== requestedBy));
  switch (tier) {
    case 'read':
      return true;
    case 'reversible':
      return yes.size >= 1;
    case 'destructive':
      return others.size >= 1;
    case 'node':
      return yes.size >= 2 || cast.some(({ by, glass }) => glass && approvers.has(by));
    case 'mass':
      return others.size >= 2 && others.has(CAROL);
  }
}

const callerOf = (user: string) => inChannel(user, CHANNEL);

const current = async ({ context }: Real): Promise<Run | undefined> => {
  const incident = await context.stores.incidents.get('INC-0412');
  return incident?.run === undefined ? undefined : await context.stores.runs.get(incident.run);
};

type Step = fc.AsyncCommand<Model, Real>;

const step = (name: string, run: (model: Model, real: Real) => Promise<void>): Step => ({
  check: () => true,
  run,
  toString: () => name,
});

const asks = (by: Person): Step =>
  step(`${by} asks`, async (model, real) => {
    const found = await requestDiagnosis(real.transitions, 'INC-0412', callerOf(by));
    if (found.kind === 'running' && found.isNew) {
      model.requestedBy = by;
      model.votes = [];
    }
  });

const votes = (by: Person, glass: boolean, isStale: boolean): Step =>
  step(
    `${by} ${glass ? 'breaks the glass' : 'votes'}${isStale ? ' for an older plan' : ''}`,
    async (model, real) => {
      const run = await current(real);
      if (run?.plan === undefined) {
        return;
      }
      const hash = isStale ? 'f'.repeat(64) : run.plan.hash;
      const submission = {
        run: run.id,
        planHash: hash,
        typed: 'prod-a',
        reason: 'it is late',
        ...(glass ? { glass: 'break glass prod-a' } : {}),
      };
      // What was clicked is all the model knows; whether it was taken is the program's to say and not believed here.
      model.votes.push({ by, hash, glass });
      await submitVote(real.transitions, submission, callerOf(by));
    },
  );

const carries: Step = step('the runner', async (model, real) => {
  const run = await current(real);
  if (run === undefined) {
    return;
  }
  real.context.clusters.forEach((handle) => {
    observing(handle, model, real, run);
  });
  await resumeRun(real.context, run.id, { pauseServed: true });
  if (model.stopped.has(run.id)) {
    expect((await real.context.stores.runs.get(run.id))?.state).toBe('cancelled');
  }
});

/** Judges each execution at the moment it happens. */
const judges = new WeakMap<ClusterHandle, () => Promise<void>>();
function observing(handle: ClusterHandle, model: Model, real: Real, run: Run): void {
  judges.set(handle, async () => {
    const hash = run.plan?.hash ?? '';
    real.executed.push({
      carried: isApproved(model, hash) && !model.isHalted && !model.stopped.has(run.id),
      why: `${model.tier}, asked for by ${model.requestedBy}, halted ${model.isHalted}, approvers ${[...model.approvers].join()}, ${JSON.stringify(model.votes)}`,
    });
    const by = model.stopsNext;
    model.stopsNext = undefined;
    if (by === undefined) {
      return;
    }
    const answer = await cancel(real.transitions, { run: run.id }, callerOf(by));
    if (answer.refused !== true) {
      model.stopped.add(run.id);
    }
  });
}

const leaves = (by: Person): Step =>
  step(`${by} leaves the group`, async (model, real) => {
    model.approvers = new Set([...model.approvers].filter((one) => one !== by));
    real.world.slack.groups.set('S0ONCALL', [...model.approvers]);
    real.world.clock.pass(61_000);
  });

const joins = (by: Person): Step =>
  step(`${by} joins the group`, async (model, real) => {
    model.approvers = new Set([...model.approvers, by]);
    real.world.slack.groups.set('S0ONCALL', [...model.approvers]);
    real.world.clock.pass(61_000);
  });

const clicks = fc
  .record({
    by: fc.constantFrom(...people),
    glass: fc.integer({ min: 0, max: 3 }).map((luck) => luck === 0),
    isStale: fc.integer({ min: 0, max: 7 }).map((luck) => luck === 0),
  })
  .map(({ by, glass, isStale }) => votes(by, glass, isStale));

const steps: readonly fc.Arbitrary<Step>[] = [
  fc.constantFrom(...people).map(asks),
  clicks,
  clicks,
  clicks,
  // By chance alone the tiers that want several people would hardly ever be carried.
  fc.constant(
    step('everybody votes, and the next action is stopped', async (model, real) => {
      model.stopsNext ??= ALICE;
      for (const by of people) {
        await votes(by, false, false).run(model, real);
      }
      await carries.run(model, real);
    }),
  ),
  fc.constant(carries),
  fc.constant(carries),
  fc.constantFrom(...people).map((by) =>
    step(`${by} chooses`, async (model, real) => {
      const run = await current(real);
      if (run === undefined) {
        return;
      }
      await choose(real.transitions, { run: run.id }, 'ctl3', callerOf(by));
      void model;
    }),
  ),
  fc.constantFrom(...people).map((by) =>
    step(`${by} cancels`, async (_model, real) => {
      const run = await current(real);
      if (run !== undefined) {
        await cancel(real.transitions, { run: run.id }, callerOf(by));
      }
    }),
  ),
  fc.constantFrom(...people).map((by) =>
    step(`${by} stops it while the next action runs`, async (model) => {
      model.stopsNext = by;
    }),
  ),
  fc.constantFrom(...people).map(leaves),
  fc.constantFrom(...people).map(joins),
  fc.constantFrom(...people).map((by) =>
    step(`${by} halts`, async (model, real) => {
      await haltRepairs(real.transitions, 'prod-a', byCommand(by));
      model.isHalted = true;
    }),
  ),
  fc.constantFrom(...people).map((by) =>
    step(`${by} resumes`, async (model, real) => {
      const answer = await resumeRepairs(real.transitions, 'prod-a', byCommand(by));
      const mayResume = model.approvers.has(by) || by === CAROL;
      expect(answer.refused === true).toBe(!mayResume);
      if (mayResume) {
        model.isHalted = false;
      }
    }),
  ),
  fc.integer({ min: 1_000, max: 400_000 }).map((ms) =>
    step(`${ms} ms pass`, async (_model, { world }) => {
      world.clock.pass(ms);
    }),
  ),
];

const stories = fc.commands([...steps], { maxCommands: 40, size: 'max' });

async function setup(tier: Tier): Promise<{ readonly model: Model; readonly real: Real }> {
  const world = createWorld();
  world.setTier(tier);
  await world.open();
  const [name, handle] = [...world.context.clusters][0] ?? [];
  if (name === undefined || handle === undefined) {
    throw new Error('no cluster');
  }
  const acting: ClusterHandle = {
    ...handle,
    actions: {
      ...handle.actions,
      precheck: async () => ({ go: true }),
      execute: async () => {
        await judges.get(acting)?.();
        return { kind: 'applied', detail: 'done' };
      },
      reconcile: async () => ({ kind: 'done', because: 'it is so' }),
    },
  };
  const context: BotContext = { ...world.context, clusters: new Map([[name, acting]]) };
  return {
    model: {
      tier,
      approvers: new Set([ALICE, BOB]),
      requestedBy: undefined,
      votes: [],
      isHalted: false,
      stopsNext: undefined,
      stopped: new Set(),
    },
    real: { world, context, transitions: createTransitions(context, context.people), executed: [] },
  };
}

test.each(['reversible', 'destructive', 'node', 'mass'] as const)(
  'no sequence of events reaches an action of tier %s without its votes',
  async (tier) => {
    let executions = 0;
    let stops = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...people), stories, async (first, commands) => {
        const { model, real } = await setup(tier);
        // A story without a plan is soon told.
        await asks(first).run(model, real);
        await carries.run(model, real);
        await fc.asyncModelRun(() => ({ model, real }), commands);
        executions += real.executed.length;
        stops += model.stopped.size;
        for (const { carried, why } of real.executed) {
          expect(carried, why).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
    // The stories reach what they are about.
    expect(executions).toBeGreaterThan(0);
    expect(stops).toBeGreaterThan(0);
  },
  120_000,
);
