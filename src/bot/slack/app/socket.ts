import { SocketModeReceiver } from '@slack/bolt';
import type { Logger } from 'pino';
import type { Clock } from '../../../runbooks/index.ts';
import type { SlackConfig } from '../../config/config.ts';
import { slackLogger } from '../send/logger.ts';
import { clientOptions } from '../send/web-client-port.ts';

/** Pauses before a lost connection is opened again; the last one repeats. Slack itself hangs up every few hours. */
const PAUSES_MS = [0, 1_000, 2_000, 5_000, 10_000] as const;

/** Whoever stops the bot does not wait longer than this for Slack's goodbye. */
const GOODBYE_MS = 2_000;

/** A Socket Mode connection that comes back. */
export interface Socket {
  readonly receiver: SocketModeReceiver;
  /** Resolves when the first connection stands; rejects when Slack refuses it. */
  start(): Promise<void>;
  stop(): Promise<void>;
  isConnected(): boolean;
}

/**
 * Opens the connection and keeps it. socket-mode 3.1.0 reconnects by itself, but when that fails, or races `disconnect()`, the
 * rejection reaches nobody and ends the process; and it waits five seconds first. So its own reconnecting is off, and ours is here.
 */
export function openSocket(config: SlackConfig, clock: Clock, log: Logger): Socket {
  const receiver = new SocketModeReceiver({
    appToken: config.appToken ?? '',
    autoReconnectEnabled: false,
    logger: slackLogger(log),
    installerOptions: { clientOptions: clientOptions(config) },
  });
  const { client } = receiver;
  const stopping = new AbortController();
  let isConnected = false;
  let isReconnecting = false;

  client.on('connected', () => {
    isConnected = true;
  });
  client.on('disconnected', () => {
    isConnected = false;
    if (!stopping.signal.aborted && !isReconnecting) {
      void reconnect();
    }
  });

  async function reconnect(): Promise<void> {
    isReconnecting = true;
    for (let attempt = 0; !stopping.signal.aborted; attempt += 1) {
      try {
        await clock.sleep(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)] ?? 0, stopping.signal);
        await client.start();
        log.info('Connected to Slack again');
        break;
      } catch (error) {
        if (!stopping.signal.aborted) {
          log.warn({ err: error }, 'No connection to Slack; trying again');
        }
      }
    }
    isReconnecting = false;
  }

  return {
    receiver,
    isConnected: () => isConnected,

    async start() {
      isReconnecting = true;
      try {
        await client.start();
      } finally {
        isReconnecting = false;
      }
    },

    async stop() {
      stopping.abort();
      if (isConnected) {
        await Promise.race([client.disconnect(), clock.sleep(GOODBYE_MS)]);
      }
    },
  };
}
