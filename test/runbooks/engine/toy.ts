import { z } from 'zod';
import type {
  Answered,
  EngineTools,
  Incident,
  Observation,
  Run,
  Runbook,
  RunInput,
  Vote,
} from '../../../src/runbooks/index.ts';
import {
  advance,
  answerTo,
  defineRunbook,
  detectionDefaults,
  emptyHistory,
  limitDefaults,
  nextOrder,
  noProbes,
  startRun,
} from '../../../src/runbooks/index.ts';

/** A toy cluster: two nodes that answer, and a lamp that is on or off. The lamp is the number of queues called `lamp`. */
export function room(
  state: { readonly lamps?: readonly string[]; readonly ready?: number; readonly isBlind?: boolean } = {},
): Observation {
  const { lamps = ['kitchen'], ready = 10, isBlind = false } = state;
  const answered = { kind: 'answered', tookMs: 1, peers: [] } as const;
  const silent = { kind: 'silent', why: 'timeout', message: 'no answer' } as const;
  return {
    snapshot: {
      cluster: 'house',
      takenAtMs: 0,
      tookMs: 1,
      nodes: [
        { name: 'a@h', answer: answered, vm: 'registered' },
        { name: 'b@h', answer: isBlind ? silent : answered, vm: 'registered' },
      ],
      sides: [{ members: ['a@h', 'b@h'] }],
      queues: { rows: lamps.map((name) => ({ vhost: '/', name, seenBy: 'a@h', ready })), missing: [] },
      connections: { rows: [], missing: [] },
      consumers: { rows: [], missing: [] },
    },
    history: emptyHistory,
    probes: noProbes,
    settings: {
      name: 'house',
      nodes: [],
      detection: detectionDefaults,
      services: [],
      reachedBy: { kind: 'unknown' },
    },
  };
}

const lampsOn = (now: Observation): readonly string[] => now.snapshot.queues.rows.map(({ name }) => name);

export const bindingsLook = { look: 'bindings', vhost: '/', queue: 'kitchen' } as const;
export const noBindings = { kind: 'bindings', bindings: [] } as const;
const bindingsKey = ['bindings', '/', 'kitchen'].join('\u0000');
export const answers = { [bindingsKey]: noBindings };

const facts = z.object({ lamps: z.array(z.string()) });
type Facts = z.infer<typeof facts>;

/** Turns every lamp off, one after the other; if that does not help, pulls the fuse. */
const lampRunbook: Runbook<Facts> = {
  id: 'lamp',
  title: 'Lamp left on',
  summary: 'A lamp is on. Turns it off.',
  handbook: [],
  mutes: [],
  confirmSweeps: 1,
  facts,
  detect: (now) =>
    lampsOn(now).length === 0
      ? []
      : [{ key: 'lamps', subject: 'lamps', severity: 'warning', facts: { lamps: [...lampsOn(now)] } }],
  headline: () => 'a lamp is on',
  card: () => [],
  choices: () => [
    { id: 'switch', label: 'Use the switch', because: 'nothing breaks' },
    { id: 'hammer', label: 'Use a hammer', because: 'it is quick' },
    { id: 'prayer', label: 'Pray', because: 'it costs nothing' },
  ],
  lost: ({ now }) =>
    now.snapshot.queues.rows.map(({ name, ready }) => `the light of ${name}: ${ready} messages`),
  undo: 'Turn it on again.',
  steps: [
    {
      kind: 'inspect',
      id: 'look',
      title: () => 'Look',
      looks: () => [bindingsLook],
      show: ({ facts: { lamps } }) => ({ title: 'Lamps', lines: lamps }),
    },
    {
      kind: 'decide',
      id: 'worth-it',
      title: () => 'Is it worth it?',
      decide: ({ answered, choice, facts: { lamps } }) => {
        if (answerTo(answered, bindingsLook).kind === 'unseen') {
          return { go: false, because: 'nobody looked' };
        }
        if (choice === 'prayer') {
          return { go: false, because: 'nobody listens' };
        }
        return lamps.includes('sun') ? { go: false, because: 'that is the sun' } : { go: true };
      },
    },
    {
      kind: 'each',
      id: 'off-each',
      over: ({ facts: { lamps } }) => lamps,
      steps: [
        {
          kind: 'act',
          id: 'off',
          title: ({ target, choice }) => `${choice} ${target}`,
          call: ({ target = '', choice = '' }) => ({
            action: 'lamp.off',
            args: { lamp: target, with: choice, maxReady: 100 },
          }),
        },
        {
          kind: 'verify',
          id: 'dark',
          title: ({ target }) => `${target} is dark`,
          withinMs: 10_000,
          looksInARow: 2,
          otherwise: 'fall-through',
          holds: ({ now, target = '' }) =>
            lampsOn(now).includes(target) ? { go: false, because: `${target} still shines` } : { go: true },
        },
      ],
    },
    {
      kind: 'act',
      id: 'fuse',
      title: () => 'Pull the fuse',
      call: () => ({ action: 'fuse.pull', args: {} }),
      looks: () => [bindingsLook],
      when: ({ now, answered }) => {
        if (answerTo(answered, bindingsLook).kind === 'unseen') {
          return { kind: 'stop', because: 'the fuse box was not seen' };
        }
        return lampsOn(now).length === 0 ? { kind: 'skip', because: 'it is dark' } : { kind: 'go' };
      },
    },
    {
      kind: 'manual',
      id: 'tell',
      title: () => 'Tell the landlord',
      instructions: () => ['Write a letter.'],
    },
    {
      kind: 'verify',
      id: 'all-dark',
      title: () => 'All is dark',
      withinMs: 10_000,
      holds: ({ now }) =>
        lampsOn(now).length === 0 ? { go: true } : { go: false, because: 'there is light' },
    },
  ],
};

export const lampSteps = lampRunbook.steps;

export const lamp = defineRunbook(lampRunbook);

/** The toy runbook with other steps or parts. */
export const lampWith = (changes: Partial<Runbook<Facts>>): Runbook =>
  defineRunbook({ ...lampRunbook, ...changes });

export const tools: EngineTools = {
  describe: ({ action, args }) => ({
    text: `${action} ${JSON.stringify(args)}`,
    tier: action === 'fuse.pull' ? 'node' : 'reversible',
  }),
  planExpiresMs: 300_000,
  limits: limitDefaults,
  deletedLastHour: 0,
};

export const incident: Incident = {
  id: 'INC-0001',
  cluster: 'house',
  key: 'lamps',
  runbook: 'lamp',
  subject: 'lamps',
  severity: 'warning',
  facts: { lamps: ['kitchen'] },
  state: 'open',
  openedAtMs: 0,
  lastSeenAtMs: 0,
  cleanSweeps: 0,
  version: 1,
};

export const started = (): Run => startRun({ id: 'RUN-0001', incident, requestedBy: 'U0DAVE', nowMs: 0 });

/** Feeds inputs to the engine, one after the other. */
export const play = (run: Run, inputs: readonly RunInput[], runbook: Runbook = lamp): Run =>
  inputs.reduce((so, input) => advance(runbook, so, input, tools), run);

export const looked = (atMs: number, now: Observation = room(), answered: Answered = answers): RunInput => ({
  kind: 'looked',
  now,
  answered,
  atMs,
});

export const hashOf = (run: Run): string => run.plan?.hash ?? 'no plan';

export const voteFor = (run: Run, by = 'U0ALICE', atMs = 10): Vote => ({
  by,
  planHash: hashOf(run),
  reason: 'it is late',
  atMs,
});

export const approved = (run: Run, by = 'U0ALICE'): RunInput => ({
  kind: 'voted',
  vote: voteFor(run, by),
  isEnough: true,
});

/** A run with a plan on the table. */
export const proposed = (now: Observation = room()): Run =>
  play(started(), [looked(1, now, {}), looked(2, now)]);

/** A run whose first action is next. */
export function acting(now: Observation = room()): Run {
  const run = proposed(now);
  return play(run, [approved(run), looked(20, now)]);
}

export const act = (index: number, atMs: number): readonly RunInput[] => [
  { kind: 'intended', index, atMs },
  { kind: 'acted', index, outcome: { kind: 'applied', detail: 'click' }, atMs: atMs + 1 },
];

export const orderOf = (run: Run, nowMs = 0) => nextOrder(lamp, run, nowMs);

/** A proposed run whose actions are described otherwise. */
export const advanceWith = (otherTools: EngineTools): Run =>
  [looked(1, room(), {}), looked(2)].reduce((run, input) => advance(lamp, run, input, otherTools), started());
