/** The broker's HTTP API as the rest of the product uses it: narrow, typed, decoded once. `openManagement` implements it. */
export interface ManagementApi {
  /** The configured name of the node behind this API. */
  readonly node: string;
  /** `GET /api/nodes`: every node as this one sees it. */
  nodes(options: RequestLimits): Promise<readonly NodeRow[]>;
  /** `GET /api/overview`. */
  overview(options: RequestLimits): Promise<Overview>;
  /** The cheapest full listing with live totals: no types; never paged (a page costs as much as the whole). */
  queueTotals(options: RequestLimits): Promise<readonly QueueRow[]>;
  /** Every consumer with its queue and its connection. */
  consumers(options: RequestLimits): Promise<readonly ConsumerRow[]>;
  /** Every consumer with its queue alone: enough to count them, for half of the broker's time. */
  consumerQueues(options: RequestLimits): Promise<readonly ConsumerRow[]>;
  connections(options: RequestLimits): Promise<readonly ConnectionRow[]>;
  /**
   * `GET /api/queues/{vhost}/{name}`; undefined when the queue does not exist. `stats: false` leaves out all numbers, and
   * costs the broker a fifth.
   */
  queue(
    vhost: string,
    name: string,
    options: RequestLimits & { readonly stats?: false },
  ): Promise<QueueDetailRow | undefined>;
  bindingsOfQueue(vhost: string, name: string, options: RequestLimits): Promise<readonly BindingRow[]>;
  bindings(options: RequestLimits): Promise<readonly BindingRow[]>;
  exchanges(options: RequestLimits): Promise<readonly { readonly vhost: string; readonly name: string }[]>;
  connection(name: string, options: RequestLimits): Promise<ConnectionRow | undefined>;
  channelsOfConnection(name: string, options: RequestLimits): Promise<readonly ChannelRow[]>;
  /** `GET /api/health/checks/{check}`: 404 means the version has no such check. */
  healthCheck(check: string, options: RequestLimits): Promise<HealthCheck>;
  /** Queues that a dynamic shovel takes from or brings to; none where the plugin is off. Wants the tag policymaker. */
  shovelQueues(options: RequestLimits): Promise<readonly { readonly name: string }[]>;
  /** `DELETE` with `if-unused=true` (brokers refuse it for quorum queues), and `if-empty=true` when asked. */
  deleteQueue(
    vhost: string,
    name: string,
    options: RequestLimits & { readonly ifUnused: boolean; readonly ifEmpty?: boolean },
  ): Promise<WriteAnswer>;
  /** `POST /api/bindings/{vhost}/e/{exchange}/q/{queue}`. Binding twice is the same as once; `absent`: one of them is not there. */
  bindQueue(
    binding: {
      readonly vhost: string;
      readonly exchange: string;
      readonly queue: string;
      readonly routingKey: string;
    },
    options: RequestLimits,
  ): Promise<WriteAnswer>;
  /** `DELETE /api/connections/{name}` with `X-Reason`. */
  closeConnection(name: string, options: RequestLimits & { readonly reason: string }): Promise<WriteAnswer>;
  /** `whoami`: the user and its tags, to check the credential. */
  whoAmI(options: RequestLimits): Promise<{ readonly name: string; readonly tags: readonly string[] }>;
  /** Does a new TCP connection to the API's port open in time? A hanging API behind a quick port is a sign of its own. */
  readonly portOpen?: (options: RequestLimits) => Promise<boolean>;
}

/** A node's Prometheus endpoint, which gives the queues that are led on that node and nothing of other nodes. */
export interface MetricsApi {
  /** The configured name of the node behind this endpoint. */
  readonly node: string;
  /** `GET /metrics/detailed`: depths; no type, no state, no consumers. At most one statistics tick old. */
  queues(options: RequestLimits): Promise<readonly QueueRow[]>;
}

/** Every request has a limit: the sweep's deadline, or its own. */
export interface RequestLimits {
  /** Longest time until the whole answer is there, milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Answer to a write. The broker's 204 means accepted, not proved: success is what a later read shows. */
export type WriteAnswer =
  | { readonly kind: 'accepted' }
  /** It was not there (404). */
  | { readonly kind: 'absent' }
  /** The broker said no; its own reason. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface HealthCheck {
  readonly kind: 'ok' | 'failed' | 'unsupported';
  readonly reason?: string;
  /** Queues, alarms or nodes that the check names. */
  readonly items?: readonly string[];
}

/** One row of `/api/nodes`: what the node that was asked says of one node of its cluster. */
export interface NodeRow {
  readonly name: string;
  readonly isRunning: boolean;
  /** Absent on a young or stopped node. Filled only after the link is back (Mnesia); always empty under Khepri. */
  readonly partitions?: readonly string[];
  readonly uptimeMs?: number;
  readonly osPid?: string;
  readonly hasMemoryAlarm?: boolean;
  readonly hasDiskAlarm?: boolean;
  readonly isBeingDrained?: boolean;
  readonly memoryUsedBytes?: number;
  readonly memoryLimitBytes?: number;
  readonly netTickTimeSeconds?: number;
}

export interface Overview {
  readonly node: string;
  readonly clusterName?: string;
  readonly rabbitmqVersion?: string;
  readonly erlangVersion?: string;
  readonly statisticsBacklog?: number;
  readonly totals: ObjectTotals;
}

/** How many of each the broker counts. */
export interface ObjectTotals {
  readonly queues?: number;
  readonly consumers?: number;
  readonly connections?: number;
  readonly channels?: number;
}

export interface QueueRow {
  readonly vhost: string;
  readonly name: string;
  readonly ready?: number;
  readonly unacknowledged?: number;
  readonly consumers?: number;
  readonly type?: string;
  readonly state?: string;
  readonly publishRate?: number;
  readonly ackRate?: number;
}

export interface QueueDetailRow extends QueueRow {
  readonly exclusive?: boolean;
  readonly durable?: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly policy?: string;
  readonly memoryBytes?: number;
  readonly messageBytes?: number;
  readonly idleSinceMs?: number;
  readonly leader?: string;
  /** Messages a second that were handed out, to consumers and to gets. */
  readonly deliverRate?: number;
  /** A policy makes it part of a federation. */
  readonly isFederated?: true;
}

export interface ConsumerRow {
  readonly vhost: string;
  readonly queue: string;
  /** The connection's socket name; absent when it was not asked for, or the broker does not say. */
  readonly connectionName?: string;
}

export interface ConnectionRow {
  readonly name: string;
  readonly node: string;
  readonly clientName?: string;
  readonly user?: string;
  readonly vhost?: string;
  readonly peerHost?: string;
  readonly channels?: number;
  readonly channelMax?: number;
  readonly heartbeatSeconds?: number;
  readonly connectedAtMs?: number;
  readonly state?: string;
}

export interface ChannelRow {
  readonly name: string;
  readonly connectionName: string;
  readonly consumers?: number;
  readonly idleSinceMs?: number;
}

export interface BindingRow {
  readonly vhost: string;
  readonly source: string;
  readonly destination: string;
  readonly destinationType: string;
  readonly routingKey: string;
}
