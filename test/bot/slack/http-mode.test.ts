import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { connectSlack, type SlackConnection } from '../../../src/bot/slack/connect.ts';
import { pressed } from '../fakes/receiver.ts';
import { ALICE, CHANNEL, createWorld } from '../fakes/world.ts';

const SECRET = 'signing-secret';
let connection: SlackConnection | undefined;

afterEach(async () => {
  await connection?.stop();
});

async function listening() {
  const port = await freePort();
  const slack = {
    mode: 'http' as const,
    botToken: 'xoxb-test',
    signingSecret: SECRET,
    port,
    channel: CHANNEL,
    // Nobody listens there: what is said to Slack is lost, and what was done stays done.
    apiUrl: 'http://127.0.0.1:9/api/',
  };
  const world = createWorld({ config: { slack } });
  connection = await connectSlack(world.context);
  await connection.start();
  return { ...world, url: `http://127.0.0.1:${port}/slack/events` };
}

function signed(body: string, secret: string, atMs: number): Record<string, string> {
  const stamp = String(Math.floor(atMs / 1000));
  const signature = createHmac('sha256', secret).update(`v0:${stamp}:${body}`).digest('hex');
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': stamp,
    'x-slack-signature': `v0=${signature}`,
  };
}

const click = `payload=${encodeURIComponent(
  JSON.stringify(pressed(ALICE, CHANNEL, { action_id: 'incident:ack', value: 'INC-0412' })),
)}`;

test('over HTTP a signed click counts', async () => {
  const { open, stores, url } = await listening();
  await open();
  const answer = await fetch(url, {
    method: 'POST',
    body: click,
    headers: signed(click, SECRET, Date.now()),
  });
  expect(answer.status).toBe(200);
  await connection?.stop();
  expect(stores.kept.incidents.get('INC-0412')?.owner).toBe(ALICE);
});

test.each([
  ['with a wrong signature', 'other', 0],
  ['that is old', SECRET, -600_000],
])('over HTTP a click %s does not', async (_what, secret, ageMs) => {
  const { open, stores, url } = await listening();
  await open();
  const headers = signed(click, secret, Date.now() + ageMs);
  const answer = await fetch(url, { method: 'POST', body: click, headers });
  expect(answer.status).toBe(401);
  expect(stores.kept.incidents.get('INC-0412')?.owner).toBeUndefined();
});

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address === null || typeof address === 'string' ? 0 : address.port;
}
