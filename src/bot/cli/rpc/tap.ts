import {
  definite,
  MessageDeliveryFailure,
  stringifyJson,
  type TappedMessage,
  tap,
} from '../../../rpc/index.ts';
import { missingByAnswer, missingExchange } from '../../cluster/missing-exchange.ts';
import { requestContextOf, tappedOf } from '../../cluster/tapped.ts';
import { redact } from '../../process/redact.ts';
import { systemClock } from '../../process/system-clock.ts';
import { type Console, exitCodes, printable } from '../common/console.ts';
import { numberOption } from '../common/number-option.ts';
import { type BrokerOptions, brokerOf, transportOf } from './broker.ts';

interface TapCommandOptions extends BrokerOptions {
  readonly maxMessages?: string;
  readonly maxSeconds?: string;
  readonly unmask?: boolean;
}

/** `watership tap <exchange> <routing key>`: shows what passes, and leaves nothing behind whatever way it ends. */
export async function tapCommand(
  console: Console,
  options: TapCommandOptions,
  [exchange = '', routingKey = '']: readonly string[],
): Promise<number> {
  const maxMessages = numberOption('--max-messages', options.maxMessages);
  const maxSeconds = numberOption('--max-seconds', options.maxSeconds);
  const broker = brokerOf(console, options);
  if (broker === undefined) {
    return exitCodes.unknown;
  }
  const asked = new AbortController();
  console.onStop(() => asked.abort());
  console.onUnread?.(() => asked.abort());
  const isMasked = options.unmask !== true;
  const transport = transportOf(broker);
  const fail = (because: string): number => {
    if (options.json === true) {
      console.out(`${stringifyJson({ error: because })}\n`);
    } else {
      console.err(printable(`${because}\n`));
    }
    return exitCodes.unknown;
  };
  try {
    const missing =
      broker.kind === 'cluster'
        ? await missingExchange(broker.handle.ports.management, broker.vhost, exchange)
        : undefined;
    if (missing !== undefined) {
      return fail(missing);
    }
    const messages = tap(transport, {
      exchange,
      routingKey,
      signal: asked.signal,
      mask: isMasked,
      ...definite({ maxMessages, maxSeconds }),
    });
    for await (const message of messages) {
      const line = options.json === true ? jsonLine(message) : textLine(message);
      console.out(`${isMasked ? redact(line) : line}\n`);
    }
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof MessageDeliveryFailure)) {
      throw error;
    }
    return fail(missingByAnswer(error.message) ?? error.message);
  } finally {
    await transport.cleanup();
    if (broker.kind === 'cluster') {
      await broker.handle.close();
    }
  }
}

const now = (): string => new Date(systemClock.now()).toISOString();

function jsonLine(message: TappedMessage): string {
  const { exchange, routingKey, bytes } = message;
  return stringifyJson({
    at: now(),
    exchange,
    routingKey,
    bytes,
    ...tappedOf(message),
    context: requestContextOf(message),
  });
}

function textLine(message: TappedMessage): string {
  const { exchange, routingKey, bytes } = message;
  return printable(`${now().slice(11)}  ${exchange}  ${routingKey}  ${saidBy(message, bytes)}`);
}

function saidBy(message: TappedMessage, bytes: number): string {
  const said = tappedOf(message);
  switch (said.kind) {
    case 'notification':
      return `${said.eventType}  ${stringifyJson(said.payload)}`;
    case 'request':
      return `${said.method}  ${stringifyJson(said.args)}`;
    case 'other':
      return stringifyJson(said.message);
    case 'unreadable':
      return `(${bytes} bytes that cannot be read: ${said.because})`;
  }
}
