export {
  type ClientOptions,
  getRpcClient,
  type PrepareOptions,
  type RpcArguments,
  type RpcClient,
} from './client/client.ts';
export { type Definite, definite } from './definite.ts';
export {
  type AccessPolicy,
  type Endpoint,
  type EndpointLiteral,
  type EndpointMethod,
  expose,
} from './dispatch/dispatcher.ts';
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
export type * from './management/api.ts';
export { ManagementError, type ManagementFailure } from './management/errors.ts';
export { openMetrics } from './management/metrics.ts';
export { type ManagementEndpoint, openManagement } from './management/open-management.ts';
export {
  type BatchNotificationEndpoint,
  getNotificationListener,
  type NotificationEndpoint,
} from './notify/listener.ts';
export type { NotificationFilter } from './notify/notification-filter.ts';
export type {
  BatchListenerOptions,
  ListenerOptions,
  NotificationListener,
  NotificationResult,
} from './notify/notification-listener.ts';
export { getNotifier, type Notifier, type NotifierOptions, type Priority } from './notify/notifier.ts';
// Now and then: how a transport behaves, what a server lets through, how values are written.
export type {
  QueueNames,
  QueueOptions,
  ReconnectOptions,
  TlsOptions,
  TransportEvent,
  TransportOptions,
} from './options/options.ts';
export { withoutSecrets as redact } from './options/redact.ts';
// For those who read the wire.
export {
  formatTransportUrl,
  parseTransportUrl,
  type TransportHost,
  type TransportUrl,
} from './options/transport-url.ts';
export { type ProbeKind, type ProbeOptions, type ProbeResult, probeService } from './probe/probe.ts';
export { type TapOptions, type TappedMessage, tap } from './probe/tap.ts';
export { getRpcServer, type RpcServer } from './server/server.ts';
export type { Served, ServerOptions } from './server/server-options.ts';
export type { EndpointModule } from './threads/modules.ts';
export { connectOptionsOf } from './tls/connect-options.ts';
export { type TlsProblem, tlsProblem } from './tls/pem.ts';
export { tlsReason } from './tls/reason.ts';
// Everyday: open a transport, serve, call, notify, probe.
export { getTransport, type Transport } from './transport/transport.ts';
export type { Context } from './wire/context.ts';
export { decodeBody, encodeEnvelope } from './wire/envelope.ts';
export { type BigIntegers, parseJson, stringifyJson } from './wire/json/tolerant-json.ts';
export type { Notification } from './wire/notification.ts';
export { jsonPayloadSerializer, noOpSerializer, type Serializer, toPrimitive } from './wire/serializer.ts';
export { Target, type TargetFields } from './wire/target.ts';
export { isVersionCompatible } from './wire/version.ts';
// How times, numbers and names read in a sentence: one way for all rooms.
export { count, counted } from './wording/counts.ts';
export { listed } from './wording/listed.ts';
export { span } from './wording/span.ts';
