import { LogLevel, type Logger as SlackLogger } from '@slack/web-api';
import type { Logger } from 'pino';

/** Slack's libraries log through pino. Their debug level prints whole payloads, so it is never turned on. */
export function slackLogger(log: Logger): SlackLogger {
  const text = (parts: readonly unknown[]): string => parts.map((part) => describe(part)).join(' ');
  return {
    debug: () => undefined,
    info: (...parts: unknown[]) => log.debug({ from: 'slack' }, text(parts)),
    warn: (...parts: unknown[]) => log.warn({ from: 'slack' }, text(parts)),
    error: (...parts: unknown[]) => log.error({ from: 'slack' }, text(parts)),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}

/** For a client whose errors all reach a caller. */
export function quietLogger(): SlackLogger {
  const nothing = (): void => undefined;
  return {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: nothing,
    setLevel: nothing,
    getLevel: () => LogLevel.ERROR,
    setName: nothing,
  };
}

const describe = (part: unknown): string => (part instanceof Error ? part.message : String(part));
