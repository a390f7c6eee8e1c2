import { setTimeout as sleep } from 'node:timers/promises';
import type { Transport } from '../../src/rpc/index.ts';
import type { ServiceOrder } from './order.ts';
import { sayer } from './speak.ts';

type Leak = Extract<ServiceOrder, { do: 'leak' }>;
type Flood = Extract<ServiceOrder, { do: 'flood' }>;

/** Opens channels on the service's own connection and keeps them. */
export function leakChannels(transport: Transport, { perSecond, upTo }: Leak): void {
  void (async () => {
    const connection = await transport.link.connected();
    for (let open = 0; open < upTo; open += 1) {
      const channel = await connection.createChannel();
      // The broker closes them when it closes the connection.
      channel.on('error', () => undefined);
      await sleep(1_000 / perSecond);
    }
  })().catch((error: unknown) => console.log(new Date().toISOString(), `No more channels: ${String(error)}`));
}

/** Says one thing much more often than usual. */
export function flood(transport: Transport, { count, perSecond, ...saying }: Flood): void {
  const say = sayer(transport, saying, 'flood');
  void (async () => {
    for (let said = 0; said < count; said += 1) {
      void say().catch(() => undefined);
      await sleep(1_000 / perSecond);
    }
  })();
}
