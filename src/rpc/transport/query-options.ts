import { getFips } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { programName } from '../amqp/address.ts';
import { definite } from '../definite.ts';
import { InvalidTransportUrl, reasonOf } from '../errors.ts';
import type { QueueNames, QueueOptions, TlsOptions, TransportOptions } from '../options/options.ts';
import type { TransportUrl } from '../options/transport-url.ts';
import { tlsProblem } from '../tls/pem.ts';

const drivers: readonly string[] = ['rabbit', 'kombu', 'amqp', 'amqps'];

/** Settings of `[oslo_messaging_rabbit]` that have no meaning here: accepted, so that a service's URL can be used as it is. */
const withoutMeaning: ReadonlySet<string> = new Set([
  'conn_pool_min_size',
  'conn_pool_ttl',
  'direct_mandatory_flag',
  'enable_cancel_on_failover',
  'heartbeat_in_pthread',
  'heartbeat_rate',
  'kombu_failover_strategy',
  'kombu_reconnect_splay',
  'rabbit_ha_queues',
  'rabbit_retry_backoff',
  'rabbit_retry_interval',
  'rpc_conn_pool_size',
  'ssl_version',
]);

/** The options with the settings of a URL's query on top. Throws InvalidTransportUrl for a name oslo does not know. */
export function optionsFromQuery(url: TransportUrl, options: TransportOptions): TransportOptions {
  const [driver = ''] = url.transport.split('+', 1);
  if (!drivers.includes(driver) || url.transport.includes('+')) {
    throw new InvalidTransportUrl(
      `'${url.transport}' is not a supported driver: the URL must begin with rabbit://`,
    );
  }
  const settings = new Map(Object.entries(url.query));
  const take = (name: string): string | undefined => {
    const value = settings.get(name);
    settings.delete(name);
    return value;
  };
  const tls = tlsFrom(take);
  const queues = queuesFrom(take);
  const heartbeat = numberFrom('heartbeat_timeout_threshold', take);
  const delay = numberFrom('kombu_reconnect_delay', take);
  const longest = numberFrom('rabbit_interval_max', take);
  const missing = numberFrom('kombu_missing_consumer_retry_timeout', take);
  const prefetch = numberFrom('rabbit_qos_prefetch_count', take);
  const login = take('rabbit_login_method');
  const compression = take('kombu_compression');
  for (const name of settings.keys()) {
    if (!withoutMeaning.has(name)) {
      throw unknownSetting(name);
    }
  }
  return {
    ...options,
    tls: { ...options.tls, ...tls },
    queues: { ...options.queues, ...queues },
    reconnect: {
      ...options.reconnect,
      ...(delay !== undefined && { initialDelayMs: delay * 1000 }),
      ...(longest !== undefined && { maxDelayMs: longest * 1000 }),
    },
    ...definite({ heartbeatSeconds: heartbeat }),
    ...(missing !== undefined && { missingReplyQueueMs: missing * 1000 }),
    ...definite({ prefetch }),
    ...(isLogin(login) && { login }),
    ...(isCompression(compression) && { compression }),
  };
}

type Take = (name: string) => string | undefined;

const pemSettings = { ca: 'ssl_ca_file', certificate: 'ssl_cert_file', key: 'ssl_key_file' } as const;

function tlsFrom(take: Take): TlsOptions {
  const enabled = booleanFrom('ssl', take);
  // As there: a wrong name is accepted then, a certificate of a wrong authority is not.
  const verifyName = booleanFrom('ssl_enforce_hostname_verification', take);
  const ca = pemFrom(pemSettings.ca, take);
  const certificate = pemFrom(pemSettings.certificate, take);
  const key = pemFrom(pemSettings.key, take);
  if (booleanFrom('ssl_enforce_fips_mode', take) === true && getFips() !== 1) {
    throw new InvalidTransportUrl(
      "The URL's setting ssl_enforce_fips_mode wants FIPS mode, which is off: start Node with --enable-fips.",
    );
  }
  const texts = {
    ...definite({ ca: ca?.text, certificate: certificate?.text, key: key?.text }),
  };
  const wrong = tlsProblem(texts);
  if (wrong) {
    const { path } = { ca, certificate, key }[wrong.field] ?? {};
    throw new InvalidTransportUrl(
      `The file of the URL's setting ${pemSettings[wrong.field]}${path === undefined ? '' : ` (${path})`} ${wrong.problem}.`,
    );
  }
  return {
    ...definite({ enabled, verifyName }),
    ...texts,
  };
}

function queuesFrom(take: Take): QueueOptions {
  const durable = booleanFrom('amqp_durable_queues', take);
  const autoDelete = booleanFrom('amqp_auto_delete', take);
  const quorum = booleanFrom('rabbit_quorum_queue', take);
  const transientQuorum = booleanFrom('rabbit_transient_quorum_queue', take);
  const expires = numberFrom('rabbit_transient_queues_ttl', take);
  const limit = numberFrom('rabbit_quorum_delivery_limit', take);
  const length = numberFrom('rabbit_quorum_max_memory_length', take);
  const bytes = numberFrom('rabbit_quorum_max_memory_bytes', take);
  const streamFanout = booleanFrom('rabbit_stream_fanout', take);
  const names = namesFrom(take);
  return {
    ...definite({ durable, autoDelete, quorum, transientQuorum }),
    ...(expires !== undefined && { transientExpiresMs: expires * 1000 }),
    ...definite({
      quorumDeliveryLimit: limit,
      quorumMaxMemoryLength: length,
      quorumMaxMemoryBytes: bytes,
      streamFanout,
    }),
    ...(names && { names }),
  };
}

/** What is no name is not repeated: a `?` in a password that was not encoded makes a setting of the password's end. */
function unknownSetting(name: string): InvalidTransportUrl {
  return new InvalidTransportUrl(
    /^[a-z_]+$/.test(name)
      ? `The URL's query has a setting that oslo.messaging does not know: ${name}`
      : "The text after the URL's ? is not the name of a setting. Write a ? in a password as %3F.",
  );
}

/** The two names count only with the queue manager that uses them. */
function namesFrom(take: Take): QueueNames | undefined {
  const isUsed = booleanFrom('use_queue_manager', take) ?? false;
  const host = take('hostname');
  const process = take('processname');
  if (!isUsed) {
    return undefined;
  }
  return { ...definite({ host }), process: process ?? programName() };
}

/** oslo.config's words for true and false. */
function booleanFrom(name: string, take: Take): boolean | undefined {
  const value = take(name)?.toLowerCase();
  if (value === undefined) {
    return undefined;
  }
  if (['1', 'true', 'on', 'yes'].includes(value)) {
    return true;
  }
  if (['0', 'false', 'off', 'no'].includes(value)) {
    return false;
  }
  throw new InvalidTransportUrl(`The URL's setting ${name} must be true or false.`);
}

function numberFrom(name: string, take: Take): number | undefined {
  const value = take(name);
  if (value === undefined) {
    return undefined;
  }
  const number = Number(value);
  if (value === '' || !Number.isFinite(number) || number < 0) {
    throw new InvalidTransportUrl(`The URL's setting ${name} must be a number that is not negative.`);
  }
  return number;
}

function pemFrom(setting: string, take: Take): { readonly path: string; readonly text: string } | undefined {
  const path = take(setting);
  if (path === undefined || path === '') {
    return undefined;
  }
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (cause) {
    // Somebody may have put the key itself where its path belongs: what stands there is told by the cause alone.
    const why = setting === pemSettings.key ? codeOf(cause) : reasonOf(cause);
    throw new InvalidTransportUrl(
      `The file of the URL's setting ${setting} cannot be read (${why}): correct the path, or let this user read it.`,
      { cause },
    );
  }
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : 'it cannot be opened';

function isCompression(text: string | undefined): text is 'gzip' {
  if (text === undefined || text === '' || text === 'gzip') {
    return text === 'gzip';
  }
  throw new InvalidTransportUrl(
    "The URL's setting kombu_compression must be gzip: no other is written or read here.",
  );
}

function isLogin(text: string | undefined): text is 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL' {
  if (text === undefined || text === 'PLAIN' || text === 'AMQPLAIN' || text === 'EXTERNAL') {
    return text !== undefined;
  }
  throw new InvalidTransportUrl("The URL's setting rabbit_login_method must be PLAIN, AMQPLAIN or EXTERNAL.");
}
