import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { createPeople } from '../../../src/bot/approvals/people.ts';
import type { ClusterConfig, PeopleConfig } from '../../../src/bot/config/config.ts';
import { parseConfig } from '../../../src/bot/config/load.ts';
import type { BotContext, ClusterHandle } from '../../../src/bot/context.ts';
import type { JobQueue } from '../../../src/bot/ports/queue.ts';
import { systemClock } from '../../../src/bot/process/system-clock.ts';
import { openStores } from '../../../src/bot/stores/open.ts';
import type {
  ActionCall,
  BoundActions,
  ClusterPorts,
  LedgerEntry,
  Observation,
  Outcome,
  Run,
  Runbook,
  RunInput,
  Settled,
  Verdict,
} from '../../../src/runbooks/index.ts';
import { advance, startRun } from '../../../src/runbooks/index.ts';
import { answers, incident, lampWith, room, tools } from '../../runbooks/engine/toy.ts';
import { type FakeSlack, fakeSlack } from '../fakes/slack.ts';

/** The toy cluster of the engine's tests behind the ports of the bot: a lamp that is on, and a hand that turns it off. */
export interface House {
  lamps: string[];
  /** What was really done, in order: the effect that may happen only once. */
  readonly done: string[];
  execute: (call: ActionCall, entry?: LedgerEntry) => Promise<Outcome>;
  reconcile: (call: ActionCall, entry?: LedgerEntry) => Promise<Settled>;
  precheck: (call: ActionCall) => Promise<Verdict>;
  observe: () => Promise<Observation>;
  timeLimitMs: number;
}

export function buildHouse(): House {
  const house: House = {
    lamps: ['kitchen'],
    done: [],
    timeLimitMs: 60_000,
    execute: async (call) => {
      house.done.push(`${call.action} ${String(call.args['lamp'])}`);
      house.lamps = house.lamps.filter((lamp) => lamp !== call.args['lamp']);
      return { kind: 'applied', detail: 'click' };
    },
    reconcile: async (call) =>
      house.lamps.includes(String(call.args['lamp']))
        ? { kind: 'not-done', because: 'it still shines' }
        : { kind: 'done', because: 'it is dark' },
    precheck: async () => ({ go: true }),
    observe: async () => {
      const seen = room({ lamps: house.lamps });
      return { ...seen, snapshot: { ...seen.snapshot, takenAtMs: Date.now() } };
    },
  };
  return house;
}

export interface Recorded extends JobQueue {
  readonly told: string[];
  readonly later: { readonly run: string; readonly delayMs: number; readonly why: string }[];
  readonly sweeps: string[];
}

export function recordingCourier(): Recorded {
  const recorded: Recorded = {
    told: [],
    later: [],
    sweeps: [],
    async tell(id) {
      recorded.told.push(id);
    },
    async carryOn(run, delayMs = 0, why) {
      recorded.later.push({ run, delayMs, why: why ?? 'now' });
    },
    async sweep(cluster) {
      recorded.sweeps.push(cluster);
    },
  };
  return recorded;
}

/** Turns every lamp off and looks whether it is dark: the toy without its fallbacks and letters. */
export const simpleLamp: Runbook = lampWith({
  choices: () => [],
  steps: lampWith({}).steps.filter(({ id }) => id === 'off-each' || id === 'all-dark'),
});

export const config = (() => {
  const loaded = parseConfig(
    `slack: { botToken: "\${ANY}", appToken: "\${ANY}", channel: C0ALERTS }
schedule: { sweep: 1s }
people: { approvers: [U0ALICE, U0BOB], adminApprovers: [U0CAROL] }
clusters: [ { name: house, username: u, password: "\${ANY}", nodes: [ { name: a@h, management: http://127.0.0.1:1 } ] } ]`,
    'test',
    { read: () => 'any' },
  );
  if (loaded.kind === 'bad') {
    throw new Error(JSON.stringify(loaded.problems));
  }
  return loaded.config;
})();

export function contextOf(options: {
  readonly redis: Redis;
  readonly house: House;
  readonly jobQueue?: JobQueue;
  readonly prefix?: string;
  readonly book?: readonly Runbook[];
  readonly slack?: FakeSlack;
  readonly describe?: BoundActions['describe'];
  readonly people?: Partial<PeopleConfig>;
}): BotContext {
  const { redis, house, jobQueue = recordingCourier(), prefix = `test-${randomUUID()}` } = options;
  const actions: BoundActions = {
    describe: options.describe ?? tools.describe,
    timeLimitMs: () => house.timeLimitMs,
    precheck: (call) => house.precheck(call),
    execute: (call, _reason, entry) => house.execute(call, entry),
    reconcile: (call, entry) => house.reconcile(call, entry),
  };
  const [clusterConfig] = config.clusters as readonly [ClusterConfig];
  const handle: ClusterHandle = {
    config: clusterConfig,
    // Nothing under test reaches through the ports: the house stands in front of them.
    ports: {} as ClusterPorts,
    actions,
    observe: () => house.observe(),
    // Not the house's own eyes: tests count how often those look.
    lately: async () => room({ lamps: [] }),
    listen: () => {
      throw new Error('nobody listens in here');
    },
    answer: async () => answers,
  };
  return {
    config: {
      ...config,
      redis: { ...config.redis, prefix },
      people: { ...config.people, ...options.people },
    },
    stores: openStores(redis, prefix),
    people: createPeople({
      slack: options.slack ?? fakeSlack(),
      clock: systemClock,
      people: { ...config.people, ...options.people },
    }),
    jobQueue,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    clusters: new Map([['house', handle]]),
    book: options.book ?? [simpleLamp],
  };
}

const note = (event: string) => ({ atMs: Date.now(), actor: 'test', event, text: event });

/** An open incident and a run that somebody has just asked for. */
export async function askForRun(context: BotContext): Promise<Run> {
  const { stores } = context;
  const now = Date.now();
  const own = { ...incident, openedAtMs: now, lastSeenAtMs: now, run: 'RUN-0001' };
  if ((await stores.incidents.get(own.id)) === undefined) {
    await stores.incidents.put(own, 0, note('opened'));
  }
  const run = startRun({ id: 'RUN-0001', incident: own, requestedBy: 'U0DAVE', nowMs: now });
  await stores.runs.put(run, 0, note('asked'));
  return run;
}

/** What the desk does with a click. */
export async function send(context: BotContext, id: string, input: (run: Run) => RunInput): Promise<Run> {
  const run = await context.stores.runs.get(id);
  if (run === undefined) {
    throw new Error(`no run ${id}`);
  }
  const next = advance(context.book[0] ?? simpleLamp, run, input(run), tools);
  await context.stores.runs.put(next, run.version, note('sent'));
  return next;
}

export const approval = (run: Run): RunInput => ({
  kind: 'voted',
  vote: { by: 'U0ALICE', planHash: run.plan?.hash ?? '', reason: '', atMs: Date.now() },
  isEnough: true,
});
