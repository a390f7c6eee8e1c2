import {
  BrokerUnreachable,
  definite,
  getRpcClient,
  MessageDeliveryFailure,
  MessageUndeliverable,
  MessagingTimeout,
  parseJson,
  RemoteError,
  type RpcClient,
  stringifyJson,
  Target,
  type Transport,
} from '../../../rpc/index.ts';
import { entryOfQueue } from '../../../runbooks/index.ts';
import { routeTo } from '../../cluster/route.ts';
import { parseDuration } from '../../config/schema/duration.ts';
import { type Console, exitCodes, printable } from '../common/console.ts';
import { type Broker, type BrokerOptions, brokerOf, transportOf } from './broker.ts';

/** Options of `call` and `cast`. */
export interface RequestOptions extends BrokerOptions {
  readonly server?: string;
  readonly fanout?: boolean;
  readonly namespace?: string;
  readonly version?: string;
  readonly exchange?: string;
  readonly timeout?: string;
  readonly args?: string;
  readonly context?: string;
}

/** One request, read from the command line. */
export interface Request {
  readonly client: RpcClient;
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly context: Readonly<Record<string, unknown>>;
}

const TIMEOUT_MS = 10_000;
const ROUTE_MS = 3_000;

/**
 * Reads a request and carries it out on a transport that is closed afterwards, whatever comes of it. What goes wrong on
 * the way is told, with the exit code that says how far it got.
 */
export async function withRequest(
  console: Console,
  options: RequestOptions,
  words: readonly string[],
  carryOut: (request: Request) => Promise<void>,
): Promise<number> {
  const [topic = '', method = ''] = words;
  const timeoutMs = timeoutOf(options.timeout);
  const args = objectOf('--args', options.args);
  const context = objectOf('--context', options.context);
  if (options.fanout === true && options.server !== undefined) {
    throw new Error(
      '--server: expected none with --fanout, because --fanout sends to every server. Leave out one of them.',
    );
  }
  const broker = brokerOf(console, options);
  if (broker === undefined) {
    return exitCodes.unknown;
  }
  const transport = transportOf(broker);
  try {
    const client = await clientFor(broker, transport, { ...options, topic, timeoutMs });
    // A broker that is away is told at once, not after the whole wait for an answer.
    await transport.connect(timeoutMs);
    await carryOut({ client, method, args, context });
    return exitCodes.ok;
  } catch (error) {
    return tellFailure(console, options, error);
  } finally {
    await transport.cleanup();
    if (broker.kind === 'cluster') {
      await broker.handle.close();
    }
  }
}

/** Prints one value for programs: integers beyond 2^53 keep their digits. */
export const printValue = (console: Console, value: unknown): void =>
  console.out(`${stringifyJson(value)}\n`);

async function clientFor(
  broker: Broker,
  transport: Transport,
  wanted: RequestOptions & { readonly topic: string; readonly timeoutMs: number },
): Promise<RpcClient> {
  const { topic, server, fanout, namespace, version, timeoutMs } = wanted;
  const exchange = wanted.exchange ?? (fanout === true ? undefined : await exchangeOf(broker, topic, server));
  const target = new Target({
    topic,
    ...definite({ exchange, server }),
    ...(fanout === true ? { fanout } : {}),
    ...definite({ namespace, version }),
  });
  // Who looks for a fault must not leave an exchange behind, nor wait for an answer that cannot come.
  return getRpcClient(transport, target, { timeoutMs, mandatory: true, declares: false });
}

/** Where the queue is bound, or where the configuration says; a URL alone cannot tell. */
async function exchangeOf(
  broker: Broker,
  topic: string,
  server: string | undefined,
): Promise<string | undefined> {
  if (broker.kind === 'url') {
    return undefined;
  }
  const queue = server === undefined ? topic : `${topic}.${server}`;
  const known = entryOfQueue(queue, broker.config.settings)?.exchange;
  const route = await routeTo(
    broker.handle.ports.management,
    { vhost: broker.vhost, queue, ...definite({ prefer: known }) },
    ROUTE_MS,
  );
  return route?.exchange ?? known;
}

function tellFailure(console: Console, { json }: RequestOptions, error: unknown): number {
  const told = failureOf(error);
  if (told === undefined) {
    throw error;
  }
  if (json === true) {
    printValue(console, { ok: false, error: told.error });
  } else {
    console.err(printable(`${told.error.message}\n`));
  }
  return told.exitCode;
}

function failureOf(error: unknown) {
  if (!(error instanceof Error)) {
    return undefined;
  }
  const { name: kind, message } = error;
  if (error instanceof RemoteError) {
    const { excType, module, value } = error;
    return { exitCode: exitCodes.warning, error: { kind, message, class: excType, module, value } };
  }
  if (error instanceof BrokerUnreachable) {
    return { exitCode: exitCodes.unknown, error: { kind, message } };
  }
  const isUnanswered =
    error instanceof MessagingTimeout ||
    error instanceof MessageUndeliverable ||
    error instanceof MessageDeliveryFailure;
  return isUnanswered ? { exitCode: exitCodes.critical, error: { kind, message } } : undefined;
}

/** `10s`, `500ms`, or seconds as a bare number. */
export function timeoutOf(text: string | undefined): number {
  if (text === undefined) {
    return TIMEOUT_MS;
  }
  const ms = parseDuration(/^\d+(\.\d+)?$/.test(text) ? `${text}s` : text);
  if (ms === undefined || ms === 0) {
    throw new Error(
      `--timeout: expected a duration such as 10s, got ${JSON.stringify(text)}. Write 10s or 500ms.`,
    );
  }
  return ms;
}

/** A JSON object, as Python writes them too. */
function objectOf(option: string, text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) {
    return {};
  }
  const wrong = (came: string): Error =>
    new Error(
      `${option}: expected a JSON object such as '{"host": "cmp1"}', got ${came}. Quote it for the shell.`,
    );
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw wrong('text that is not JSON');
  }
  if (typeof value !== 'object' || value === null) {
    throw wrong(value === null ? 'null' : `a ${typeof value}`);
  }
  if (Array.isArray(value)) {
    throw wrong('a list');
  }
  return Object.fromEntries(Object.entries(value));
}
