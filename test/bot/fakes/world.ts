import { pino } from 'pino';
import { z } from 'zod';
import { engineTools } from '../../../src/bot/approvals/engine-tools.ts';
import { createPeople } from '../../../src/bot/approvals/people.ts';
import type { BotConfig } from '../../../src/bot/config/config.ts';
import type { BotContext, ClusterHandle } from '../../../src/bot/context.ts';
import {
  advance,
  type ClusterSettings,
  defineRunbook,
  detectionDefaults,
  emptyHistory,
  type Incident,
  limitDefaults,
  noProbes,
  type Observation,
  type Run,
  type Runbook,
  startRun,
  type Tier,
} from '../../../src/runbooks/index.ts';
import { type FakeClock, fakeClock } from './clock.ts';
import { type FakeSlack, fakeSlack, person } from './slack.ts';
import { type FakeStores, fakeStores } from './stores.ts';

export const CHANNEL = 'C0RABBIT';
export const ALICE = 'U0ALICE';
export const BOB = 'U0BOB';
export const CAROL = 'U0CAROL';
export const DAVE = 'U0DAVE';

const settings: ClusterSettings = {
  name: 'prod-a',
  nodes: ['rabbit@ctl1', 'rabbit@ctl2', 'rabbit@ctl3'].map((name) => ({
    name,
    amqpHost: name.slice(7),
    amqpPort: 5672,
  })),
  detection: detectionDefaults,
  services: [],
  reachedBy: { kind: 'unknown' },
};

/** A sweep that saw a quiet cluster. */
export const quiet: Observation = {
  settings,
  history: emptyHistory,
  probes: noProbes,
  snapshot: {
    cluster: 'prod-a',
    takenAtMs: Date.UTC(2026, 10, 22, 3, 0, 0),
    tookMs: 42,
    nodes: settings.nodes.map(({ name }) => ({
      name,
      vm: 'registered',
      answer: { kind: 'answered', tookMs: 12, peers: [], rabbitmqVersion: '3.12.1' },
    })),
    sides: [{ members: settings.nodes.map(({ name }) => name) }],
    queues: {
      rows: [
        { vhost: '/', name: 'conductor', seenBy: 'rabbit@ctl1', ready: 3, consumers: 2 },
        { vhost: '/', name: 'scheduler_fanout_4f', seenBy: 'rabbit@ctl1', ready: 36_496, consumers: 0 },
      ],
      missing: [],
    },
    connections: { rows: [], missing: [] },
    consumers: { rows: [], missing: [] },
  },
};

/** A sweep in which ctl3 does not see the others. */
export const split: Observation = {
  ...quiet,
  snapshot: {
    ...quiet.snapshot,
    sides: [{ members: ['rabbit@ctl1', 'rabbit@ctl2'] }, { members: ['rabbit@ctl3'] }],
  },
};

/** A runbook as simple as one can be: it has every kind of thing that a card shows. */
export const splitRunbook: Runbook = defineRunbook({
  id: 'partition',
  title: 'Network split',
  summary: 'The nodes have stopped seeing each other. It restarts the side that loses.',
  handbook: ['D20'],
  mutes: ['backlog'],
  confirmSweeps: 2,
  facts: z.object({ cutOff: z.string(), rest: z.string() }),
  detect: ({ snapshot }) =>
    snapshot.sides.length < 2
      ? []
      : [
          {
            key: 'network',
            subject: 'ctl3',
            severity: 'critical',
            facts: { cutOff: 'ctl3', rest: 'ctl1 + ctl2' },
          },
        ],
  headline: ({ cutOff, rest }) => `${cutOff} is cut off from ${rest}`,
  card: ({ cutOff, rest }) => [
    { label: 'See each other', value: `${rest} (majority 2 of 3)` },
    { label: 'Cut off', value: cutOff },
    { label: 'RPC probe', value: 'ctl1 12 ms, ctl2 14 ms, ctl3 no answer' },
    { label: 'Link', value: 'up again' },
  ],
  choices: () => [
    { id: 'ctl1', label: 'Keep ctl1 and ctl2', because: 'the services connect to ctl1' },
    { id: 'ctl3', label: 'Keep ctl3', because: 'it holds 2 queues of its own' },
  ],
  lost: ({ choice }) =>
    choice === 'ctl3' ? ['41 queues of ctl1'] : ['2 queues and 3 bindings that only ctl3 has'],
  undo: 'Not possible for what is lost',
  steps: [
    {
      kind: 'inspect',
      id: 'views',
      title: () => 'Ask every node',
      show: ({ facts }) => ({
        title: 'What each node sees',
        lines: [`ctl1: ${facts.rest}`, `ctl3: ${facts.cutOff}`],
      }),
    },
    { kind: 'decide', id: 'safe', title: () => 'Is it safe?', decide: () => ({ go: true }) },
    {
      kind: 'act',
      id: 'stop',
      title: ({ facts, choice }) => `Stop RabbitMQ on ${choice === 'ctl3' ? 'ctl1' : facts.cutOff}`,
      call: ({ facts, choice }) => ({
        action: 'node.stop',
        args: { node: choice === 'ctl3' ? 'ctl1' : facts.cutOff },
      }),
    },
    {
      kind: 'verify',
      id: 'whole',
      title: () => 'All nodes see each other',
      withinMs: 180_000,
      holds: () => ({ go: true }),
    },
  ],
});

/** A runbook without a fix: it only tells. */
export const cannotSeeRunbook: Runbook = defineRunbook({
  id: 'cannot-see',
  title: 'Cannot see',
  summary: 'A node gives no answer. There is nothing to repair from here.',
  handbook: [],
  mutes: [],
  confirmSweeps: 1,
  facts: z.object({ node: z.string() }),
  detect: () => [],
  headline: ({ node }) => `${node} gives no answer`,
  card: ({ node }) => [{ label: 'Node', value: node }],
  lost: () => [],
  undo: 'Nothing is done',
  steps: [
    {
      kind: 'inspect',
      id: 'why',
      title: () => 'Why',
      show: () => ({ title: 'Why', lines: ['connection refused'] }),
    },
  ],
});

export const openIncident: Incident = {
  id: 'INC-0412',
  cluster: 'prod-a',
  key: 'network',
  runbook: 'partition',
  subject: 'ctl3',
  severity: 'critical',
  facts: { cutOff: 'ctl3', rest: 'ctl1 + ctl2' },
  state: 'open',
  openedAtMs: Date.UTC(2026, 10, 22, 3, 0, 0),
  lastSeenAtMs: Date.UTC(2026, 10, 22, 3, 0, 0),
  cleanSweeps: 0,
  version: 1,
};

/** A bot's inside without Redis, Slack or RabbitMQ. Alice and Bob approve, Carol is an admin, Dave may only look. */
export interface World {
  readonly context: BotContext;
  readonly stores: FakeStores;
  readonly slack: FakeSlack;
  readonly clock: FakeClock;
  /** What the courier was asked to do. */
  readonly sent: { readonly carriedOn: string[]; readonly told: string[] };
  /** How risky the plan's calls are. */
  setTier(tier: Tier): void;
  /** Puts an open incident in the store. */
  open(incident?: Partial<Incident>): Promise<Incident>;
  /** Carries a diagnosis to its plan, as the runner does. */
  diagnosed(run: string): Promise<Run>;
}

export function createWorld(
  change: { readonly config?: Partial<BotConfig>; readonly startMs?: number } = {},
): World {
  const clock = fakeClock(change.startMs);
  const stores = fakeStores(clock);
  const slack = fakeSlack();
  for (const [id, name] of [
    [ALICE, 'Alice Anderson'],
    [BOB, 'Bob Brown'],
    [CAROL, 'Carol Clark'],
    [DAVE, 'Dave Dunn'],
  ] as const) {
    slack.persons.set(id, person(id, name));
  }
  slack.groups.set('S0ONCALL', [ALICE, BOB]);
  let tier: Tier = 'destructive';
  const sent = { carriedOn: [] as string[], told: [] as string[] };

  const config: BotConfig = {
    slack: { mode: 'socket', botToken: 'xoxb-test', channel: 'C0MAIN', apiUrl: 'https://slack.com/api/' },
    redis: { url: 'redis://127.0.0.1:6379/0', prefix: 'test' },
    clusters: [],
    hosts: {},
    people: {
      approvers: ['S0ONCALL'],
      adminApprovers: [CAROL],
      selfApproval: { read: false, reversible: true, destructive: false, node: false, mass: false },
      approvals: { read: 0, reversible: 1, destructive: 1, node: 2, mass: 2 },
      planExpiresMs: 300_000,
      onCall: ['S0ONCALL'],
      owners: [CAROL],
      cli: {},
      // Whatever the time of the test: the hours have tests of their own.
      businessHours: { days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 0, untilMinute: 1_440, timezone: 'UTC' },
    },
    limits: limitDefaults,
    halt: {},
    maintenance: [],
    schedule: { sweepMs: 15_000, probeMs: 60_000 },
    audit: { keep: 200_000 },
    log: { level: 'error' },
    ...change.config,
  };
  const unused = (): never => {
    throw new Error('not used in this test');
  };
  const handle: ClusterHandle = {
    config: {
      settings,
      channel: CHANNEL,
      vhost: '/',
      username: 'watership',
      password: 'secret',
      nodes: [],
    },
    ports: {
      settings,
      management: [],
      hosts: { argvOf: unused, run: unused },
      probe: unused,
      clock,
    },
    actions: {
      describe: (call) => ({
        text: `${call.action}: ssh ${String(call.args['node'])} systemctl stop rabbitmq-server`,
        tier,
      }),
      timeLimitMs: () => 1_000,
      precheck: unused,
      execute: unused,
      reconcile: unused,
    },
    observe: async () => split,
    lately: async () => split,
    listen: unused,
    answer: async () => ({}),
  };
  const context: BotContext = {
    config,
    stores,
    people: createPeople({ slack, clock, people: config.people }),
    clock,
    log: pino({ level: 'silent' }),
    clusters: new Map([['prod-a', handle]]),
    book: [splitRunbook, cannotSeeRunbook],
    jobQueue: {
      tell: async (incident) => void sent.told.push(incident),
      carryOn: async (run) => void sent.carriedOn.push(run),
      sweep: async () => undefined,
    },
  };

  return {
    context,
    stores,
    slack,
    clock,
    sent,
    setTier: (next) => {
      tier = next;
    },

    async open(incident = {}) {
      const opened = { ...openIncident, ...incident };
      await stores.incidents.put(
        opened,
        0,
        { atMs: clock.now(), actor: 'watership', event: 'incident.opened', text: 'Opened.' },
        [{ atMs: clock.now(), text: 'Seen in 2 sweeps.' }],
      );
      return opened;
    },

    async diagnosed(id) {
      const run = await stores.runs.get(id);
      const runbook = context.book.find((one) => one.id === run?.runbook);
      if (run === undefined || runbook === undefined) {
        throw new Error(`no run ${id}`);
      }
      const next = advance(
        runbook,
        run,
        { kind: 'looked', now: split, answered: {}, atMs: clock.now() },
        await engineTools(context, handle),
      );
      await stores.runs.put(next, run.version, {
        atMs: clock.now(),
        actor: 'watership',
        event: 'run.proposed',
        text: 'A plan.',
      });
      return next;
    },
  };
}

/** A run of the split with a plan on the table, asked for by Alice. */
export function proposedRun(tier: Tier = 'node', nowMs = openIncident.openedAtMs + 120_000): Run {
  const started = startRun({ id: 'RUN-0193', incident: openIncident, requestedBy: ALICE, nowMs });
  return advance(
    splitRunbook,
    started,
    { kind: 'looked', now: split, answered: {}, atMs: nowMs },
    {
      describe: (call) => ({ text: `${call.action}: ssh ctl3 systemctl stop rabbitmq-server`, tier }),
      planExpiresMs: 300_000,
      limits: limitDefaults,
      deletedLastHour: 0,
    },
  );
}
