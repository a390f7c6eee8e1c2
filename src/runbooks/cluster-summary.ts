import { definite } from '../rpc/index.ts';
import type { QueueTrack } from './snapshot/history.ts';
import type { Observation } from './snapshot/observation.ts';
import type { NodeView, QueueSeen } from './snapshot/snapshot.ts';

/** Summary of a cluster: what the newest sweep saw, small enough to answer a question from. Plain data. */
export interface ClusterSummary {
  readonly takenAtMs: number;
  readonly tookMs: number;
  readonly nodes: readonly NodeSummary[];
  /** Nodes that say they run together; one side of all is a whole cluster. */
  readonly sides: readonly (readonly string[])[];
  readonly totals: { readonly queues?: number; readonly ready?: number; readonly connections?: number };
  /** The fullest queues, fullest first. */
  readonly fullest: readonly QueueSummary[];
  /** Queues that have gained messages over the kept samples, most gained first. */
  readonly growing: readonly (QueueSummary & { readonly gained: number; readonly overMs: number })[];
  /** What could not be seen, one sentence each. */
  readonly blind: readonly string[];
}

export interface NodeSummary {
  readonly name: string;
  readonly answered: boolean;
  /** Why it gave no answer. */
  readonly why?: string;
  readonly version?: string;
  readonly alarms: readonly string[];
}

export interface QueueSummary {
  readonly vhost: string;
  readonly name: string;
  readonly ready: number;
  readonly consumers?: number;
}

const KEPT = 10;

/** Sums up an observation for those who ask between sweeps. Pure. */
export function summaryOf({ snapshot, history }: Observation): ClusterSummary {
  const { queues, connections, consumers } = snapshot;
  return {
    takenAtMs: snapshot.takenAtMs,
    tookMs: snapshot.tookMs,
    nodes: snapshot.nodes.map(nodeSummary),
    sides: snapshot.sides.map(({ members }) => members),
    totals: {
      ...(queues.missing.length === 0
        ? { queues: queues.rows.length, ready: queues.rows.reduce((sum, { ready }) => sum + (ready ?? 0), 0) }
        : {}),
      ...(connections.missing.length === 0 ? { connections: connections.rows.length } : {}),
    },
    fullest: queues.rows
      .filter(({ ready }) => (ready ?? 0) > 0)
      .toSorted((left, right) => (right.ready ?? 0) - (left.ready ?? 0))
      .slice(0, KEPT)
      .map(queueSummary),
    growing: growingQueues(history.queues),
    blind: [
      ...snapshot.nodes.flatMap(({ name, answer }) =>
        answer.kind === 'silent' ? [`${name}: ${answer.message}`] : [],
      ),
      ...missing('queues', queues.missing),
      ...missing('connections', connections.missing),
      ...missing('consumers', consumers.missing),
    ],
  };
}

function nodeSummary({ name, answer }: NodeView): NodeSummary {
  if (answer.kind === 'silent') {
    return { name, answered: false, why: answer.message, alarms: [] };
  }
  const self = answer.peers.find((peer) => peer.name === name);
  return {
    name,
    answered: true,
    alarms: [
      ...(self?.hasMemoryAlarm === true ? ['memory alarm'] : []),
      ...(self?.hasDiskAlarm === true ? ['disk alarm'] : []),
    ],
    ...definite({ version: answer.rabbitmqVersion }),
  };
}

const queueSummary = ({ vhost, name, ready, consumers }: QueueSeen): QueueSummary => ({
  vhost,
  name,
  ready: ready ?? 0,
  ...definite({ consumers }),
});

function growingQueues(tracks: Readonly<Record<string, QueueTrack>>): ClusterSummary['growing'] {
  return Object.entries(tracks)
    .flatMap(([key, { ready }]) => {
      const first = ready[0];
      const last = ready.at(-1);
      const [vhost = '', name = ''] = key.split('\u0000');
      return first === undefined || last === undefined || last[1] <= first[1]
        ? []
        : [{ vhost, name, ready: last[1], gained: last[1] - first[1], overMs: last[0] - first[0] }];
    })
    .toSorted((left, right) => right.gained - left.gained)
    .slice(0, KEPT);
}

const missing = (what: string, gaps: readonly { readonly node: string; readonly why: string }[]): string[] =>
  gaps.map(({ node, why }) => `${what} of ${node}: ${why}`);
