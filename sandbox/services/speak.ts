import { getNotifier, getRpcClient, Target, type Transport } from '../../src/rpc/index.ts';
import type { Saying, ServiceDescription } from './table.ts';

/** What a real service would give up after; shorter, so that a broken sandbox does not pile up calls. */
const TIMEOUT_MS = 5_000;

/** Says everything that the service says, for ever. A failure is written to the log and tried again in turn. */
export function speak(transport: Transport, service: ServiceDescription, host: string): void {
  for (const saying of service.says) {
    const say = sayer(transport, saying, `${service.topic}.${host}`);
    const turn = async (): Promise<void> => {
      await say().catch((error: unknown) => console.log(new Date().toISOString(), String(error)));
      // A little off the beat, so that eight services do not speak in chorus.
      setTimeout(() => void turn(), saying.everyMs * (0.8 + 0.4 * Math.random()));
    };
    void turn();
  }
}

/** How to say one thing once. */
export function sayer(
  transport: Transport,
  saying: Omit<Extract<Saying, { topic: string }>, 'everyMs'> | Saying,
  publisherId: string,
): () => Promise<unknown> {
  if (saying.kind === 'notify') {
    const notifier = getNotifier(transport, { publisherId, timeoutMs: TIMEOUT_MS });
    return () => notifier.info({}, saying.eventType, { host: publisherId });
  }
  const { kind, topic, server, method } = saying;
  const target = new Target({
    topic,
    ...(server === undefined ? {} : { server }),
    ...(kind === 'fanout' ? { fanout: true } : {}),
  });
  const client = getRpcClient(transport, target, { timeoutMs: TIMEOUT_MS });
  const args = { from: publisherId };
  return kind === 'call' ? () => client.call({}, method, args) : () => client.cast({}, method, args);
}
