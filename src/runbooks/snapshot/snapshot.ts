import type { NodeRow, ObjectTotals } from '../../rpc/index.ts';
/**
 * What one sweep saw of one cluster, as a plain value.
 *
 * Every field that the broker may leave out is optional here, and stays absent when it was absent:
 * absent is neither zero nor healthy (a row is ragged while a node is down or younger than one statistics tick).
 */
export interface Snapshot {
  readonly cluster: string;
  /** When the sweep began, milliseconds since the epoch. */
  readonly takenAtMs: number;
  /** How long the sweep took, milliseconds. */
  readonly tookMs: number;
  /** One entry for each configured node, in the order of the configuration. */
  readonly nodes: readonly NodeView[];
  /**
   * The sides that the views form: nodes which say they run together. One side of all nodes is a whole cluster.
   * Nodes whose API gave no answer are on no side.
   */
  readonly sides: readonly Side[];
  /** Every queue that some side listed. */
  readonly queues: Listing<QueueSeen>;
  readonly connections: Listing<ConnectionSeen>;
  readonly consumers: Listing<ConsumerSeen>;
}

/** A listing is whole, or it says which nodes' share is missing and why. Missing is not empty. */
export interface Listing<Row> {
  readonly rows: readonly Row[];
  readonly missing: readonly { readonly node: string; readonly why: string }[];
}

/** What one node's management API said, or why it said nothing. */
export interface NodeView {
  readonly name: string;
  readonly answer: NodeAnswer | NodeSilence;
  /** What epmd on the node's host says: is the Erlang VM there, whatever its API does? `unknown` if epmd could not be asked. */
  readonly vm: 'registered' | 'absent' | 'unknown';
}

export interface NodeAnswer {
  readonly kind: 'answered';
  readonly tookMs: number;
  /** The `/api/nodes` rows as this node sees them, itself included. */
  readonly peers: readonly NodeRow[];
  readonly rabbitmqVersion?: string;
  readonly erlangVersion?: string;
  /** Object totals of `/api/overview`, as this side counts them. */
  readonly totals?: ObjectTotals;
  /** Length of the statistics database's event queue; above 1,000 its rates are wrong. */
  readonly statisticsBacklog?: number;
}

export type SilenceReason =
  | 'refused'
  | 'timeout'
  | 'unauthorized'
  | 'not-json'
  | 'tls'
  | 'http-error'
  /** Another node answers at the configured address: what it says is not this node's view. */
  | 'wrong-node'
  /** Its list of nodes does not name itself: whatever answers there, it is no view of this cluster. */
  | 'not-itself'
  | 'unreachable';

export interface NodeSilence {
  readonly kind: 'silent';
  readonly why: SilenceReason;
  /** One sentence for people: which request, what came. Never holds a secret. */
  readonly message: string;
  /** The name of the node that answered instead, when `why` is `wrong-node`. */
  readonly answeredAs?: string;
  /** Did the TCP port accept a connection all the same? A hanging API with a quick port is the sign of an unnoticed drop. */
  readonly portOpen?: boolean;
}

/** Nodes that say they run together. */
export interface Side {
  readonly members: readonly string[];
  /** Client connections that end on this side, if the listing was whole. */
  readonly clientConnections?: number;
}

export interface QueueSeen {
  readonly vhost: string;
  readonly name: string;
  /** The node (or one node of the side) that reported it. */
  readonly seenBy: string;
  readonly ready?: number;
  readonly unacknowledged?: number;
  readonly consumers?: number;
  /** Known of the fullest, and of those that run and give no numbers. */
  readonly type?: 'classic' | 'quorum' | 'stream' | 'unknown';
  readonly state?: string;
  /** Messages a second, when the source gives rates. */
  readonly publishRate?: number;
  readonly ackRate?: number;
}

export interface ConnectionSeen {
  /** The socket name, `10.3.0.35:32803 -> 10.3.0.44:5672`: the key that channels and consumers refer to. */
  readonly name: string;
  readonly node: string;
  /** The client's own name, `nova-compute:4242:uuid` for an OpenStack service. */
  readonly clientName?: string;
  readonly user?: string;
  readonly vhost?: string;
  readonly peerHost?: string;
  readonly channels?: number;
  readonly channelMax?: number;
  /** Negotiated heartbeat; 0 is off. */
  readonly heartbeatSeconds?: number;
  readonly connectedAtMs?: number;
  readonly state?: string;
}

export interface ConsumerSeen {
  readonly vhost: string;
  readonly queue: string;
  /** Absent where consumers were only counted. */
  readonly connectionName?: string;
}
