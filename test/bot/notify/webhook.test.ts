import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { parseConfig } from '../../../src/bot/config/load.ts';
import { notifyElsewhere } from '../../../src/bot/notify/watch-pending-updates.ts';
import { openWebhook } from '../../../src/bot/notify/webhook.ts';
import { createWorld, type World } from '../fakes/world.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) {
    await close();
  }
});

/** A receiver of notices that answers with these statuses, one each, and then 200; 0 is no answer. */
async function receiver(...statuses: readonly number[]) {
  // Short only where no answer is to come: a busy machine answers late.
  const timeoutMs = statuses.includes(0) ? 200 : 30_000;
  const came: unknown[] = [];
  const queue = [...statuses];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) {
      body += String(chunk);
    }
    came.push(JSON.parse(body));
    const status = queue.shift() ?? 200;
    if (status === 0) {
      return;
    }
    response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('thank you');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) {
    throw new Error('no port');
  }
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const webhook = openWebhook(`http://127.0.0.1:${address.port}/hook/s3cret-path`, { timeoutMs });
  return { came, webhook };
}

const afterMs = 300_000;
const lookOnce = (world: World, webhook: ReturnType<typeof openWebhook>): Promise<void> =>
  notifyElsewhere(world.context, { webhook, afterMs });

describe('what Slack does not take', () => {
  test('goes to the webhook after a while, once for each state, whichever replica looks', async () => {
    const world = createWorld();
    const { came, webhook } = await receiver();
    const incident = await world.open();
    await lookOnce(world, webhook);
    world.clock.pass(afterMs - 1);
    await lookOnce(world, webhook);
    expect(came).toEqual([]);
    world.clock.pass(1);
    await Promise.all([lookOnce(world, webhook), lookOnce(world, webhook)]);
    await lookOnce(world, webhook);
    expect(came).toEqual([
      {
        kind: 'untold',
        text: 'P1 prod-a: ctl3 is cut off from ctl1 + ctl2. INC-0412. Slack has not accepted this for 5 min.',
        incident: 'INC-0412',
        cluster: 'prod-a',
        severity: 'critical',
        state: 'open',
        headline: 'ctl3 is cut off from ctl1 + ctl2',
        openedAt: '2026-11-22T03:00:00.000Z',
        untoldSince: '2026-11-22T03:00:00.000Z',
      },
    ]);
    const audit = { atMs: 0, actor: 'watership', event: 'incident.resolved', text: '' };
    await world.stores.incidents.put({ ...incident, state: 'resolved' }, incident.version, audit);
    await lookOnce(world, webhook);
    expect(came).toHaveLength(2);
    expect(came[1]).toMatchObject({ state: 'resolved', text: expect.stringMatching(/^Resolved: P1 prod-a/) });
  });

  test('does not go there once it was told, however often it changes', async () => {
    const world = createWorld();
    const { came, webhook } = await receiver();
    await world.open();
    for (let minute = 0; minute < 20; minute += 1) {
      await lookOnce(world, webhook);
      world.clock.pass(60_000);
      const mark = await world.stores.pendingUpdates.markOf('INC-0412');
      await world.stores.incidents.note('INC-0412', [{ atMs: 0, text: 'It grew.' }]);
      await world.stores.pendingUpdates.settle('INC-0412', mark ?? '');
    }
    expect(came).toEqual([]);
  });

  test.each([
    ['says no', 500],
    ['sends elsewhere', 302],
    ['does not answer', 0],
  ])('is sent again when the webhook %s', async (_what, status) => {
    const world = createWorld();
    const { came, webhook } = await receiver(status);
    await world.open();
    await lookOnce(world, webhook);
    world.clock.pass(afterMs);
    await lookOnce(world, webhook);
    await lookOnce(world, webhook);
    expect(came).toHaveLength(2);
    await lookOnce(world, webhook);
    expect(came).toHaveLength(2);
  });

  test('comes in bounded numbers and sizes', async () => {
    const world = createWorld();
    const { came, webhook } = await receiver();
    for (let at = 0; at < 25; at += 1) {
      const facts = { cutOff: 'q'.repeat(5_000), rest: 'r' };
      await world.open({ id: `INC-${at}`, key: `${at}`, facts });
    }
    await lookOnce(world, webhook);
    world.clock.pass(afterMs);
    await lookOnce(world, webhook);
    expect(came).toHaveLength(20);
    await lookOnce(world, webhook);
    expect(came).toHaveLength(25);
    expect(Math.max(...came.map((notice) => JSON.stringify(notice).length))).toBeLessThan(2_000);
  });

  test('names the host of a webhook that fails, and nothing of its path', async () => {
    const { webhook } = await receiver(404);
    await expect(webhook.send({})).rejects.toThrow(
      /^The webhook at 127\.0\.0\.1:\d+ did not accept a notice: HTTP 404$/,
    );
    const nobody = openWebhook('http://127.0.0.1:9/hook/s3cret-path');
    const failure = await nobody.send({}).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      message: 'The webhook at 127.0.0.1:9 did not accept a notice: not reached',
    });
    expect(inspect(failure, { depth: 9 })).not.toContain('s3cret');
  });

  test('is not sent on to where a webhook points', async () => {
    const { came, webhook } = await receiver(302);
    await expect(webhook.send({ kind: 'untold' })).rejects.toThrow(/: HTTP 302$/);
    expect(came).toEqual([{ kind: 'untold' }]);
  });

  test('is given up in time when a webhook does not answer', async () => {
    const { webhook } = await receiver(0);
    await expect(webhook.send({})).rejects.toThrow(/: no answer within 200 ms$/);
  });

  test('is taken by a webhook whose answer never ends', async () => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(200).write('thank you');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) {
      throw new Error('no port');
    }
    const left = once(server, 'connection').then(([socket]: Socket[]) => socket && once(socket, 'close'));
    await openWebhook(`http://127.0.0.1:${address.port}/`).send({});
    await left;
    server.close();
  });

  test.each([
    ['http://alerts.example.org/hook', 'bad'],
    ['https://alerts.example.org/hook', 'ok'],
    ['http://127.0.0.1:9000/hook', 'ok'],
    ['ftp://127.0.0.1/hook', 'bad'],
  ])('is configured with %s: %s', (webhook, kind) => {
    const text = `slack: { botToken: "\${T}", appToken: "\${T}", channel: C0ALERTS }
notify: { webhook: "${webhook}", after: 10m }
clusters: [ { name: a, username: u, password: "\${T}", nodes: [ { name: a@h, management: http://127.0.0.1:1 } ] } ]`;
    const loaded = parseConfig(text, 'test', { read: () => 'value' });
    expect(loaded.kind).toBe(kind);
    if (loaded.kind === 'ok') {
      expect(loaded.config.notify).toEqual({ webhook, afterMs: 600_000 });
    }
  });
});
