import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { waitFor } from '../../sandbox/wait.ts';
import { haltRepairs } from '../../src/bot/approvals/halts.ts';
import type { BotContext } from '../../src/bot/context.ts';
import { SlackBusy } from '../../src/bot/ports/slack-errors.ts';
import { createLog } from '../../src/bot/process/log.ts';
import { createApp } from '../../src/bot/slack/app/app.ts';
import { createIncidentNotifier } from '../../src/bot/slack/send/incident-notifier.ts';
import { openSlackPort } from '../../src/bot/slack/send/web-client-port.ts';
import { connectRedis } from '../../src/bot/stores/connection/connect.ts';
import { book } from '../../src/runbooks/index.ts';
import { byCommand } from '../bot/fakes/callers.ts';
import { fakeReceiver, submitted } from '../bot/fakes/receiver.ts';
import { ownRedis } from '../bot/own-redis.ts';
import { api, stage } from '../runbooks/actions/fakes.ts';
import { ALICE, BOB, callerOf, createScene, DAVE, said } from './scene.ts';

/*
 * The tests that were written first, each named by its sentence. Two of them want a real broker: fourteen-broker.
 */

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => {
  redis.disconnect();
});

const events = async ({ stores }: BotContext) =>
  (await stores.audit.read({ run: 'RUN-0001', limit: 200 })).map(({ event }) => event);

test('two approvers racing', async () => {
  const scene = createScene(redis, { tier: 'node' });
  const [one, two] = [scene.replica(), scene.replica()];
  const run = await one.propose();
  const votes = await Promise.all([one.vote(ALICE, run), two.vote(BOB, run), two.vote(ALICE, run)]);
  const recorded = votes.filter(({ kind }) => kind === 'recorded');
  expect(recorded).toHaveLength(2);
  expect(recorded.filter((voted) => voted.kind === 'recorded' && voted.isEnough)).toHaveLength(1);
  await Promise.all([one.carry(), two.carry()]);
  expect(await one.carry()).toMatchObject({ state: 'done' });
  expect(scene.house.done).toEqual(['lamp.off kitchen']);
});

test('same click delivered 3x to two replicas', async () => {
  const scene = createScene(redis, { tier: 'node' });
  const replicas = [scene.replica(), scene.replica()];
  const run = await replicas[0]?.propose();
  const apps = replicas.map(({ context }) => {
    const receiver = fakeReceiver();
    createApp(context, scene.slack, receiver);
    return receiver;
  });
  const reference = { incident: 'INC-0001', run: 'RUN-0001', planHash: run?.plan?.hash, channel: 'C0ALERTS' };
  const click = submitted(
    ALICE,
    { callback_id: 'approval:submit', private_metadata: JSON.stringify(reference) },
    {
      cluster_name: { value: { type: 'plain_text_input', value: 'house' } },
      reason: { value: { type: 'plain_text_input', value: 'it is late' } },
    },
  );
  const answers = await Promise.all([0, 1, 0].map((index) => apps[index]?.deliver(click)));
  // Every delivery is answered, and the yes counts once.
  expect(answers).not.toContain('never');
  expect(await replicas[0]?.context.stores.runs.get('RUN-0001')).toMatchObject({
    state: 'proposed',
    votes: [{ by: ALICE }],
  });
});

test('click after expiry', async () => {
  const scene = createScene(redis, { people: { planExpiresMs: 1 } });
  const replica = scene.replica();
  const run = await replica.propose();
  await waitFor('the plan to be over', () => Date.now() > (run.plan?.expiresAtMs ?? 0), {
    withinMs: 5_000,
  });
  expect(said(await replica.vote(ALICE, run))).toMatch(/expired/);
  expect(await replica.carry()).toMatchObject({ state: 'expired' });
  expect(scene.house.done).toEqual([]);
});

test('click after plan changed', async () => {
  const scene = createScene(redis);
  const replica = scene.replica();
  const run = await replica.propose();
  // What was read is another plan than the one on the table.
  const old = { ...run, ...(run.plan && { plan: { ...run.plan, hash: 'f'.repeat(64) } }) };
  expect((await replica.vote(ALICE, old)).kind).toBe('changed');
  // And a plan that the world has left behind is not carried out, however many voted for it.
  expect((await replica.vote(ALICE, run)).kind).toBe('recorded');
  scene.house.lamps.push('attic');
  const ended = await replica.carry();
  expect(ended).toMatchObject({
    state: 'superseded',
    because: expect.stringContaining('needs more votes now'),
  });
  expect(scene.house.done).toEqual([]);
  expect(await replica.vote(BOB, run)).toMatchObject({ kind: 'errors' });
});

test('requester self-approves', async () => {
  const scene = createScene(redis);
  const replica = scene.replica();
  const run = await replica.propose();
  expect(run.requestedBy).toBe(DAVE);
  expect(said(await replica.vote(DAVE, run))).toMatch(/somebody else must approve/);
  expect(await replica.carry()).toMatchObject({ state: 'proposed', votes: [] });
  expect(scene.house.done).toEqual([]);
  const refusals = await replica.context.stores.audit.read({ run: run.id, limit: 9 });
  expect(refusals.filter(({ event }) => event === 'click.refused')).toMatchObject([
    { actor: DAVE, text: 'vote refused: it was their own request' },
  ]);
});

test('approver removed from group between click 1 and 2', async () => {
  const scene = createScene(redis, { tier: 'node' });
  const run = await scene.replica().propose();
  expect(said(await scene.replica().vote(ALICE, run))).toBe('recorded');
  scene.slack.groups.set('S0ONCALL', [BOB, DAVE]);
  // Another replica asks Slack anew: one of two is left.
  const second = scene.replica();
  expect(await second.vote(BOB, run)).toMatchObject({ kind: 'recorded', isEnough: false });
  expect(await second.carry()).toMatchObject({ state: 'proposed' });
  expect(scene.house.done).toEqual([]);
});

test('approver removed from group between the last click and the act', async () => {
  const scene = createScene(redis);
  const first = scene.replica();
  const run = await first.propose();
  expect(await first.vote(ALICE, run)).toMatchObject({ kind: 'recorded', isEnough: true });
  scene.slack.groups.set('S0ONCALL', [BOB, DAVE]);
  expect(await scene.replica().carry()).toMatchObject({
    state: 'stopped',
    because: `${ALICE} approved it but may no longer approve, so the votes are no longer enough. Nothing was done.`,
  });
  expect(scene.house.done).toEqual([]);
});

test('Slack that does not say who may approve, at the moment of the act, is a no until it does', async () => {
  const scene = createScene(redis);
  const first = scene.replica();
  const run = await first.propose();
  await first.vote(ALICE, run);
  scene.slack.groups.set('S0ONCALL', new Error('no answer'));
  expect(await scene.replica().carry()).toMatchObject({
    state: 'acting',
    items: [{ state: 'waiting' }, {}, {}],
  });
  expect(scene.house.done).toEqual([]);
  scene.slack.groups.set('S0ONCALL', [ALICE]);
  expect(await scene.replica().carry()).toMatchObject({ state: 'done' });
});

test.each(['before', 'after'])(
  'kill -9 between INTENT and APPLIED, %s the effect',
  async (when) => {
    const scene = createScene(redis);
    const replica = scene.replica();
    const run = await replica.propose();
    await replica.vote(ALICE, run);
    const dying = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        resolve(import.meta.dirname, 'dying-runner.ts'),
        inject('redisUrl'),
        scene.prefix,
        when,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(dying.stdout, 'data');
    dying.kill('SIGKILL');
    await once(dying, 'exit');
    expect(await replica.context.stores.runs.get(run.id)).toMatchObject({
      items: [{ state: 'intended' }, {}, {}],
    });

    const count = async () => Number((await redis.get(`${scene.prefix}:done:kitchen`)) ?? 0);
    scene.house.timeLimitMs = 0;
    scene.house.reconcile = async () =>
      (await count()) > 0
        ? { kind: 'done', because: 'it is dark' }
        : { kind: 'not-done', because: 'it still shines' };
    scene.house.execute = async () => {
      await redis.incr(`${scene.prefix}:done:kitchen`);
      scene.house.lamps = [];
      return { kind: 'applied', detail: 'click' };
    };
    if (when === 'after') {
      scene.house.lamps = [];
    }
    // The dead one's lease runs out by itself.
    const ended = await waitFor(
      'the run to end',
      async () => {
        const now = await replica.carry();
        return now.state === 'done' ? now : undefined;
      },
      { withinMs: 25_000 },
    );
    expect(ended.items[0]?.attempts).toBe(when === 'after' ? 1 : 2);
    expect(await count()).toBe(1);
  },
  40_000,
);

test('halt during batch 2', async () => {
  const lamps = Array.from({ length: 12 }, (_, index) => `lamp ${index}`);
  const scene = createScene(redis, { tier: 'reversible', lamps });
  const [one, two] = [scene.replica(), scene.replica()];
  const run = await one.propose();
  await one.vote(ALICE, run);
  const execute = scene.house.execute;
  scene.house.execute = async (call) => {
    const outcome = await execute(call);
    // The seventh is under way when somebody halts, at the other replica.
    if (scene.house.done.length === 7) {
      await haltRepairs(two.transitions, 'house', byCommand(BOB));
    }
    return outcome;
  };
  await Promise.all([one.carry(), two.carry()]);
  expect(scene.house.done).toHaveLength(7);
  expect((await one.context.stores.runs.get(run.id))?.state).toBe('acting');
  await two.context.stores.halts.resume('house', ALICE);
  expect(await two.carry()).toMatchObject({ state: 'done' });
  expect(scene.house.done).toHaveLength(12);
});

test('management API returns partial data from one node', async () => {
  const name = `x_fanout_${'0f'.repeat(16)}`;
  const calm = ['rabbit@a', 'rabbit@b', 'rabbit@c'].map((node) => ({
    name: node,
    isRunning: true,
    partitions: [],
    hasMemoryAlarm: false,
    hasDiskAlarm: false,
  }));
  const whole = {
    vhost: '/',
    name,
    type: 'classic',
    exclusive: false,
    consumers: 0,
    ready: 4,
    unacknowledged: 0,
    arguments: {},
  };
  const { consumers: _left, ...partial } = whole;
  const node = (id: string, row: typeof partial) =>
    api(id, { nodes: () => Promise.resolve(calm), queue: () => Promise.resolve(row) });
  const { actions } = stage([node('rabbit@a', whole), node('rabbit@b', partial), node('rabbit@c', whole)]);

  const scene = createScene(redis);
  const replica = scene.replica();
  const run = await replica.propose();
  await replica.vote(ALICE, run);
  scene.house.precheck = () =>
    actions.precheck({ action: 'queue.delete', args: { vhost: '/', name, maxReady: 10 } });
  expect(await replica.carry()).toMatchObject({
    state: 'failed',
    because: expect.stringContaining('does not report how many consumers'),
  });
  expect(scene.house.done).toEqual([]);
});

test('429 storm', async () => {
  const scene = createScene(redis);
  const replica = scene.replica();
  const run = await replica.propose();
  for (let call = 0; call < 30; call += 1) {
    scene.slack.failNext('postMessage', new SlackBusy('chat.postMessage', 1_000));
  }
  const notifier = createIncidentNotifier({ context: replica.context, slack: scene.slack });
  let busy = 0;
  // Slack being slow holds up no vote and no action, and loses no word.
  await replica.vote(ALICE, run);
  expect(await replica.carry()).toMatchObject({ state: 'done' });
  for (
    let attempt = 0;
    attempt < 40 && (await replica.context.stores.pendingUpdates.list()).length > 0;
    attempt += 1
  ) {
    const mark = await replica.context.stores.pendingUpdates.markOf('INC-0001');
    await notifier.tell('INC-0001').then(
      () => replica.context.stores.pendingUpdates.settle('INC-0001', mark ?? ''),
      (error: unknown) => {
        expect(error).toBeInstanceOf(SlackBusy);
        busy += 1;
      },
    );
  }
  expect(busy).toBe(30);
  const roots = scene.slack.messages.filter(({ threadTs }) => threadTs === undefined);
  expect(roots).toHaveLength(1);
  const thread = scene.slack.messages.filter(({ threadTs }) => threadTs !== undefined);
  expect(thread.filter(({ text }) => text.includes('approved (1 of 1)'))).toHaveLength(1);
});

test('`invalid_blocks` on the alert', async () => {
  const posted: Record<string, string>[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) {
      body += String(part);
    }
    const fields = Object.fromEntries(new URLSearchParams(body));
    const isRefused = fields['blocks'] !== undefined && fields['blocks'] !== '[]';
    if (request.url === '/api/chat.postMessage' && !isRefused) {
      posted.push(fields);
    }
    response
      .setHeader('content-type', 'application/json')
      .end(
        JSON.stringify(
          isRefused ? { ok: false, error: 'invalid_blocks' } : { ok: true, ts: '1.2', user: {} },
        ),
      );
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  try {
    const scene = createScene(redis);
    const { context } = scene.replica();
    const { port } = server.address() as AddressInfo;
    const slack = openSlackPort(
      { ...context.config.slack, apiUrl: `http://127.0.0.1:${port}/api/` },
      context.clock,
    );
    await scene.replica().propose();
    await createIncidentNotifier({ context, slack }).tell('INC-0001');
    // The alert is there, in plainer words.
    expect(posted[0]?.['text']).toContain('a lamp is on');
    expect(await context.stores.cards.get('INC-0001')).toMatchObject({ ts: '1.2' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('Redis restart while AWAITING', async () => {
  await using server = await ownRedis();
  const own = connectRedis({ url: server.url }, createLog('silent'));
  await own.connect();
  try {
    const scene = createScene(own, { tier: 'node' });
    const replica = scene.replica();
    const run = await replica.propose();
    expect((await replica.vote(ALICE, run)).kind).toBe('recorded');
    await server.kill();
    await expect(replica.vote(BOB, run)).rejects.toThrow();
    expect(scene.house.done).toEqual([]);
    await server.bringBack();
    await waitFor(
      'Redis',
      () =>
        own.ping().then(
          (pong) => pong === 'PONG',
          () => false,
        ),
      { withinMs: 20_000 },
    );
    // The first yes has survived, and the second one carries the plan.
    expect(await replica.vote(BOB, run)).toMatchObject({ kind: 'recorded', votes: 2, isEnough: true });
    expect(await replica.carry()).toMatchObject({ state: 'done' });
    expect(scene.house.done).toEqual(['lamp.off kitchen']);
    expect(await events(replica.context)).toContain('run.done');
  } finally {
    own.disconnect();
  }
});

test('queue name with mrkdwn control characters', async () => {
  const scene = createScene(redis);
  const replica = scene.replica();
  const evil = `<!channel> *<https://evil.example|ok>* ~&amp;\`_fanout_${'0f'.repeat(16)}`;
  const context = { ...replica.context, book };
  await context.stores.incidents.put(
    {
      id: 'INC-0099',
      cluster: 'house',
      key: 'zombie',
      runbook: 'zombie-queue',
      subject: evil,
      severity: 'warning',
      facts: {
        vhost: '/',
        family: evil,
        queues: [{ name: evil, ready: 4 }],
        total: 1,
        ready: 4,
        seenAtMs: 0,
        siblings: [],
        siblingsTotal: 0,
      },
      state: 'open',
      openedAtMs: Date.now(),
      lastSeenAtMs: Date.now(),
      cleanSweeps: 0,
      version: 1,
    },
    0,
    { atMs: 0, actor: 'watership', event: 'incident.opened', text: `Seen: ${evil}` },
    [{ atMs: Date.now(), text: `Seen: ${evil}` }],
  );
  await createIncidentNotifier({ context, slack: scene.slack }).tell('INC-0099');
  expect(scene.slack.messages.length).toBeGreaterThan(1);
  for (const message of scene.slack.messages) {
    for (const text of markupIn(message)) {
      expect(text).not.toMatch(/<!channel|<https/);
    }
  }
});

/** Every text that Slack reads markup in. */
function markupIn(message: {
  readonly text: string;
  readonly blocks?: readonly unknown[];
}): readonly string[] {
  const found = [message.text];
  JSON.stringify(message.blocks ?? [], (_key, value: unknown) => {
    if (
      typeof value === 'object' &&
      value !== null &&
      'type' in value &&
      value.type === 'mrkdwn' &&
      'text' in value
    ) {
      found.push(String(value.text));
    }
    return value;
  });
  return found;
}

test('what is asked for from a channel of two organisations is refused, and is written down', async () => {
  const scene = createScene(redis);
  const replica = scene.replica();
  const run = await replica.propose();
  scene.slack.shared.add('C0ALERTS');
  expect(said(await scene.replica().vote(ALICE, run))).toMatch(/shared with another organisation/);
  expect(await haltRepairs(replica.transitions, 'house', callerOf(ALICE, replica))).toMatchObject({
    refused: true,
  });
  expect(await haltRepairs(replica.transitions, 'house', byCommand(ALICE))).not.toMatchObject({
    refused: true,
  });
});
