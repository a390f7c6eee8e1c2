import type { BigIntegers } from '../wire/json/tolerant-json.ts';

/** How a transport behaves. Everything has a default; settings in the URL's query override these. */
export interface TransportOptions {
  /** The topic exchange of targets that name none. @default 'openstack' */
  readonly controlExchange?: string;
  /** The program's name in the connection's name `<program>:<pid>:<uuid>`. @default the started file's name */
  readonly connectionName?: string;
  /** The process id in the connection's name. @default process.pid */
  readonly pid?: number;
  /** Seconds of silence after which a peer counts as dead; noticed within twice that. 0 is off. @default 60 */
  readonly heartbeatSeconds?: number;
  /** Longest time for one host to accept and log in, milliseconds. @default 10000 */
  readonly connectTimeoutMs?: number;
  readonly reconnect?: ReconnectOptions;
  readonly tls?: TlsOptions;
  /** SASL mechanism. `EXTERNAL` takes the user from the client certificate. @default 'PLAIN' */
  readonly login?: 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL';
  readonly queues?: QueueOptions;
  /** `rabbit_qos_prefetch_count` for servers that say nothing themselves; 0 is no limit. @default see ServerOptions */
  readonly prefetch?: number;
  /** Declares reply queues exactly as Python does: not exclusive, expiring, left behind. @default false */
  readonly osloIdentical?: boolean;
  /** What becomes of integers beyond 2^53 in a message. @default 'bigint' */
  readonly bigIntegers?: BigIntegers;
  /** Compresses what is sent, as oslo's `kombu_compression=gzip`. @default no compression */
  readonly compression?: 'gzip';
  /** How long a server tries to send a reply whose queue is missing, milliseconds. @default 60000 */
  readonly missingReplyQueueMs?: number;
  /**
   * Told of connections made and lost, of blocking, and of topology that had to be repaired. Not awaited; when it
   * throws, that becomes a Node warning.
   */
  readonly onEvent?: (event: TransportEvent) => void;
  /** A number in [0, 1) for jitter. @default Math.random */
  readonly random?: () => number;
}

/** Pauses between rounds over all hosts: `initialDelayMs`, then doubling to `maxDelayMs`, each with jitter. */
export interface ReconnectOptions {
  /** @default 500 */
  readonly initialDelayMs?: number;
  /** @default 15000 */
  readonly maxDelayMs?: number;
}

/** TLS 1.2 and 1.3. Certificates and keys are PEM text. */
export interface TlsOptions {
  /** @default false; true with `amqps:` and `https:` */
  readonly enabled?: boolean;
  /** The authorities that may have signed the other side's certificate. @default those of Node */
  readonly ca?: string;
  /** Shown to who asks for one; intermediate authorities follow it. @default none */
  readonly certificate?: string;
  /** Of the certificate, without a passphrase. @default the one in the text of `certificate` */
  readonly key?: string;
  /** The name that the other side's certificate must hold. @default the host's */
  readonly serverName?: string;
  /** False takes a certificate for whatever name, if the right authority has signed it. @default true */
  readonly verifyName?: boolean;
  /** False takes any certificate: anybody on the way can read the password. @default true */
  readonly verify?: boolean;
}

/** Properties of what is declared, by their meaning in oslo's `[oslo_messaging_rabbit]`. */
export interface QueueOptions {
  /** `amqp_durable_queues`. @default false */
  readonly durable?: boolean;
  /** `amqp_auto_delete`. @default false */
  readonly autoDelete?: boolean;
  /** `rabbit_quorum_queue`: topic queues are quorum queues. @default false */
  readonly quorum?: boolean;
  /** `rabbit_quorum_delivery_limit` of the quorum queues. @default none */
  readonly quorumDeliveryLimit?: number;
  /** `rabbit_quorum_max_memory_length` of the quorum queues. @default none */
  readonly quorumMaxMemoryLength?: number;
  /** `rabbit_quorum_max_memory_bytes` of the quorum queues. @default none */
  readonly quorumMaxMemoryBytes?: number;
  /** `rabbit_transient_quorum_queue`: reply and fanout queues too. @default false */
  readonly transientQuorum?: boolean;
  /** `rabbit_transient_queues_ttl` in milliseconds: x-expires of reply and fanout queues; 0 is none. @default 1800000 */
  readonly transientExpiresMs?: number;
  /**
   * `rabbit_stream_fanout`: all servers of a topic read fanout casts from one stream, whose messages live for
   * `transientExpiresMs`. A server begins with what comes after it. @default false
   */
  readonly streamFanout?: boolean;
  /** `use_queue_manager`: names of reply and fanout queues that are few and tell whose they are. @default random names */
  readonly names?: QueueNames;
}

/**
 * Reply and fanout queues end in `<host>:<process>:<n>`. No two processes may have the same two names; `n` counts
 * within the process.
 */
export interface QueueNames {
  /** @default the machine's name */
  readonly host?: string;
  /** Such as `nova-compute`. */
  readonly process: string;
}

/** What a transport tells about itself. No field ever holds a secret. */
export type TransportEvent =
  | { readonly kind: 'connected'; readonly host: string; readonly connectionName: string }
  | { readonly kind: 'disconnected'; readonly host: string; readonly reason: string }
  | { readonly kind: 'connect-failed'; readonly host: string; readonly reason: string }
  | { readonly kind: 'blocked'; readonly reason: string }
  | { readonly kind: 'unblocked' }
  /** Requests did not reach a server any more, although it consumed; its queues are being bound again. */
  | { readonly kind: 'bindings-lost'; readonly what: string; readonly reason: string }
  | { readonly kind: 'bindings-restored'; readonly what: string }
  /** Consumers and their queues were lost and will be declared again, or could not be. */
  | { readonly kind: 'consumers-lost'; readonly what: string; readonly reason: string }
  | { readonly kind: 'consumers-restored'; readonly what: string }
  /** A message could not be read and was rejected, or a reply could not be sent. */
  | { readonly kind: 'dropped'; readonly what: string; readonly reason: string };
