import {
  aFunction,
  anObject,
  aSwitch,
  aText,
  atLeast,
  aWholeNumber,
  checkOptions,
  mostPrefetch,
  oneOf,
  type WantedOptions,
} from '../options/option-checks.ts';
import type {
  QueueNames,
  QueueOptions,
  ReconnectOptions,
  TlsOptions,
  TransportOptions,
} from '../options/options.ts';

const wanted: WantedOptions<TransportOptions> = {
  controlExchange: aText,
  connectionName: aText,
  pid: atLeast(0),
  heartbeatSeconds: atLeast(0),
  connectTimeoutMs: atLeast(1),
  reconnect: anObject,
  tls: anObject,
  login: oneOf('PLAIN', 'AMQPLAIN', 'EXTERNAL'),
  queues: anObject,
  prefetch: aWholeNumber(0, mostPrefetch),
  osloIdentical: aSwitch,
  bigIntegers: oneOf('bigint', 'string', 'number'),
  compression: oneOf('gzip'),
  missingReplyQueueMs: atLeast(0),
  onEvent: aFunction,
  random: aFunction,
};

const wantedOfReconnect: WantedOptions<ReconnectOptions> = {
  initialDelayMs: atLeast(0),
  maxDelayMs: atLeast(0),
};

const wantedOfTls: WantedOptions<TlsOptions> = {
  enabled: aSwitch,
  ca: aText,
  certificate: aText,
  key: aText,
  serverName: aText,
  verifyName: aSwitch,
  verify: aSwitch,
};

const wantedOfQueues: WantedOptions<QueueOptions> = {
  durable: aSwitch,
  autoDelete: aSwitch,
  quorum: aSwitch,
  quorumDeliveryLimit: atLeast(0),
  quorumMaxMemoryLength: atLeast(0),
  quorumMaxMemoryBytes: atLeast(0),
  transientQuorum: aSwitch,
  transientExpiresMs: atLeast(0),
  streamFanout: aSwitch,
  names: anObject,
};

const wantedOfNames: WantedOptions<QueueNames> = { host: aText, process: aText };

/** Throws TypeError for an option of a transport that does not exist or has a value that means nothing. */
export function checkTransportOptions(options: TransportOptions): void {
  checkOptions('getTransport', options, wanted);
  const { reconnect, tls, queues } = options;
  if (reconnect) {
    checkOptions('reconnect', reconnect, wantedOfReconnect);
  }
  if (tls) {
    checkOptions('tls', tls, wantedOfTls);
  }
  if (queues) {
    checkOptions('queues', queues, wantedOfQueues);
  }
  if (queues?.names) {
    checkOptions('queues.names', queues.names, wantedOfNames);
  }
}
