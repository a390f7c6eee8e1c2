import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

/** Slack from both of its sides: it takes what the bot posts, and sends it clicks and commands over HTTP. */
export interface BenchSlack {
  readonly port: number;
  /** Presses a button; resolves with the milliseconds until Slack has its 200. */
  press(user: string, actionId: string, value: string): Promise<number>;
  /** Types a command; resolves with the milliseconds until its answer is there, not only its 200. */
  type(user: string, text: string): Promise<number>;
  close(): void;
}

export const SIGNING_SECRET = 'bench-signing-secret';
export const CHANNEL = 'C0BENCH';
const ANSWER_MS = 30_000;

export async function openBenchSlack(botPort: number): Promise<BenchSlack> {
  const waiting = new Map<string, () => void>();
  let counter = 0;
  const server = createServer(async (request, response) => {
    for await (const _ of request) {
    }
    const path = request.url ?? '';
    waiting.get(path)?.();
    const user = { id: 'U0BENCH', real_name: 'Bench', team_id: 'T1', is_bot: false };
    counter += 1;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        ...{ ok: true, ts: `1795316400.${String(counter).padStart(6, '0')}`, channel: CHANNEL, user },
        ...{ messages: [], users: [], view: { id: 'V1' }, bot_id: 'B1', user_id: 'U0BOT', team_id: 'T1' },
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  /** One request as Slack signs it. */
  async function send(fields: Readonly<Record<string, string>>): Promise<void> {
    const body = new URLSearchParams(fields).toString();
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const signature = createHmac('sha256', SIGNING_SECRET).update(`v0:${timestamp}:${body}`).digest('hex');
    const answer = await fetch(`http://127.0.0.1:${botPort}/slack/events`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': timestamp,
        'x-slack-signature': `v0=${signature}`,
      },
      body,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await answer.text();
    if (!answer.ok) {
      throw new Error(`The bot answered Slack with ${answer.status}`);
    }
  }

  return {
    port,
    async press(user, actionId, value) {
      counter += 1;
      const payload = {
        type: 'block_actions',
        team: { id: 'T1', domain: 'bench' },
        user: { id: user, team_id: 'T1' },
        channel: { id: CHANNEL, name: 'rabbit-alerts' },
        container: { type: 'message', message_ts: '1.2', channel_id: CHANNEL },
        message: { type: 'message', ts: '1.2' },
        trigger_id: 'trigger',
        response_url: `http://127.0.0.1:${port}/unused`,
        actions: [
          {
            type: 'button',
            block_id: 'b',
            action_id: actionId,
            value,
            action_ts: `${Date.now()}.${counter}`,
          },
        ],
      };
      const startedAt = performance.now();
      await send({ payload: JSON.stringify(payload) });
      return performance.now() - startedAt;
    },
    async type(user, text) {
      counter += 1;
      const path = `/answer/${counter}`;
      const answered = new Promise<void>((resolve) => waiting.set(path, resolve));
      const startedAt = performance.now();
      await send({
        ...{ command: '/rabbit', text, user_id: user, user_name: user, team_id: 'T1', team_domain: 'bench' },
        ...{ channel_id: CHANNEL, channel_name: 'rabbit-alerts', trigger_id: `trigger-${counter}` },
        ...{ response_url: `http://127.0.0.1:${port}${path}`, api_app_id: 'A1', token: 'x' },
      });
      await answered;
      waiting.delete(path);
      return performance.now() - startedAt;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
