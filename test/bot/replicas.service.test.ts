import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { freePorts } from '../../sandbox/ports.ts';
import { waitFor } from '../../sandbox/wait.ts';
import { systemClock } from '../../src/bot/process/system-clock.ts';
import { openStores } from '../../src/bot/stores/open.ts';
import { pressed } from './fakes/receiver.ts';
import { ALICE } from './fakes/world.ts';
import { ownRedis } from './own-redis.ts';
import { slackServer } from './slack/slack-server.ts';

const project = resolve(import.meta.dirname, '../..');
const SECRET = 'a-signing-secret';
const CHANNEL = 'C0ALERTS';

/** A node whose API is broken, and that notices when two sweeps ask it at once. */
async function brokenNode() {
  const underWay = new Set<{ readonly path: string; hasMetAnother: boolean }>();
  const seen = { requests: 0, overlaps: 0 };
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    seen.requests += 1;
    for (const earlier of underWay) {
      if (earlier.path === path) {
        earlier.hasMetAnother = true;
      }
    }
    const asked = { path, hasMetAnother: false };
    underWay.add(asked);
    await systemClock.sleep(30);
    underWay.delete(asked);
    // A sweep that gave up at its deadline, or that was killed, asks no more: another one may follow it.
    if (request.socket.destroyed) {
      return;
    }
    if (asked.hasMetAnother) {
      seen.overlaps += 1;
    }
    response.writeHead(503).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) {
    throw new Error('no port');
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Three bots as an operator starts them: processes of their own, one Redis, one Slack. */
async function threeBots(redisUrl: string, slackUrl: string, nodeUrl: string) {
  const folder = await mkdtemp(join(tmpdir(), 'watership-replicas-'));
  const ports = await freePorts(6);
  const bots: (ChildProcess | undefined)[] = [undefined, undefined, undefined];
  const portOf = (bot: number): number => ports[bot] ?? 0;
  const healthOf = (bot: number): number => ports[bot + 3] ?? 0;

  const start = async (bot: number): Promise<void> => {
    const file = join(folder, `bot-${bot}.yaml`);
    const config = `slack: { mode: http, signingSecret: "\${SIGNING}", port: ${portOf(bot)}, botToken: "\${BOT}", channel: ${CHANNEL}, apiUrl: "${slackUrl}" }
redis: { url: "${redisUrl}" }
health: { port: ${healthOf(bot)} }
people: { approvers: [${ALICE}] }
schedule: { sweep: 1s, digest: { cron: '*/3 * * * * *' } }
clusters:
  - { name: house, username: u, password: "\${RABBIT}", nodes: [ { name: rabbit@a, management: "${nodeUrl}", epmd: false } ] }
`;
    await writeFile(file, config, { mode: 0o600 });
    const argv = ['--import', 'tsx', 'src/bot/main.ts', 'start', '--config', file];
    const env = { ...process.env, SIGNING: SECRET, BOT: 'xoxb-replica', RABBIT: 'a-rabbit-password' };
    bots[bot] = spawn(process.execPath, argv, { cwd: project, stdio: 'ignore', env });
  };
  const kill = async (bot: number): Promise<void> => {
    const child = bots[bot];
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const ready = async (bot: number): Promise<void> => {
    const url = `http://127.0.0.1:${healthOf(bot)}/readyz`;
    await waitFor(`bot ${bot} to be ready`, async () => (await fetch(url)).status === 200, {
      withinMs: 60_000,
    });
  };
  const all = [0, 1, 2];
  const startAll = async (): Promise<void> => {
    await Promise.all(all.map(start));
    await Promise.all(all.map(ready));
  };
  return {
    start,
    kill,
    ready,
    startAll,
    killAll: () => Promise.all(all.map(kill)),
    /** Delivers a click to one of them, as Slack does. */
    async click(bot: number, body: object) {
      const form = `payload=${encodeURIComponent(JSON.stringify(body))}`;
      const stamp = String(Math.floor(Date.now() / 1_000));
      const signature = createHmac('sha256', SECRET).update(`v0:${stamp}:${form}`).digest('hex');
      const answer = await fetch(`http://127.0.0.1:${portOf(bot)}/slack/events`, {
        method: 'POST',
        body: form,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-slack-request-timestamp': stamp,
          'x-slack-signature': `v0=${signature}`,
        },
      });
      return answer.status;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map(kill));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

test('three bots on one Redis sweep, post, count and digest once, whoever of them is killed and when', async () => {
  await using redis = await ownRedis();
  await using slack = await slackServer();
  await using node = await brokenNode();
  await using bots = await threeBots(redis.url, slack.url, node.url);
  const isCard = ({ text }: { readonly text: string }): boolean => /^P1 house: I cannot see/.test(text);
  const isDigest = ({ text }: { readonly text: string }): boolean => text.startsWith('RabbitMQ digest');
  const until = (what: string, holds: () => boolean | Promise<boolean>) =>
    waitFor(what, holds, { withinMs: 60_000, everyMs: 50 });
  const digests = () => slack.messages.filter(isDigest);
  const cards = () => slack.messages.filter(({ thread_ts }) => thread_ts === undefined).filter(isCard);

  // All three die between posting the card and writing down where it is.
  const posted = new Promise<void>((tell) => {
    slack.onPosted = async (message) => {
      if (!isCard(message)) {
        return;
      }
      slack.onPosted = async () => {};
      await bots.killAll();
      tell();
    };
  });
  await Promise.all([0, 1, 2].map(bots.start));
  await posted;
  await bots.startAll();

  const connection = new Redis(redis.url);
  try {
    const stores = openStores(connection, 'watership');
    await until('every incident to be told', async () => (await stores.pendingUpdates.list()).length === 0);
    expect(cards()).toHaveLength(1);
    const [incident] = await stores.incidents.open('house');
    const id = incident?.id ?? '';

    // One click, delivered to all of them at once.
    const body = pressed(ALICE, CHANNEL, { action_id: 'incident:ack', value: id, action_ts: '7.7' });
    expect(await Promise.all([0, 1, 2].map((bot) => bots.click(bot, body)))).toEqual([200, 200, 200]);
    const taken = async () =>
      (await stores.audit.read({ limit: 10_000 })).filter(({ event }) => event === 'incident.acknowledged');
    await until('a click to be taken', async () => (await taken()).length > 0);

    // All three die between posting a digest and writing down that it is posted.
    const digested = new Promise<void>((tell) => {
      slack.onPosted = async (message) => {
        if (!isDigest(message)) {
          return;
        }
        slack.onPosted = async () => {};
        await bots.killAll();
        tell();
      };
    });
    await digested;
    await bots.startAll();

    // Then one after the other, until a single one is left that does it all.
    for (const bot of [0, 1]) {
      await bots.kill(bot);
      const before = digests().length;
      await until('another digest', () => digests().length > before);
    }
    await until('every incident to be told', async () => (await stores.pendingUpdates.list()).length === 0);

    expect(await taken()).toHaveLength(1);
    expect(await stores.incidents.open('house')).toHaveLength(1);
    expect(cards()).toHaveLength(1);
    const lines = slack.messages.filter(({ thread_ts }) => thread_ts !== undefined).map(({ text }) => text);
    expect(new Set(lines).size).toBe(lines.length);
    expect(lines.join(' ').split('Alice Anderson is on it.')).toHaveLength(2);
    const slots = digests().map(({ blocks }) => blocks[0]?.block_id);
    expect(slots.every((slot) => slot?.startsWith('digest.'))).toBe(true);
    expect(new Set(slots).size).toBe(slots.length);
    expect(slots.length).toBeGreaterThan(3);
    expect(node.seen.requests).toBeGreaterThan(5);
    expect(node.seen.overlaps).toBe(0);
  } finally {
    connection.disconnect();
  }
}, 240_000);
