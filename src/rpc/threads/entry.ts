import { parentPort, workerData } from 'node:worker_threads';
import { type DispatchedRequest, Dispatcher, type Endpoint } from '../dispatch/dispatcher.ts';
import { pingEndpoint } from '../dispatch/ping.ts';
import { reasonOf } from '../errors.ts';
import { writeFailure } from '../wire/failure.ts';
import { stringifyJson } from '../wire/json/tolerant-json.ts';
import type { ThreadData, ThreadMessage } from './messages.ts';

// One thread of the pool: loads the modules of endpoints, then answers one request at a time.

const tell = (message: ThreadMessage): void => parentPort?.postMessage(message);

try {
  const data: ThreadData = workerData;
  const loaded = await Promise.all(data.modules.map((url) => endpointsOf(url)));
  const endpoints = data.ping ? [...loaded.flat(), pingEndpoint] : loaded.flat();
  const dispatcher = new Dispatcher(endpoints, { accessPolicy: data.accessPolicy });
  parentPort?.on('message', (request: DispatchedRequest) => void serve(dispatcher, request));
  parentPort?.on('messageerror', (thrown) => refuse(thrown));
  tell({ kind: 'ready' });
} catch (reason) {
  tell({ kind: 'unusable', reason: reasonOf(reason) });
}

async function serve(dispatcher: Dispatcher, request: DispatchedRequest): Promise<void> {
  try {
    const result = await dispatcher.dispatch(request);
    // Throws when the result cannot be copied.
    tell({ kind: 'result', result });
  } catch (thrown) {
    refuse(thrown);
  }
}

function refuse(thrown: unknown): void {
  tell({ kind: 'failure', failure: stringifyJson(writeFailure(thrown)) });
}

/** What a module exports as `endpoints`: a list, or a function that makes one for each thread. */
async function endpointsOf(url: string): Promise<readonly Endpoint[]> {
  const module: object = await import(url);
  const exported: unknown = Reflect.get(module, 'endpoints');
  const endpoints: unknown =
    typeof exported === 'function' ? await Reflect.apply(exported, undefined, []) : exported;
  if (Array.isArray(endpoints) && endpoints.every((each) => typeof each === 'object' && each !== null)) {
    return endpoints;
  }
  throw new TypeError(`${url} must export its endpoints: export const endpoints = [ … ]`);
}
