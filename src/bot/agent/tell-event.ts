import type { Logger } from 'pino';
import type { TransportEvent } from '../../rpc/index.ts';

/** What the messaging core tells, as lines of the log. */
export function tellEvent(log: Logger, { kind, ...event }: TransportEvent): void {
  log[levels[kind]](event, `Broker: ${kind}`);
}

const levels = {
  connected: 'info',
  disconnected: 'warn',
  'connect-failed': 'warn',
  blocked: 'warn',
  unblocked: 'info',
  'consumers-lost': 'warn',
  'consumers-restored': 'info',
  dropped: 'warn',
} as const satisfies Readonly<Record<TransportEvent['kind'], 'info' | 'warn'>>;
