import type { BotContext } from '../../context.ts';
import type { SlackPort } from '../../ports/slack.ts';
import { createHttpReceiver } from '../http/http-receiver.ts';
import { createIncidentNotifier } from '../send/incident-notifier.ts';
import { openSlackPort } from '../send/web-client-port.ts';
import { createApp } from './app.ts';
import { openSocket } from './socket.ts';

/** Where Slack's requests are awaited in http mode, unless the configuration says otherwise. */
const DEFAULT_PORT = 3_000;

/** The bot's side of Slack. */
export interface SlackConnection {
  readonly port: SlackPort;
  /** Brings an incident's message and thread up to date; throws when Slack did not take it. */
  readonly tell: (incident: string) => Promise<void>;
  /** Listens for clicks and commands from here on. */
  start(): Promise<void>;
  /** Takes no more clicks, and waits for the answers that are under way. */
  stop(): Promise<void>;
  /** Whether Slack reaches the bot now. Always true over HTTP, where Slack calls. */
  isConnected(): boolean;
}

/** Builds the Bolt app over Socket Mode or HTTP. Nothing is connected before `start`. */
export async function connectSlack(context: BotContext): Promise<SlackConnection> {
  const { config, clock, log } = context;
  const port = openSlackPort(config.slack, clock);
  const notifier = createIncidentNotifier({ context, slack: port });
  const speaking = {
    port,
    tell: (incident: string) => notifier.tell(incident),
  };
  if (config.slack.mode === 'http') {
    const receiver = createHttpReceiver({
      port: config.slack.port ?? DEFAULT_PORT,
      secrets: config.slack.signingSecrets ?? [],
      clock,
      log,
    });
    const { app, settled } = createApp(context, port, receiver);
    let isListening = false;
    return {
      ...speaking,
      isConnected: () => true,
      start: async () => {
        await app.start();
        isListening = true;
      },
      stop: async () => {
        if (isListening) {
          isListening = false;
          await app.stop();
        }
        await settled();
      },
    };
  }
  const socket = openSocket(config.slack, clock, log);
  const { settled } = createApp(context, port, socket.receiver);
  return {
    ...speaking,
    isConnected: () => socket.isConnected(),
    start: () => socket.start(),
    stop: async () => {
      await socket.stop();
      await settled();
    },
  };
}
