/** The base of every error of the messaging core. */
export class MessagingError extends Error {
  override readonly name: string = 'MessagingError';
}

/** No answer came in time. The request may or may not have been carried out. */
export class MessagingTimeout extends MessagingError {
  override readonly name = 'MessagingTimeout';
}

/** The message could not be handed to the broker, or its fate became unknown when the connection went. */
export class MessageDeliveryFailure extends MessagingError {
  override readonly name: string = 'MessageDeliveryFailure';
}

/** No host of the transport URL could be reached; the last host's reason is the cause. */
export class BrokerUnreachable extends MessageDeliveryFailure {
  override readonly name = 'BrokerUnreachable';
}

/** The broker has a queue or exchange of that name with other properties, or refuses to declare it. */
export class TopologyConflict extends MessageDeliveryFailure {
  override readonly name = 'TopologyConflict';
}

/** The broker took a mandatory message and gave it back: no queue is bound for it. */
export class MessageUndeliverable extends MessagingError {
  override readonly name = 'MessageUndeliverable';
  readonly exchange: string;
  readonly routingKey: string;

  constructor(exchange: string, routingKey: string) {
    super(
      `No queue takes messages for '${routingKey}' on exchange '${exchange}'. Is the service running and bound?`,
    );
    this.exchange = exchange;
    this.routingKey = routingKey;
  }
}

/** The server answered with an exception. `excType` and `value` are its class and message. */
export class RemoteError extends MessagingError {
  override readonly name = 'RemoteError';
  readonly excType: string;
  /** The Python module of the class, such as `builtins`. */
  readonly module: string;
  readonly value: string;
  /** The remote traceback, line by line. It names remote files: show it to operators only. */
  readonly traceback: readonly string[];
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;

  constructor(failure: RemoteFailure) {
    super(`Remote error: ${failure.class} ${failure.message}`);
    this.excType = failure.class;
    this.module = failure.module;
    this.value = failure.message;
    this.traceback = failure.tb;
    this.args = failure.args;
    this.kwargs = failure.kwargs;
  }
}

/** An exception as it travels in the `failure` field of a reply. */
export interface RemoteFailure {
  readonly class: string;
  readonly module: string;
  readonly message: string;
  readonly tb: readonly string[];
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** The client is pinned to an older version than this call asks for. */
export class RpcVersionCapError extends MessagingError {
  override readonly name = 'RpcVersionCapError';
  readonly version: string;
  readonly versionCap: string;

  constructor(version: string, versionCap: string) {
    super(`Version ${version} is above the cap ${versionCap}: raise versionCap or ask for an older version.`);
    this.version = version;
    this.versionCap = versionCap;
  }
}

/** The target lacks what the operation needs, or has what it cannot use. */
export class InvalidTarget extends MessagingError {
  override readonly name = 'InvalidTarget';
}

/** The transport URL cannot be read. The message never repeats the URL: it may hold a password. */
export class InvalidTransportUrl extends MessagingError {
  override readonly name = 'InvalidTransportUrl';
}

/** A certificate, a key or another TLS option cannot be used. The message names it and never repeats its text. */
export class InvalidTlsOptions extends MessagingError {
  override readonly name = 'InvalidTlsOptions';
}

/** The worker thread that ran a request ended before it was done; the next request gets another one. */
export class WorkerLost extends MessagingError {
  override readonly name = 'WorkerLost';

  constructor(reason: string) {
    super(`The worker thread that ran the request ended: ${reason}. What it had begun may be half done.`);
  }
}

/** No endpoint has this method, or it may not be called. */
export class NoSuchMethod extends MessagingError {
  override readonly name = 'NoSuchMethod';

  constructor(method: string) {
    super(`Endpoint does not support RPC method ${method}`);
  }
}

/** No endpoint has this namespace and version. */
export class UnsupportedVersion extends MessagingError {
  override readonly name = 'UnsupportedVersion';

  constructor(version: string, method: string) {
    super(`Endpoint does not support RPC version ${version}. Attempted method: ${method}`);
  }
}

/** The message is not one that oslo.messaging reads: it is rejected and lost, as oslo does. */
export class UndecodableMessage extends MessagingError {
  override readonly name = 'UndecodableMessage';
}

/**
 * Throw this in an endpoint when a Python caller should see a class of Python's.
 * Callers know `builtins` without configuration; other modules only where they allow them.
 */
export class PythonException extends MessagingError {
  override readonly name = 'PythonException';
  readonly pythonClass: string;
  /** @default 'builtins' */
  readonly module: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;

  constructor(
    pythonClass: string,
    message: string,
    options: {
      readonly module?: string;
      readonly args?: readonly unknown[];
      readonly kwargs?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(message);
    this.pythonClass = pythonClass;
    this.module = options.module ?? 'builtins';
    this.args = options.args ?? [message];
    this.kwargs = options.kwargs ?? {};
  }
}

/** Text of an unknown thrown value, for messages. Never throws itself. */
export function reasonOf(thrown: unknown): string {
  try {
    if (thrown instanceof AggregateError && thrown.message === '') {
      return thrown.errors.map((each) => reasonOf(each)).join('; ');
    }
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'something that cannot be shown';
  }
}

/** Whether the reason is that no endpoint has the method, here or in a thread. */
export function isMissingMethod(thrown: unknown): boolean {
  if (thrown instanceof PythonException) {
    return thrown.pythonClass === 'NoSuchMethod';
  }
  return thrown instanceof NoSuchMethod;
}
