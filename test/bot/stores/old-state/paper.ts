import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { createPeople } from '../../../../src/bot/approvals/people.ts';
import { parseConfig } from '../../../../src/bot/config/load.ts';
import type { BotContext, ClusterHandle } from '../../../../src/bot/context.ts';
import { resumeRun } from '../../../../src/bot/jobs/run.ts';
import type { SlackPort } from '../../../../src/bot/ports/slack.ts';
import { openStores } from '../../../../src/bot/stores/open.ts';
import type { NodeRow } from '../../../../src/rpc/index.ts';
import {
  type ActionCall,
  type Answer,
  bindActions,
  book,
  type Clock,
  type ClusterPorts,
  type Look,
  lookKey,
  type NodeView,
  type Observation,
  type Outcome,
  openHosts,
  type QueueSeen,
  queueKey,
  type Run,
  type Settled,
} from '../../../../src/runbooks/index.ts';
import {
  A,
  answering,
  B,
  C,
  downRow,
  HOUR,
  nodes,
  queue,
  row,
  seen,
  settings,
  silent,
} from '../../../runbooks/observation.ts';

/** The key by which the old state’s audit is sealed. */
export const AUDIT_KEY = 'the key of the stored state';
export const CHANNEL = 'C0ALERTS';

/* Those of the sandbox. */
export const ALICE = 'U01ALICE';
export const BOB = 'U02BOB';
export const CAROL = 'U03CAROL';
/** Has no rights. */
export const DAVE = 'U04DAVE';

/** Each stands still in another state: what the state is about is said where it is made. */
export const paperNames = [
  ...['prod-a', 'prod-b', 'prod-c', 'prod-d'],
  ...['prod-e', 'prod-f', 'prod-g', 'prod-h'],
] as const;

/** The real book, approvals and runner on clusters that are only values: what a sweep sees, and what an action does. */
export interface Paper {
  /** Nodes that see each other. */
  groups: readonly (readonly string[])[];
  readonly stopped: Set<string>;
  /** Whether a stopped node has come up by itself, outside the cluster. */
  isAlone: boolean;
  queues: readonly QueueSeen[];
  /** What was really done, in order. */
  readonly done: string[];
  /** How long an action may be under way. */
  timeLimitMs: number;
  execute: (call: ActionCall) => Promise<Outcome>;
  reconcile: (call: ActionCall) => Promise<Settled>;
}

export function paperCluster(): Paper {
  const paper: Paper = {
    groups: [nodes],
    stopped: new Set(),
    isAlone: false,
    queues: [],
    done: [],
    timeLimitMs: 120_000,
    execute: async ({ action, args }) => {
      const node = String(args['node']);
      paper.done.push(`${action} ${node}`);
      if (action === 'node.stop') {
        paper.stopped.add(node);
      }
      if (action === 'node.start') {
        paper.stopped.delete(node);
        paper.groups = [nodes];
      }
      return { kind: 'applied', detail: `${action} ended well` };
    },
    reconcile: async () => ({ kind: 'unknown', because: 'nothing is written down on its host' }),
  };
  return paper;
}

/** `server-46` is down: two people must approve its start. */
export function nodeIsDown(): Paper {
  const paper = paperCluster();
  paper.stopped.add(C);
  return paper;
}

/** `server-45` is cut off, and meanwhile nobody reads a queue of the others. */
export function isSplit(): Paper {
  const paper = paperCluster();
  paper.groups = [[A, C], [B]];
  paper.queues = [
    queue(`cinder-scheduler_fanout_${'0a'.repeat(16)}`, { ready: 36_496, consumers: 0 }),
    queue(`cinder-scheduler_fanout_${'0b'.repeat(16)}`, { consumers: 1 }),
  ];
  return paper;
}

function observationOf(name: string, paper: Paper, nowMs: number): Observation {
  const seenNow = seen({
    nodes: nodes.map((node) => viewOf(paper, node)),
    queues: paper.queues,
    takenAtMs: nowMs,
    settings: { name },
    history: {
      queues: Object.fromEntries(
        paper.queues
          .filter(({ consumers }) => consumers === 0)
          .map((one) => [
            queueKey(one.vhost, one.name),
            { ready: [[nowMs, one.ready ?? 0] as const], consumerlessSinceMs: nowMs - 26 * HOUR },
          ]),
      ),
    },
  });
  return { ...seenNow, snapshot: { ...seenNow.snapshot, cluster: name } };
}

function viewOf({ groups, stopped, isAlone }: Paper, node: string): NodeView {
  if (stopped.has(node)) {
    return isAlone ? answering(node, [row(node)]) : silent(node);
  }
  const group = groups.find((side) => side.includes(node)) ?? [];
  const members = isAlone ? nodes.filter((peer) => !stopped.has(peer)) : nodes;
  const rows = members.map((peer): NodeRow => {
    if (!group.includes(peer) || stopped.has(peer)) {
      return downRow(peer);
    }
    const apart = groups.filter((side) => !side.includes(peer)).flat();
    return row(peer, { partitions: apart.filter((other) => !stopped.has(other)) });
  });
  return answering(node, rows);
}

function answerOf(look: Look): Answer {
  switch (look.look) {
    case 'side':
      return { kind: 'side', node: look.node, queues: [], bindings: [], exchanges: [] };
    case 'reached-by':
      return { kind: 'reached-by', nodes: [], how: 'not configured' };
    default:
      return { kind: 'unseen', because: 'nothing to see on paper' };
  }
}

const configText = `
slack: { botToken: "\${ANY}", appToken: "\${ANY}", channel: ${CHANNEL} }
people:
  approvers: [${ALICE}, ${BOB}]
  adminApprovers: [${CAROL}]
  cli: { ops: ${ALICE} }
schedule: { sweep: 3s }
clusters:
${paperNames
  .map(
    (name, index) =>
      `  - { name: ${name}, username: u, password: "\${ANY}", nodes: [ { name: "${A}", management: "http://127.0.0.1:${index + 1}" } ] }`,
  )
  .join('\n')}
`;

export const paperConfig = (() => {
  const loaded = parseConfig(configText, 'paper', { read: () => 'any' });
  if (loaded.kind === 'bad') {
    throw new Error(JSON.stringify(loaded.problems));
  }
  return loaded.config;
})();

/** One process of the installation, which has these clusters. */
export function paperContext(options: {
  readonly redis: Redis;
  readonly prefix: string;
  readonly clock: Clock;
  readonly slack: SlackPort;
  readonly papers: ReadonlyMap<string, Paper>;
  readonly planExpiresMs?: number;
}): BotContext {
  const { redis, prefix, clock, slack, papers } = options;
  const people = {
    ...paperConfig.people,
    ...(options.planExpiresMs === undefined ? {} : { planExpiresMs: options.planExpiresMs }),
  };
  return {
    config: { ...paperConfig, redis: { ...paperConfig.redis, prefix }, people },
    stores: openStores(redis, prefix, { now: () => clock.now() }),
    people: createPeople({ slack, clock, people }),
    // Whoever plays here carries on, sweeps and tells by hand.
    jobQueue: { tell: async () => {}, carryOn: async () => {}, sweep: async () => {} },
    clock,
    log: pino({ level: 'silent' }),
    clusters: new Map([...papers].map(([name, paper]) => [name, handleOf(name, paper, clock)])),
    book,
  };
}

function handleOf(name: string, paper: Paper, clock: Clock): ClusterHandle {
  const config = paperConfig.clusters.find((one) => one.settings.name === name);
  if (config === undefined) {
    throw new Error(`no cluster ${name}`);
  }
  const hosts = openHosts(
    Object.fromEntries(
      settings.nodes.map(({ host = '' }) => [
        host,
        { via: 'local', preset: 'systemd', operations: {}, addresses: [] },
      ]),
    ),
  );
  const ports: ClusterPorts = {
    settings: { ...settings, name },
    management: [],
    hosts,
    clock,
    probe: () => Promise.reject(new Error('nobody probes on paper')),
  };
  return {
    config,
    ports,
    actions: {
      ...bindActions(ports),
      timeLimitMs: () => paper.timeLimitMs,
      precheck: async () => ({ go: true }),
      execute: (call) => paper.execute(call),
      reconcile: (call) => paper.reconcile(call),
    },
    observe: async () => observationOf(name, paper, clock.now()),
    lately: async () => observationOf(name, paper, clock.now()),
    listen: () => {
      throw new Error('nobody listens on paper');
    },
    answer: async (looks) => Object.fromEntries(looks.map((look) => [lookKey(look), answerOf(look)])),
  };
}

const UNDER_WAY = ['diagnosing', 'checking', 'acting'];

/** Carries a run until it waits for people, has ended, or gets no further. */
export async function carry(context: BotContext, id: string): Promise<Run> {
  for (let passage = 0; passage < 100; passage += 1) {
    await resumeRun(context, id, { pauseServed: true });
    if (!UNDER_WAY.includes((await runOf(context, id)).state)) {
      break;
    }
  }
  return await runOf(context, id);
}

export async function runOf({ stores }: BotContext, id: string): Promise<Run> {
  const run = await stores.runs.get(id);
  if (run === undefined) {
    throw new Error(`no run ${id}`);
  }
  return run;
}
