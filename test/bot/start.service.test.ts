import { once } from 'node:events';
import { createServer } from 'node:http';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { waitFor } from '../../sandbox/wait.ts';
import type { BotConfig } from '../../src/bot/config/config.ts';
import { parseConfig } from '../../src/bot/config/load.ts';
import type { HealthReport } from '../../src/bot/health/report.ts';
import { systemClock } from '../../src/bot/process/system-clock.ts';
import { startBot } from '../../src/bot/start.ts';
import { ownRedis } from './own-redis.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) {
    await close();
  }
});

/** Slack's Web API, as far as a bot without people needs it. */
async function fakeSlack() {
  const posted: string[] = [];
  let tell: () => void = () => {};
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) {
      body += String(chunk);
    }
    const method = request.url?.split('/').at(-1) ?? '';
    if (method.startsWith('chat.')) {
      posted.push(`${method} ${new URLSearchParams(body).get('text') ?? ''}`);
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ok: true, ts: `${posted.length}.0`, channel: 'C0ALERTS', messages: [] }));
    tell();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${portOf(server)}/api/`,
    posted,
    /** Resolves once a message of that kind has come. */
    async saw(pattern: RegExp): Promise<void> {
      while (!posted.some((text) => pattern.test(text))) {
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      }
    },
  };
}

const portOf = (server: ReturnType<typeof createServer>): number => {
  const address = server.address();
  if (typeof address !== 'object' || address === null) {
    throw new Error('no port');
  }
  return address.port;
};

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

async function configFor(redisUrl: string, slackUrl: string): Promise<BotConfig> {
  const loaded = parseConfig(
    `slack: { mode: http, signingSecret: "\${ANY}", port: ${await freePort()}, botToken: "\${ANY}", channel: C0ALERTS, apiUrl: "${slackUrl}" }
redis: { url: "${redisUrl}" }
health: { port: ${await freePort()} }
schedule: { sweep: 1s }
clusters:
  - name: house
    username: u
    password: \${ANY}
    nodes: [ { name: rabbit@a, management: http://127.0.0.1:1, epmd: false } ]`,
    'test',
    { read: () => 'any' },
  );
  if (loaded.kind === 'bad') {
    throw new Error(JSON.stringify(loaded.problems));
  }
  return loaded.config;
}

test('a started bot sweeps, tells, says when Redis is away, goes on when it is back, and stops', async () => {
  await using redis = await ownRedis();
  const slack = await fakeSlack();
  const config = await configFor(redis.url, slack.url);
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const bot = await startBot(config, { log, clock: systemClock });
  closers.push(() => bot.stop());

  const ask = (path: string) => fetch(`http://127.0.0.1:${bot.healthPort}${path}`);
  const until = (status: number, isSo = (_: HealthReport): boolean => true): Promise<HealthReport> => {
    const look = async () => {
      const response = await ask('/healthz');
      const report = JSON.parse(await response.text()) as HealthReport;
      return response.status === status && isSo(report) ? report : undefined;
    };
    return waitFor(`${status} of /healthz`, look, { withinMs: 50_000, everyMs: 50 });
  };

  await slack.saw(/^chat\.postMessage P1 house: I cannot see/);
  expect(await until(200)).toMatchObject({
    status: 'ok',
    redis: 'ok',
    clusters: { house: { isLate: false } },
  });
  expect((await ask('/readyz')).status).toBe(200);
  const metrics = await (await ask('/metrics')).text();
  expect(metrics).toMatch(/^watership_silent_nodes\{cluster="house"\} 1$/m);

  await redis.kill();
  expect(await until(503)).toMatchObject({ status: 'failing', redis: 'away' });
  await redis.bringBack();
  const sweptBefore = Date.now();
  await until(200, ({ clusters: { house } }) => {
    const agoSeconds = house?.lastSweepSecondsAgo ?? Number.POSITIVE_INFINITY;
    return Date.now() - agoSeconds * 1_000 >= sweptBefore;
  });
  // The incident of before is still the incident: nothing was lost, and nothing was told twice.
  const cards = slack.posted.filter((text) => /^chat\.postMessage P1 house: I cannot see/.test(text));
  expect(cards).toHaveLength(1);
  expect(lines.filter((line) => line.includes('Redis is not reachable'))).toHaveLength(1);
  expect(lines.filter((line) => line.includes('Redis is reachable again'))).toHaveLength(1);

  await bot.stop();
  await expect(ask('/healthz')).rejects.toThrow();
}, 60_000);

test('a bot that is started before its Redis waits for it, and stops though Redis is away again', async () => {
  await using redis = await ownRedis();
  await redis.kill();
  const slack = await fakeSlack();
  const config = await configFor(redis.url, slack.url);
  const starting = startBot(config, { log: pino({ level: 'silent' }), clock: systemClock });
  const health = `http://127.0.0.1:${config.health?.port}`;
  await waitFor(
    'the bot to say that it starts',
    async () => (await fetch(`${health}/readyz`)).status === 503,
    {
      ...{ withinMs: 50_000, everyMs: 20 },
    },
  );
  await redis.bringBack();
  const bot = await starting;
  closers.push(() => bot.stop());
  await slack.saw(/I cannot see/);

  await redis.kill();
  const before = performance.now();
  await bot.stop();
  expect(performance.now() - before).toBeLessThan(20_000);
  await expect(fetch(`${health}/healthz`)).rejects.toThrow();
}, 60_000);
