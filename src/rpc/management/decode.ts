import { definite } from '../definite.ts';
import type {
  BindingRow,
  ChannelRow,
  ConnectionRow,
  ConsumerRow,
  HealthCheck,
  NodeRow,
  Overview,
  QueueDetailRow,
  QueueRow,
} from './api.ts';

/**
 * The broker's JSON, read once and leniently: a key that is missing, null, of the wrong type or the string
 * `"undefined"` is absent, and so is an object that came as `[]`. By hand and not by schema, because one sweep decodes
 * tens of thousands of rows, and a row with one odd field must not cost the listing.
 */
export type Row = Readonly<Record<string, unknown>>;

export const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Decodes the rows that have what makes them a row at all; the others are left out, which the caller has to notice. */
export function rowsOf<T>(list: readonly unknown[], decode: (row: Row) => T | undefined): T[] {
  const rows: T[] = [];
  for (const item of list) {
    const decoded = isRow(item) ? decode(item) : undefined;
    if (decoded !== undefined) {
      rows.push(decoded);
    }
  }
  return rows;
}

export function text(row: Row | undefined, key: string): string | undefined {
  const value = row?.[key];
  return typeof value === 'string' && value !== '' && value !== 'undefined' ? value : undefined;
}

function count(row: Row | undefined, key: string): number | undefined {
  const value = row?.[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function flag(row: Row, key: string): boolean | undefined {
  const value = row[key];
  return typeof value === 'boolean' ? value : undefined;
}

function texts(row: Row, key: string): string[] | undefined {
  const value = row[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
}

/** An object inside an object; Erlang's empty property list arrives as `[]`, which is absent too. */
function rowAt(row: Row | undefined, key: string): Row | undefined {
  const value = row?.[key];
  return isRow(value) ? value : undefined;
}

export function nodeRow(row: Row): NodeRow | undefined {
  const name = text(row, 'name');
  if (name === undefined) {
    return undefined;
  }
  return {
    name,
    isRunning: flag(row, 'running') === true,
    ...definite({
      partitions: texts(row, 'partitions'),
      uptimeMs: count(row, 'uptime'),
      osPid: text(row, 'os_pid'),
      hasMemoryAlarm: flag(row, 'mem_alarm'),
      hasDiskAlarm: flag(row, 'disk_free_alarm'),
      isBeingDrained: flag(row, 'being_drained'),
      memoryUsedBytes: count(row, 'mem_used'),
      memoryLimitBytes: count(row, 'mem_limit'),
      netTickTimeSeconds: count(row, 'net_ticktime'),
    }),
  };
}

export function overviewOf(row: Row): Overview {
  const totals = rowAt(row, 'object_totals') ?? {};
  return {
    node: text(row, 'node') ?? '',
    ...definite({
      clusterName: text(row, 'cluster_name'),
      rabbitmqVersion: text(row, 'rabbitmq_version'),
      erlangVersion: text(row, 'erlang_version'),
      statisticsBacklog: count(row, 'statistics_db_event_queue'),
    }),
    totals: definite({
      queues: count(totals, 'queues'),
      consumers: count(totals, 'consumers'),
      connections: count(totals, 'connections'),
      channels: count(totals, 'channels'),
    }),
  };
}

/** Written for speed: no helper objects, because ten thousand rows come at once. */
export function queueRow(row: Row, vhost = row['vhost']): QueueRow | undefined {
  const { name } = row;
  if (typeof name !== 'string' || typeof vhost !== 'string') {
    return undefined;
  }
  const queue: { -readonly [K in keyof QueueRow]: QueueRow[K] } = { vhost, name };
  const ready = count(row, 'messages_ready');
  if (ready !== undefined) {
    queue.ready = ready;
  }
  const unacknowledged = count(row, 'messages_unacknowledged');
  if (unacknowledged !== undefined) {
    queue.unacknowledged = unacknowledged;
  }
  const consumers = count(row, 'consumers');
  if (consumers !== undefined) {
    queue.consumers = consumers;
  }
  const type = text(row, 'type');
  if (type !== undefined) {
    queue.type = type;
  }
  const state = text(row, 'state');
  if (state !== undefined) {
    queue.state = state;
  }
  const stats = rowAt(row, 'message_stats');
  if (stats === undefined) {
    return queue;
  }
  const publishRate = count(rowAt(stats, 'publish_details'), 'rate');
  if (publishRate !== undefined) {
    queue.publishRate = publishRate;
  }
  const ackRate = count(rowAt(stats, 'ack_details'), 'rate');
  if (ackRate !== undefined) {
    queue.ackRate = ackRate;
  }
  return queue;
}

export function queueDetailRow(row: Row): QueueDetailRow | undefined {
  const queue = queueRow(row);
  if (queue === undefined) {
    return undefined;
  }
  return {
    ...queue,
    arguments: rowAt(row, 'arguments') ?? {},
    ...definite({
      exclusive: flag(row, 'exclusive'),
      durable: flag(row, 'durable'),
      policy: text(row, 'policy'),
      memoryBytes: count(row, 'memory'),
      messageBytes: count(row, 'message_bytes'),
      idleSinceMs: instant(row, 'idle_since'),
      leader: text(row, 'leader') ?? text(row, 'node'),
      deliverRate: count(rowAt(rowAt(row, 'message_stats'), 'deliver_get_details'), 'rate'),
      isFederated: isFederated(row) ? (true as const) : undefined,
    }),
  };
}

const isFederated = (row: Row): boolean =>
  Object.keys(rowAt(row, 'effective_policy_definition') ?? {}).some((key) =>
    key.startsWith('federation-upstream'),
  );

/** The queues that a shovel's definition names, on either end. */
export function shovelEnds(row: Row): readonly { readonly name: string }[] {
  const value = rowAt(row, 'value');
  return ['src-queue', 'dest-queue'].flatMap((key) => {
    const name = text(value, key);
    return name === undefined ? [] : [{ name }];
  });
}

export function consumerRow(row: Row): ConsumerRow | undefined {
  const { name, vhost } = rowAt(row, 'queue') ?? {};
  if (typeof name !== 'string' || typeof vhost !== 'string') {
    return undefined;
  }
  const connectionName = text(rowAt(row, 'channel_details'), 'connection_name');
  return connectionName === undefined ? { vhost, queue: name } : { vhost, queue: name, connectionName };
}

export function connectionRow(row: Row): ConnectionRow | undefined {
  const name = text(row, 'name');
  if (name === undefined) {
    return undefined;
  }
  return {
    name,
    node: text(row, 'node') ?? '',
    ...definite({
      clientName: text(row, 'user_provided_name') ?? text(rowAt(row, 'client_properties'), 'connection_name'),
      user: text(row, 'user'),
      vhost: text(row, 'vhost'),
      peerHost: text(row, 'peer_host'),
      channels: count(row, 'channels'),
      channelMax: count(row, 'channel_max'),
      heartbeatSeconds: count(row, 'timeout'),
      connectedAtMs: count(row, 'connected_at'),
      state: text(row, 'state'),
    }),
  };
}

export function channelRow(row: Row): ChannelRow | undefined {
  const name = text(row, 'name');
  if (name === undefined) {
    return undefined;
  }
  return {
    name,
    connectionName: text(rowAt(row, 'connection_details'), 'name') ?? name.replace(/ \(\d+\)$/, ''),
    ...definite({ consumers: count(row, 'consumer_count'), idleSinceMs: instant(row, 'idle_since') }),
  };
}

export function bindingRow(row: Row): BindingRow | undefined {
  const { vhost, source, destination, routing_key: routingKey } = row;
  if (typeof vhost !== 'string' || typeof source !== 'string' || typeof destination !== 'string') {
    return undefined;
  }
  return {
    vhost,
    source,
    destination,
    destinationType: text(row, 'destination_type') ?? 'queue',
    routingKey: typeof routingKey === 'string' ? routingKey : '',
  };
}

export function exchangeRow(row: Row): { readonly vhost: string; readonly name: string } | undefined {
  const { vhost, name } = row;
  return typeof vhost === 'string' && typeof name === 'string' ? { vhost, name } : undefined;
}

/** A 503 of a health check: its reason, and the queues, alarms or nodes that it names. */
export function failedCheck(row: Row): HealthCheck {
  const items = Object.values(row).flatMap((value) => (Array.isArray(value) ? value.map(itemName) : []));
  return { kind: 'failed', ...definite({ reason: text(row, 'reason') }), items };
}

function itemName(item: unknown): string {
  if (!isRow(item)) {
    return String(item);
  }
  const resource = text(item, 'resource');
  const node = text(item, 'node');
  if (resource !== undefined && node !== undefined) {
    return `${resource} on ${node}`;
  }
  return text(item, 'readable_name') ?? text(item, 'name') ?? JSON.stringify(item);
}

/** Tags are a list since 3.9 and were one comma-separated string before. */
export const tagsOf = (row: Row): readonly string[] =>
  texts(row, 'tags') ?? (text(row, 'tags') ?? '').split(',').filter((tag) => tag !== '');

/** `2026-11-23T00:08:39.864+00:00` since 3.10, `2026-11-23 0:08:39` in UTC before. */
function instant(row: Row, key: string): number | undefined {
  const written = text(row, key);
  if (written === undefined) {
    return undefined;
  }
  const old = /^(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})$/.exec(written);
  const [, year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = (old ?? []).map(Number);
  const at = old === null ? Date.parse(written) : Date.UTC(year, month - 1, day, hour, minute, second);
  return Number.isNaN(at) ? undefined : at;
}
