import { definite } from '../../rpc/index.ts';
import {
  atItsWorst,
  type ClusterSummary,
  type Incident,
  type Run,
  type Severity,
} from '../../runbooks/index.ts';
import type { StoredEntry } from '../record/entry.ts';
import { type DeletionDigest, deletionsOf } from './deletions.ts';

/** Everything a digest is made from, read once. */
export interface DigestInput {
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly clusters: readonly {
    readonly name: string;
    readonly summary?: ClusterSummary;
    readonly sweptAtMs?: number;
    readonly isHalted: boolean;
    readonly open: readonly Incident[];
  }[];
  /** Opened or resolved since the last digest. */
  readonly incidents: readonly Incident[];
  /** Ids of incidents that another one explains and that have a card in Slack nevertheless. @default none */
  readonly posted?: ReadonlySet<string>;
  /** Started or ended since the last digest. */
  readonly runs: readonly Run[];
  readonly audit: readonly StoredEntry[];
  /** The sentence of an incident, as its runbook says it. */
  readonly headline: (incident: Incident) => string;
}

/** What happened since the last digest, as a plain value: the message is made from it, and `--json` prints it. */
export interface Digest {
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly clusters: readonly ClusterDigest[];
  readonly incidents: readonly IncidentDigest[];
  /** Milliseconds, over the incidents that were taken or repaired; absent when there were none. */
  readonly typical: { readonly toAcknowledgeMs?: number; readonly toRepairMs?: number };
  readonly runs: Readonly<
    Record<'done' | 'failed' | 'stopped' | 'expired' | 'cancelled' | 'waiting' | 'underWay', number>
  >;
  /** What was deleted for good, one for each run. */
  readonly deletions: readonly DeletionDigest[];
  /** Clicks that were refused, by whoever clicked. */
  readonly refusals: number;
  /** Who approved alone, and what: one sentence each. */
  readonly glass: readonly string[];
  /** Ids of the people whom these sentences name. */
  readonly people: readonly string[];
  readonly growing: readonly (ClusterSummary['growing'][number] & { readonly cluster: string })[];
  /** What could not be checked just now, one sentence each. */
  readonly unchecked: readonly string[];
}

export interface ClusterDigest {
  readonly name: string;
  readonly state: 'healthy' | 'trouble' | 'not seen';
  readonly worst?: Severity;
  readonly open: number;
  readonly nodesAnswering: number;
  readonly nodes: number;
  readonly isHalted: boolean;
}

export interface IncidentDigest {
  readonly id: string;
  readonly cluster: string;
  readonly severity: Severity;
  readonly headline: string;
  readonly state: 'open' | 'resolved';
  readonly openedAtMs: number;
  readonly toAcknowledgeMs?: number;
  readonly toRepairMs?: number;
}

const GROWING_SHOWN = 5;
/** A cluster that was not looked at for this long is not called healthy. */
const STALE_MS = 600_000;

/** Sums up what happened. Pure. */
export function digestOf(input: DigestInput): Digest {
  const incidents = input.incidents
    .filter((incident) => isTold(input, incident))
    .map((incident) => (incident.state === 'resolved' ? atItsWorst(incident) : incident))
    .map((incident) => incidentDigest(incident, input.headline(incident)));
  const toAcknowledgeMs = median(incidents.flatMap((incident) => incident.toAcknowledgeMs ?? []));
  const toRepairMs = median(incidents.flatMap((incident) => incident.toRepairMs ?? []));
  const brokenGlass = input.audit.filter(({ event }) => event === 'run.glass_broken');
  return {
    sinceMs: input.sinceMs,
    nowMs: input.nowMs,
    clusters: input.clusters.map((cluster) => clusterDigest(cluster, input.nowMs)),
    incidents,
    typical: {
      ...definite({ toAcknowledgeMs, toRepairMs }),
    },
    runs: countRuns(input.runs),
    deletions: deletionsOf(input.runs),
    refusals: input.audit.filter(({ event }) => event === 'click.refused').length,
    glass: brokenGlass.map(({ cluster = '', run = '', text }) => `${cluster} ${run}: ${text}`),
    people: [...new Set(brokenGlass.flatMap(({ votes = [] }) => votes))],
    growing: input.clusters
      .flatMap(({ name, summary }) => (summary?.growing ?? []).map((queue) => ({ ...queue, cluster: name })))
      .toSorted((left, right) => right.gained - left.gained)
      .slice(0, GROWING_SHOWN),
    unchecked: [
      ...input.clusters.flatMap(({ name, summary, sweptAtMs }) =>
        isStale(sweptAtMs, input.nowMs)
          ? [`${name} has not been swept for a while`]
          : (summary?.blind ?? []).map((gap) => `${name}: ${gap}`),
      ),
      ...missedSweeps(input.audit),
    ],
  };
}

/** Everything that people saw, or that was treated. Only what stayed silent below another one from its beginning is left out. */
const isTold = ({ posted, runs }: DigestInput, { id, mutedBy }: Incident): boolean =>
  mutedBy === undefined || posted?.has(id) === true || runs.some(({ incident }) => incident === id);

const MISSED_SHOWN = 5;

/** Gaps in which nobody looked: the bot was away, or too slow. */
const missedSweeps = (audit: readonly StoredEntry[]): readonly string[] =>
  audit
    .filter(({ event }) => event === 'sweep.missed')
    .slice(-MISSED_SHOWN)
    .map(({ text }) => text);

function clusterDigest(cluster: DigestInput['clusters'][number], nowMs: number): ClusterDigest {
  const { name, summary, open, isHalted } = cluster;
  const told = open.filter(({ mutedBy }) => mutedBy === undefined);
  const worst = (['critical', 'warning', 'info'] as const).find((severity) =>
    told.some((incident) => incident.severity === severity),
  );
  const nodes = summary?.nodes ?? [];
  const nodesAnswering = nodes.filter(({ answered }) => answered).length;
  const isSeen = summary !== undefined && !isStale(cluster.sweptAtMs, nowMs) && summary.blind.length === 0;
  const state = told.length > 0 ? 'trouble' : isSeen ? 'healthy' : 'not seen';
  return {
    name,
    state,
    open: told.length,
    nodesAnswering,
    nodes: nodes.length,
    isHalted,
    ...definite({ worst }),
  };
}

const isStale = (sweptAtMs: number | undefined, nowMs: number): boolean =>
  sweptAtMs === undefined || nowMs - sweptAtMs > STALE_MS;

function incidentDigest(incident: Incident, headline: string): IncidentDigest {
  const { id, cluster, severity, state, openedAtMs, acknowledgedAtMs, resolvedAtMs } = incident;
  return {
    id,
    cluster,
    severity,
    headline,
    state,
    openedAtMs,
    ...(acknowledgedAtMs === undefined ? {} : { toAcknowledgeMs: acknowledgedAtMs - openedAtMs }),
    ...(resolvedAtMs === undefined ? {} : { toRepairMs: resolvedAtMs - openedAtMs }),
  };
}

function countRuns(runs: readonly Run[]): Digest['runs'] {
  const count = (...states: readonly Run['state'][]): number =>
    runs.filter(({ state }) => states.includes(state)).length;
  return {
    done: count('done'),
    failed: count('failed'),
    stopped: count('stopped', 'superseded'),
    expired: count('expired'),
    cancelled: count('cancelled'),
    waiting: count('proposed'),
    underWay: count('diagnosing', 'checking', 'acting', 'unknown'),
  };
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] =
    sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : [sorted[middle - 1], sorted[middle]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
