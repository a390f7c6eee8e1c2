import { availableParallelism } from 'node:os';
import type { DispatcherOptions, Endpoint, EndpointLiteral } from '../dispatch/dispatcher.ts';
import {
  aFunction,
  anObject,
  aSwitch,
  atLeast,
  aWholeNumber,
  mostPrefetch,
  oneOf,
  type WantedOptions,
} from '../options/option-checks.ts';
import type { EndpointModule } from '../threads/modules.ts';

/** How a server works. */
export interface ServerOptions extends DispatcherOptions {
  /**
   * `blocking` takes one message at a time, `async` up to `concurrency` on the event loop, `threading` up to
   * `concurrency` in worker threads, for work that would block the loop. @default 'async'
   */
  readonly executor?: 'blocking' | 'async' | 'threading';
  /**
   * How many messages are worked on at the same time; for `threading` the most threads.
   * @default 64, for `threading` as many as there are processors
   */
  readonly concurrency?: number;
  /**
   * Messages that each of the three consumers may hold without having begun them; the rest stays ready in the
   * queue for other servers. 0 is no limit, as Python. @default 4 for `blocking` and `threading`, 100 for `async`
   */
  readonly prefetch?: number;
  /**
   * How often the server asks whether requests still reach it, and binds its queues again when they do not,
   * milliseconds. 0 is never. @default 60000
   */
  readonly bindingCheckMs?: number;
  /** Answer `oslo_rpc_server_ping`. @default true */
  readonly ping?: boolean;
  /**
   * Told of every failure that an endpoint raised, besides the caller; one raised in a thread comes as a
   * PythonException. @default nobody
   */
  readonly onFailure?: (method: string, thrown: unknown) => void;
}

/** What the options of a server must be. */
export const wantedOfServers: WantedOptions<ServerOptions> = {
  executor: oneOf('blocking', 'async', 'threading'),
  concurrency: atLeast(1),
  prefetch: aWholeNumber(0, mostPrefetch),
  bindingCheckMs: atLeast(0),
  ping: aSwitch,
  onFailure: aFunction,
  accessPolicy: oneOf('default', 'legacy', 'explicit'),
  serializer: anObject,
};

/** What serves: endpoints, or for the executor `threading` modules that export them as `endpoints`. */
export type Served = readonly (Endpoint | EndpointLiteral)[] | readonly EndpointModule[] | EndpointModule;

/** How many requests run at the same time. */
export function limitOf({ executor, concurrency }: ServerOptions): number {
  if (executor === 'blocking') {
    return 1;
  }
  return Math.max(1, concurrency ?? (executor === 'threading' ? availableParallelism() : 64));
}

/** How many messages each consumer may hold when nobody says. */
export function defaultPrefetch({ executor = 'async' }: ServerOptions): number {
  return executor === 'async' ? 100 : 4;
}
