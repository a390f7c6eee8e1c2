import type { NodeRow } from '../../src/rpc/index.ts';
import type { Answer, Answered, Look } from '../../src/runbooks/look.ts';
import { lookKey } from '../../src/runbooks/look.ts';
import type { Finding, Runbook, Step, StepContext } from '../../src/runbooks/runbook.ts';
import { emptyHistory, type History, queueKey, type Sample } from '../../src/runbooks/snapshot/history.ts';
import type { ClusterSettings, Observation } from '../../src/runbooks/snapshot/observation.ts';
import { detectionDefaults } from '../../src/runbooks/snapshot/observation.ts';
import { noProbes, type ProbeHistory } from '../../src/runbooks/snapshot/probe-history.ts';
import { sidesOf } from '../../src/runbooks/snapshot/sides.ts';
import type {
  ConnectionSeen,
  ConsumerSeen,
  Listing,
  NodeSilence,
  NodeView,
  QueueSeen,
  Snapshot,
} from '../../src/runbooks/snapshot/snapshot.ts';

/** The handbook's cluster, and the one good value from which every test builds its own. */
export const A = 'rabbit@server-44';
export const B = 'rabbit@server-45';
export const C = 'rabbit@server-46';
export const nodes = [A, B, C] as const;
export const NOW = 1_795_316_400_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

export const settings: ClusterSettings = {
  name: 'prod-a',
  nodes: nodes.map((name, index) => ({
    name,
    host: name.slice('rabbit@'.length),
    amqpHost: `10.3.0.${44 + index}`,
    amqpPort: 5672,
  })),
  detection: detectionDefaults,
  services: [
    { name: 'cinder-scheduler', queues: '^cinder-scheduler', host: 'from-connection' },
    {
      name: 'cinder-volume',
      queues: '^cinder-volume',
      host: 'from-connection',
      unit: 'cinder-volume@{host}',
    },
    { name: 'nova-compute', queues: '^compute', host: 'from-connection' },
  ],
  reachedBy: { kind: 'unknown' },
};

export const row = (name: string, change: Partial<NodeRow> = {}): NodeRow => ({
  name,
  isRunning: true,
  partitions: [],
  hasMemoryAlarm: false,
  hasDiskAlarm: false,
  uptimeMs: 26 * HOUR,
  netTickTimeSeconds: 60,
  ...change,
});

/** A row as it looks while a node is down, or cut off: most keys are absent. */
export const downRow = (name: string): NodeRow => ({ name, isRunning: false });

export const answering = (
  name: string,
  peers: readonly NodeRow[] = nodes.map((peer) => row(peer)),
): NodeView => ({
  name,
  vm: 'registered',
  answer: { kind: 'answered', tookMs: 4, peers, rabbitmqVersion: '3.10.8' },
});

export const silent = (
  name: string,
  why: NodeSilence['why'] = 'refused',
  { vm = 'absent', portOpen }: { readonly vm?: NodeView['vm']; readonly portOpen?: boolean } = {},
): NodeView => ({
  name,
  vm,
  answer: {
    kind: 'silent',
    why,
    message: `GET /api/nodes: ${why}`,
    ...(portOpen === undefined ? {} : { portOpen }),
  },
});

export const listing = <Row>(...rows: readonly Row[]): Listing<Row> => ({ rows, missing: [] });

export const hex = (digit: string): string => digit.repeat(32);

export const queue = (name: string, change: Partial<QueueSeen> = {}): QueueSeen => ({
  vhost: '/',
  name,
  seenBy: A,
  ready: 0,
  unacknowledged: 0,
  consumers: 1,
  type: 'classic',
  state: 'running',
  ...change,
});

export const connection = (name: string, change: Partial<ConnectionSeen> = {}): ConnectionSeen => ({
  name,
  node: A,
  user: 'openstack',
  vhost: '/',
  channels: 1,
  channelMax: 2047,
  heartbeatSeconds: 60,
  connectedAtMs: NOW - 26 * HOUR,
  state: 'running',
  ...change,
});

export const consumer = (queueName: string, connectionName: string): ConsumerSeen => ({
  vhost: '/',
  queue: queueName,
  connectionName,
});

const quietSnapshot: Snapshot = {
  cluster: 'prod-a',
  takenAtMs: NOW,
  tookMs: 120,
  nodes: nodes.map((name) => answering(name)),
  sides: [],
  queues: listing<QueueSeen>(),
  connections: listing<ConnectionSeen>(),
  consumers: listing<ConsumerSeen>(),
};

export interface Change {
  readonly nodes?: readonly NodeView[];
  readonly queues?: readonly QueueSeen[] | Listing<QueueSeen>;
  readonly connections?: readonly ConnectionSeen[] | Listing<ConnectionSeen>;
  readonly consumers?: readonly ConsumerSeen[] | Listing<ConsumerSeen>;
  readonly history?: Partial<History>;
  readonly probes?: ProbeHistory;
  readonly settings?: Partial<ClusterSettings>;
  readonly takenAtMs?: number;
}

const asListing = <Row>(given: readonly Row[] | Listing<Row> | undefined): Listing<Row> => {
  if (given === undefined) {
    return listing<Row>();
  }
  return 'rows' in given ? given : listing(...given);
};

/** A healthy, idle three-node cluster with something changed. The sides follow from the nodes' views. */
export function seen(change: Change = {}): Observation {
  const views = change.nodes ?? quietSnapshot.nodes;
  return {
    snapshot: {
      ...quietSnapshot,
      takenAtMs: change.takenAtMs ?? NOW,
      nodes: views,
      sides: sidesOf(views),
      queues: asListing(change.queues),
      connections: asListing(change.connections),
      consumers: asListing(change.consumers),
    },
    history: { ...emptyHistory, sweeps: 100, ...change.history },
    probes: change.probes ?? noProbes,
    settings: { ...settings, ...change.settings },
  };
}

export const quiet = seen();

/** `server-45` cut off, the link back: the rows list it, and each side says that the other does not run. */
export const splitViews: readonly NodeView[] = [
  answering(A, [row(A, { partitions: [B] }), downRow(B), row(C, { partitions: [B] })]),
  answering(B, [downRow(A), row(B, { partitions: [A, C] }), downRow(C)]),
  answering(C, [row(A, { partitions: [B] }), downRow(B), row(C, { partitions: [B] })]),
];

/** The same while the link is down: nothing is listed anywhere. */
export const linkDownViews: readonly NodeView[] = [
  answering(A, [row(A), downRow(B), row(C)]),
  answering(B, [downRow(A), row(B), downRow(C)]),
  answering(C, [row(A), downRow(B), row(C)]),
];

/** `server-46` does not answer, and the others see it stopped. */
export const withoutC = (c: NodeView): readonly NodeView[] => [
  answering(A, [row(A), row(B), downRow(C)]),
  answering(B, [row(A), row(B), downRow(C)]),
  c,
];

/** A track of ready messages, one sample every 15 s, the last one now. */
export const track = (counts: readonly number[], everyMs = 15_000): readonly Sample[] =>
  counts.map((value, index) => [NOW - (counts.length - 1 - index) * everyMs, value]);

export const queueHistory = (
  name: string,
  change: { readonly ready?: readonly number[]; readonly consumerlessSinceMs?: number },
): History['queues'] => ({
  [queueKey('/', name)]: {
    ready: track(change.ready ?? []),
    ...(change.consumerlessSinceMs === undefined ? {} : { consumerlessSinceMs: change.consumerlessSinceMs }),
  },
});

/** Answers by their looks. */
export const answers = (...pairs: readonly (readonly [Look, Answer])[]): Answered =>
  Object.fromEntries(pairs.map(([look, answer]) => [lookKey(look), answer]));

/** The first finding of one runbook, with its id: fails the test when there is none. */
export function findingOf(runbook: Runbook, now: Observation): Finding {
  const [found] = runbook.detect(now);
  if (!found) {
    throw new Error(`${runbook.id} found nothing`);
  }
  return { ...found, runbook: runbook.id };
}

/** Headline and card as one text: what a person reads first. */
export function cardText(runbook: Runbook, now: Observation): string {
  const { facts, severity } = findingOf(runbook, now);
  const parsed = runbook.facts.parse(JSON.parse(JSON.stringify(facts)));
  const lines = runbook.card(parsed).map(({ label, value }) => `${label}: ${value}`);
  return [`${severity}: ${runbook.headline(parsed)}`, ...lines].join('\n');
}

/** The context of a step, on facts that have been through storage. */
export function contextOf(
  runbook: Runbook,
  now: Observation,
  change: Partial<StepContext<unknown>> & { readonly found?: Observation } = {},
): StepContext<unknown> {
  const { found, ...rest } = change;
  const { facts } = findingOf(runbook, found ?? now);
  return {
    facts: runbook.facts.parse(JSON.parse(JSON.stringify(facts))),
    now,
    answered: {},
    before: {},
    ...rest,
  };
}

const flat = (runbook: Runbook) =>
  runbook.steps.flatMap((step): readonly Exclude<Step<unknown>, { kind: 'each' }>[] =>
    step.kind === 'each' ? step.steps : [step],
  );

/** One step by its id and kind. */
export function stepOf<Kind extends 'inspect' | 'decide' | 'act' | 'verify'>(
  runbook: Runbook,
  kind: Kind,
  id: string,
): Extract<Step<unknown>, { kind: Kind }> {
  const step = flat(runbook).find((candidate) => candidate.id === id && candidate.kind === kind);
  if (!step) {
    throw new Error(`${runbook.id} has no ${kind} step ${id}`);
  }
  return step as Extract<Step<unknown>, { kind: Kind }>;
}

/** What the runbook decides, as one text. */
export function decided(runbook: Runbook, id: string, context: StepContext<unknown>): string {
  const verdict = stepOf(runbook, 'decide', id).decide(context);
  return `${verdict.go ? 'go' : 'stop'}: ${verdict.because ?? ''}`;
}
