import { randomUUID } from 'node:crypto';
import { type ChannelModel, connect } from 'amqplib';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { waitFor } from '../../sandbox/wait.ts';
import { requestDiagnosis } from '../../src/bot/approvals/incidents.ts';
import { createPeople } from '../../src/bot/approvals/people.ts';
import { submitVote } from '../../src/bot/approvals/submit-vote.ts';
import { createTransitions } from '../../src/bot/approvals/transitions.ts';
import { openCluster } from '../../src/bot/cluster/clusters.ts';
import { parseConfig } from '../../src/bot/config/load.ts';
import type { BotContext, ClusterHandle } from '../../src/bot/context.ts';
import { resumeRun } from '../../src/bot/jobs/run.ts';
import { sweep } from '../../src/bot/jobs/sweep.ts';
import { systemClock } from '../../src/bot/process/system-clock.ts';
import { openStores } from '../../src/bot/stores/open.ts';
import { book, openHosts, type Run } from '../../src/runbooks/index.ts';
import { inChannel } from '../bot/fakes/callers.ts';
import { fakeSlack, person } from '../bot/fakes/slack.ts';
import { recordingCourier } from '../bot/jobs/stage.ts';

/** The two of the fourteen that only a real broker can answer: what its own guards do. */

let redis: Redis;
let connection: ChannelModel;
beforeAll(async () => {
  redis = new Redis(inject('redisUrl'));
  connection = await connect(inject('amqpUrl'));
});
afterAll(async () => {
  redis.disconnect();
  await connection.close();
});

const fanoutName = (): string => `scheduler_fanout_${randomUUID().replaceAll('-', '')}`;

async function queueWith(name: string, messages: number, type: 'classic' | 'stream' | 'quorum' = 'classic') {
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': type } });
  for (let index = 0; index < messages; index += 1) {
    channel.sendToQueue(name, Buffer.from('x'));
  }
  await channel.waitForConfirms();
  return channel;
}

/** The whole bot but for Slack and BullMQ, on a real broker and a real Redis. */
function openBot() {
  const url = new URL(inject('managementUrl'));
  const loaded = parseConfig(
    `slack: { botToken: "\${ANY}", appToken: "\${ANY}", channel: C0ALERTS }
redis: { url: "${inject('redisUrl')}", prefix: broker-${randomUUID()} }
people: { approvers: [U0ALICE], adminApprovers: [U0CAROL] }
schedule: { sweep: 1s }
sandbox: { controlUrl: http://127.0.0.1:9 }
clusters:
  - name: house
    username: "${url.username}"
    password: "\${RABBIT}"
    detection: { zombieAfter: 1s, looksApart: 1s }
    nodes: [ { name: rabbit@localhost, management: "${url.origin}", epmd: false } ]`,
    'test',
    { read: (name) => (name === 'RABBIT' ? url.password : 'any') },
  );
  if (loaded.kind === 'bad') {
    throw new Error(JSON.stringify(loaded.problems));
  }
  const { config } = loaded;
  const stores = openStores(redis, config.redis.prefix);
  const [clusterConfig] = config.clusters;
  if (clusterConfig === undefined) {
    throw new Error('no cluster');
  }
  const cluster = openCluster({
    config: clusterConfig,
    hosts: openHosts({}),
    clock: systemClock,
    sweepMs: 1_000,
    history: async () => (await stores.memory.get('house'))?.history,
  });
  const slack = fakeSlack();
  slack.persons.set('U0ALICE', person('U0ALICE', 'Alice'));
  const people = createPeople({ slack, clock: systemClock, people: config.people });
  const contextWith = (handle: ClusterHandle): BotContext => ({
    config,
    stores,
    people,
    jobQueue: recordingCourier(),
    clock: systemClock,
    log: pino({ level: 'silent' }),
    clusters: new Map([['house', handle]]),
    book,
  });
  return { cluster, stores, contextWith, [Symbol.asyncDispose]: () => cluster.close() };
}

async function carry(context: BotContext, id: string): Promise<Run> {
  return await waitFor(
    `${id} to wait or to end`,
    async () => {
      await resumeRun(context, id, { pauseServed: true });
      const run = await context.stores.runs.get(id);
      return run !== undefined && !['diagnosing', 'checking', 'acting'].includes(run.state) ? run : undefined;
    },
    { withinMs: 25_000 },
  );
}

const isThere = async (cluster: ClusterHandle, name: string): Promise<boolean> =>
  (await cluster.ports.management[0]?.queue('/', name, { timeoutMs: 5_000 })) !== undefined;

test('consumer attaches between approval and delete', async () => {
  await using bot = openBot();
  const name = fanoutName();
  const channel = await queueWith(name, 3);
  // In the last instant there is: after the last look of ours, before the broker gets the request.
  const handle: ClusterHandle = {
    ...bot.cluster,
    actions: {
      ...bot.cluster.actions,
      execute: async (call, reason) => {
        await channel.consume(name, () => undefined);
        return await bot.cluster.actions.execute(call, reason);
      },
    },
  };
  const context = bot.contextWith(handle);
  const incident = await waitFor(
    'the zombie to be told',
    async () => {
      await sweep(context, handle);
      return (await bot.stores.incidents.open('house')).find(
        ({ runbook, subject }) => runbook === 'zombie-queue' && subject === name,
      );
    },
    { withinMs: 20_000 },
  );
  const transitions = createTransitions(context, context.people);
  // Just started, the broker does not say everything yet, and what it does not say is a no.
  const proposed = await waitFor(
    'a plan',
    async () => {
      const asked = await requestDiagnosis(transitions, incident.id, inChannel('U0BOB', 'C0ALERTS'));
      if (asked.kind === 'refused') {
        throw new Error(asked.answer.text);
      }
      const run = await carry(context, asked.run.id);
      return run.state === 'proposed' ? run : undefined;
    },
    { withinMs: 30_000 },
  );
  expect(proposed).toMatchObject({ state: 'proposed', plan: { tier: 'destructive', toll: { queues: 1 } } });
  const voted = await submitVote(
    transitions,
    {
      run: proposed.id,
      planHash: proposed.plan?.hash ?? '',
      typed: String(proposed.plan?.toll?.messages),
      reason: 'nobody reads it',
    },
    inChannel('U0ALICE', 'C0ALERTS'),
  );
  expect(voted).toMatchObject({ kind: 'recorded', isEnough: true });
  expect(await carry(context, proposed.id)).toMatchObject({
    state: 'failed',
    because: expect.stringContaining('the broker refused'),
  });
  expect(await isThere(bot.cluster, name)).toBe(true);
  await channel.deleteQueue(name);
}, 90_000);

test('stream queue offered for deletion', async () => {
  await using bot = openBot();
  const name = fanoutName();
  const channel = await queueWith(name, 3, 'stream');
  for (const action of ['queue.delete', 'queue.delete_quorum']) {
    const call = { action, args: { vhost: '/', name, maxReady: 1_000 } };
    expect(await bot.cluster.actions.precheck(call)).toEqual({
      go: false,
      because: 'a stream is never deleted: what it holds is its log',
    });
    // Even if somebody forgot to look before.
    expect((await bot.cluster.actions.execute(call, 'test')).kind).toBe('refused');
    expect(await isThere(bot.cluster, name)).toBe(true);
  }
  await channel.deleteQueue(name);
}, 60_000);

test('a quorum queue goes by its own action, and by no other', async () => {
  await using bot = openBot();
  const name = fanoutName();
  await queueWith(name, 3, 'quorum');
  const call = (action: string) => ({ action, args: { vhost: '/', name, maxReady: 1_000 } });
  const { actions } = bot.cluster;
  expect(await actions.precheck(call('queue.delete'))).toMatchObject({
    because: expect.stringContaining('this one is quorum'),
  });
  expect((await actions.execute(call('queue.delete'), 'test')).kind).toBe('refused');
  const ready = await waitFor(
    'its numbers',
    async () => ((await actions.precheck(call('queue.delete_quorum'))).go ? true : undefined),
    { withinMs: 20_000 },
  );
  expect(ready).toBe(true);
  expect((await actions.execute(call('queue.delete_quorum'), 'test')).kind).toBe('applied');
  expect(await actions.reconcile(call('queue.delete_quorum'))).toMatchObject({ kind: 'done' });
}, 60_000);

test('the queues of a shovel are known where the plugin is on, and none where it is off', async () => {
  await using bot = openBot();
  expect(await bot.cluster.ports.management[0]?.shovelQueues({ timeoutMs: 5_000 })).toEqual([]);
});
