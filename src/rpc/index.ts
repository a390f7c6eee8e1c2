export {
  type ClientOptions,
  getRpcClient,
  type PrepareOptions,
  type RpcArguments,
  type RpcClient,
} from './client.ts';
export {
  type AccessPolicy,
  type Endpoint,
  type EndpointLiteral,
  type EndpointMethod,
  expose,
} from './dispatcher.ts';
export {
  BrokerUnreachable,
  InvalidTarget,
  InvalidTlsOptions,
  InvalidTransportUrl,
  MessageDeliveryFailure,
  MessageUndeliverable,
  MessagingError,
  MessagingTimeout,
  NoSuchMethod,
  PythonException,
  RemoteError,
  type RemoteFailure,
  RpcVersionCapError,
  reasonOf,
  TopologyConflict,
  UndecodableMessage,
  UnsupportedVersion,
  WorkerLost,
} from './errors.ts';
export {
  type BatchNotificationEndpoint,
  getNotificationListener,
  type NotificationEndpoint,
} from './listener.ts';
export type * from './management/api.ts';
export { ManagementError, type ManagementFailure } from './management/errors.ts';
export { openMetrics } from './management/metrics.ts';
export { type ManagementEndpoint, openManagement } from './management/open-management.ts';
export type { NotificationFilter } from './notification-filter.ts';
export type {
  BatchListenerOptions,
  ListenerOptions,
  NotificationListener,
  NotificationResult,
} from './notification-listener.ts';
export { getNotifier, type Notifier, type NotifierOptions, type Priority } from './notifier.ts';
// Now and then: how a transport behaves, what a server lets through, how values are written.
export type {
  QueueNames,
  QueueOptions,
  ReconnectOptions,
  TlsOptions,
  TransportEvent,
  TransportOptions,
} from './options.ts';
export { type ProbeKind, type ProbeOptions, type ProbeResult, probeService } from './probe.ts';
export { redact } from './redact.ts';
export { jsonPayloadSerializer, noOpSerializer, type Serializer, toPrimitive } from './serializer.ts';
export { getRpcServer, type RpcServer } from './server.ts';
export type { Served, ServerOptions } from './server-options.ts';
export { type TapOptions, type TappedMessage, tap } from './tap.ts';
export { Target, type TargetFields } from './target.ts';
export type { EndpointModule } from './threads/modules.ts';
export { connectOptionsOf } from './tls/connect-options.ts';
export { type TlsProblem, tlsProblem } from './tls/pem.ts';
export { tlsReason } from './tls/reason.ts';
// Everyday: open a transport, serve, call, notify, probe.
export { getTransport, type Transport } from './transport.ts';
// For those who read the wire.
export {
  formatTransportUrl,
  parseTransportUrl,
  type TransportHost,
  type TransportUrl,
} from './transport-url.ts';
export { isVersionCompatible } from './version.ts';
export type { Context } from './wire/context.ts';
export { decodeBody, encodeEnvelope } from './wire/envelope.ts';
export type { Notification } from './wire/notification.ts';
export { type BigIntegers, parseJson, stringifyJson } from './wire/tolerant-json.ts';
