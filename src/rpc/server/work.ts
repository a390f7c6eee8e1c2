import { Dispatcher, type Dispatches, type Endpoint } from '../dispatch/dispatcher.ts';
import { pingEndpoint } from '../dispatch/ping.ts';
import { moduleUrlsOf } from '../threads/modules.ts';
import { ThreadPool } from '../threads/pool.ts';
import { Target } from '../wire/target.ts';
import type { Served, ServerOptions } from './server-options.ts';

/** What runs the requests of a server. */
export interface Work {
  readonly dispatcher: Dispatches;
  /** The same, where it is threads: they begin and end with the server. */
  readonly threads?: ThreadPool;
  /** Namespace and version of the first endpoint, where they are known. */
  readonly served: { readonly namespace?: string; readonly version?: string };
}

/** Endpoints as the executor wants them, checked. Throws TypeError for what cannot serve. */
export function openWork(endpoints: Served, options: ServerOptions, limit: number): Work {
  const list: readonly unknown[] = Array.isArray(endpoints) ? endpoints : [endpoints];
  const { executor, accessPolicy = 'default', serializer, ping = true } = options;
  if (executor === 'threading') {
    const modules = moduleUrlsOf(list);
    const threads = new ThreadPool({
      ...{ modules, accessPolicy, ping, size: limit },
      ...(serializer && { serializer }),
    });
    return { dispatcher: threads, threads, served: {} };
  }
  if (!Array.isArray(endpoints) && !(endpoints instanceof URL) && typeof endpoints !== 'string') {
    throw new TypeError('Endpoints are a list: [endpoint].');
  }
  const objects = list.map((each) => asEndpoint(each));
  const dispatcher = new Dispatcher(ping ? [...objects, pingEndpoint] : objects, options);
  return { dispatcher, served: firstServed(objects) };
}

function asEndpoint(given: unknown): Endpoint {
  if (typeof given === 'object' && given !== null && !(given instanceof URL)) {
    return given;
  }
  throw new TypeError(
    "Modules of endpoints are for { executor: 'threading' }; else give objects with methods.",
  );
}

function firstServed(endpoints: readonly Endpoint[]): { namespace?: string; version?: string } {
  const target: unknown = endpoints[0] && Reflect.get(endpoints[0], 'target');
  if (!(target instanceof Target)) {
    return {};
  }
  const { namespace, version } = target;
  return { ...(namespace !== undefined && { namespace }), ...(version !== undefined && { version }) };
}
