import type { History } from './history.ts';
import type { ProbeHistory } from './probe-history.ts';
import type { Snapshot } from './snapshot.ts';

/** All that a detector may know: what was just seen, the short memory with it folded in, and the operator's settings. */
export interface Observation {
  readonly snapshot: Snapshot;
  readonly history: History;
  /** What the scheduled RPC probes found lately; `noProbes` where none were made. */
  readonly probes: ProbeHistory;
  readonly settings: ClusterSettings;
}

/** The operator's knowledge of one cluster, from the configuration. */
export interface ClusterSettings {
  readonly name: string;
  readonly nodes: readonly NodeSettings[];
  readonly detection: DetectionSettings;
  readonly services: readonly ServiceSettings[];
  /** What is never deleted, beyond what never is anyway. */
  readonly protect?: { readonly queues: readonly string[]; readonly vhosts: readonly string[] };
  /** `cluster_partition_handling`, if the operator told it: the management API does not. */
  readonly partitionHandling?: 'ignore' | 'autoheal' | 'pause_minority';
  /** How the services reach the broker: which node to keep in a partition (handbook section 8, step 1). */
  readonly reachedBy: ReachedBy;
}

export type ReachedBy =
  | { readonly kind: 'transport-url'; readonly hosts: readonly string[] }
  | { readonly kind: 'haproxy'; readonly host: string; readonly path: string }
  | { readonly kind: 'unknown' };

export interface NodeSettings {
  readonly name: string;
  /** The name of an entry under `hosts`, or absent when nothing can be done on the node's host. */
  readonly host?: string;
  /** Host name or address that AMQP clients use, without the port. */
  readonly amqpHost: string;
  readonly amqpPort: number;
}

/** Which queues belong to which OpenStack service, and how that service is restarted. */
export interface ServiceSettings {
  readonly name: string;
  /** Regular expression over queue names. */
  readonly queues: string;
  /** Host entry to act on, or `from-connection`: the host that the client's connection names or comes from. */
  readonly host: string;
  /** The unit, container or workload name to restart; `{host}` stands for the host. Absent: the service's name. */
  readonly unit?: string;
  /** The exchange that its queues are bound to (`nova`, `neutron`). Absent: it is learned from the bindings. */
  readonly exchange?: string;
  /** How it is asked whether it answers (`ProbeKind` of the messaging core), or `off`. Absent: as its name suggests. */
  readonly probe?: 'auto' | 'ping' | 'ignoreErrors' | 'baseapi' | 'off';
  /** The RPC version that a probe names: with one that the service does not have, each probe leaves a line in its log. */
  readonly rpcVersion?: string;
}

/** When is a number a finding? Defaults in `detectionDefaults`. */
export interface DetectionSettings {
  /** Ready messages above which a queue that does not drain is a backlog. @default 500 (the handbook, section 7) */
  readonly backlogReady: number;
  /** Ready messages below which a backlog has drained. @default 5 (the handbook, section 7) */
  readonly backlogDrained: number;
  /** Milliseconds without any consumer before a fanout or reply queue is a zombie. @default 600000 (10 minutes) */
  readonly zombieAfterMs: number;
  /** The two proofs that a queue has no consumer are at least this far apart, milliseconds. @default 30000 */
  readonly looksApartMs: number;
  /** Ready messages at which a zombie is critical. @default 1000 */
  readonly zombieCriticalReady: number;
  /** Channels on one connection: warning. @default 100 */
  readonly channelsWarning: number;
  /** Channels on one connection: critical. @default 500 */
  readonly channelsCritical: number;
  /** Channels gained over the kept samples, steadily, that count as a leak whatever the level. @default 10 */
  readonly channelsGrowth: number;
  /** Probes in a row without an answer that make a service deaf. @default 3 */
  readonly deafProbes: number;
  /** Sweeps without the finding before an incident resolves by itself. @default 3 */
  readonly resolveAfterSweeps: number;
  /** Queues matching one of these are expected to have no consumer or to pile up; they are never findings. @default [] */
  readonly ignoreQueues: readonly string[];
}

export const detectionDefaults: DetectionSettings = {
  backlogReady: 500,
  backlogDrained: 5,
  zombieAfterMs: 600_000,
  looksApartMs: 30_000,
  zombieCriticalReady: 1_000,
  channelsWarning: 100,
  channelsCritical: 500,
  channelsGrowth: 10,
  deafProbes: 3,
  resolveAfterSweeps: 3,
  ignoreQueues: [],
};
