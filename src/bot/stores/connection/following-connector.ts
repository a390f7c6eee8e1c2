import { isIPv6 } from 'node:net';
import { Redis, type SentinelConnectionOptions, SentinelConnector } from 'ioredis';
import { definite } from '../../../rpc/index.ts';

type Emit = Parameters<SentinelConnector['connect']>[0];
type Stream = Awaited<ReturnType<SentinelConnector['connect']>>;

/** Where a master is, as a sentinel writes it. */
interface Place {
  readonly host: string;
  readonly port: number;
}

const SWITCHED = '+switch-master';
const RETRY_MS = 1_000;

/**
 * Connector to the master that the sentinels name. It leaves a master as soon as a sentinel says that another one took over, because one
 * that hangs does not close its connections. The detector that ioredis has for this leaves at every announcement: also when a sentinel is
 * late to tell of the very master it stands to, or tells of another master; and one that comes while a connection is being opened ends the
 * client for good, which then fails every command until the process is started again.
 */
export class FollowingConnector extends SentinelConnector {
  readonly #sentinels = new Map<string, Redis>();
  /** The newest that was announced since this connection began to be opened; what came before it the sentinels know by now. */
  #announced: Place | undefined;

  /** @param options - Those of the client; ioredis hands them to every connector without their type. */
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions);
  }

  override async connect(emit: Emit): Promise<Stream> {
    this.#announced = undefined;
    const stream = await super.connect(emit);
    const isSecure = this.options.enableTLSForSentinelMode === true && this.options.tls !== undefined;
    stream.once(isSecure ? 'secureConnect' : 'connect', () => {
      this.#follow();
      // After ioredis has begun to use the stream: it takes one that is closed before for a fault of its own.
      process.nextTick(() => this.#leaveIfSwitched());
    });
    return stream;
  }

  override disconnect(): void {
    for (const sentinel of this.#sentinels.values()) {
      sentinel.disconnect();
    }
    this.#sentinels.clear();
    super.disconnect();
  }

  /** Listens to every sentinel that is known by now: the configured ones, and those that they know of. */
  #follow(): void {
    // The one that answered goes first, as ioredis has it.
    this.sentinelIterator.reset(true);
    for (let next = this.sentinelIterator.next(); !next.done; next = this.sentinelIterator.next()) {
      const { host = '127.0.0.1', port = 26_379 } = next.value;
      const known = `${host}:${port}`;
      if (!this.#sentinels.has(known)) {
        this.#sentinels.set(known, this.#listenTo({ host, port }));
      }
    }
    this.sentinelIterator.reset(false);
  }

  #listenTo({ host, port }: Place): Redis {
    const { sentinelUsername, sentinelPassword, sentinelTLS, connectTimeout, family } = this.options;
    const sentinel = new Redis({
      host,
      port,
      ...definite({
        username: sentinelUsername,
        password: sentinelPassword,
        tls: sentinelTLS,
        connectTimeout,
        family,
      }),
      enableReadyCheck: false,
      maxRetriesPerRequest: null,
      retryStrategy: () => RETRY_MS,
    });
    // A sentinel that is away is tried again; the others tell meanwhile.
    sentinel.on('error', () => {});
    sentinel.on('message', (_channel: string, text: string) => this.#hear(text));
    sentinel.subscribe(SWITCHED).catch(() => {});
    return sentinel;
  }

  /** `<name> <old host> <old port> <new host> <new port>` */
  #hear(text: string): void {
    const [name, , , host, port] = text.split(' ');
    if (name !== this.options.name || host === undefined || port === undefined) {
      return;
    }
    this.#announced = { host, port: Number(port) };
    this.#leaveIfSwitched();
  }

  #leaveIfSwitched(): void {
    const { stream } = this;
    // One that is being opened is looked at when it stands.
    if (this.#announced === undefined || stream === undefined || stream.connecting || stream.destroyed) {
      return;
    }
    if (standsTo(stream, this.#announced)) {
      return;
    }
    // Not `end`: a master that hangs would not answer it.
    stream.destroy();
  }
}

/** A name is not looked up: what stands to it is opened anew, and the sentinels say where. */
function standsTo({ remoteAddress = '', remotePort }: Stream, { host, port }: Place): boolean {
  const address = isIPv6(remoteAddress) ? remoteAddress.replace(/^::ffff:/, '') : remoteAddress;
  return address === host && remotePort === port;
}
