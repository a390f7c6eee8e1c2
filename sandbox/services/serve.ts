import { setTimeout as sleep } from 'node:timers/promises';
import { getRpcServer, Target, type Transport } from '../../src/rpc/index.ts';
import type { ServiceDescription } from './table.ts';

// What a message costs: enough to watch a queue drain.
const WORK_MS = 5;

/** Serves the topic of a service. Resolves when its consumers are there. */
export async function serve(
  transport: Transport,
  service: ServiceDescription,
  host: string,
): Promise<{ readonly hang: () => void }> {
  let isHanging = false;
  const handler = async (): Promise<unknown> => {
    // As a service that waits for a lock, or for a database that never answers.
    if (isHanging) {
      await new Promise(() => undefined);
    }
    await sleep(WORK_MS);
    return { host, service: service.name };
  };
  const endpoint = Object.fromEntries(service.methods.map((method) => [method, handler]));
  const target = new Target({ topic: service.topic, server: host });
  // One at a time, as a worker that is out of threads; the rest stays ready in the queue.
  // A Python service does not notice that it lost its binding: these must not mend it by themselves either.
  const server = getRpcServer(transport, target, [endpoint], { executor: 'blocking', bindingCheckMs: 0 });
  await server.start();
  return {
    hang: () => {
      isHanging = true;
    },
  };
}
