import type { Logger } from 'pino';
import type { TransportEvent } from '../../rpc/index.ts';

/** What the messaging core tells, as lines of the log. */
export function tellEvent(log: Logger, { kind, ...event }: TransportEvent): void {
  const isGood = kind === 'connected' || kind === 'unblocked' || kind.endsWith('-restored');
  log[isGood ? 'info' : 'warn'](event, `Broker: ${kind}`);
}
