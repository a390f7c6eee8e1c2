// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders of the configuration file

import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { waitFor } from '../../../sandbox/wait.ts';
import { type OpenCluster, openCluster } from '../../../src/bot/cluster/clusters.ts';
import { parseConfig } from '../../../src/bot/config/load.ts';
import { probeRound } from '../../../src/bot/jobs/probe.ts';
import { systemClock } from '../../../src/bot/process/system-clock.ts';
import { openStores } from '../../../src/bot/stores/open.ts';
import { getRpcServer, Target } from '../../../src/rpc/index.ts';
import { book, detect, openHosts, queueKey } from '../../../src/runbooks/index.ts';
import { openTestBroker, type TestBroker } from '../../rpc/broker.ts';

let broker: TestBroker;
let redis: Redis;
let cluster: OpenCluster | undefined;
beforeEach(() => {
  broker = openTestBroker();
  redis = new Redis(inject('redisUrl'));
});
afterEach(async () => {
  await cluster?.close();
  await broker.close();
  redis.disconnect();
});

/** The bot's inside before one real broker, for the services whose queues begin so. */
function openBot(queues: string) {
  const amqp = new URL(inject('amqpUrl'));
  const management = new URL(inject('managementUrl'));
  const loaded = parseConfig(
    JSON.stringify({
      slack: { botToken: '${ANY}', appToken: '${ANY}', channel: 'C0ALERTS' },
      schedule: { sweep: '1s', probe: '1s' },
      clusters: [
        {
          name: 'house',
          username: amqp.username,
          password: '${ANY}',
          nodes: [
            {
              name: 'rabbit@localhost',
              management: management.origin,
              amqp: `amqp://${amqp.host}`,
              epmd: false,
            },
          ],
          services: [{ name: 'the-service', queues }],
          detection: { deafProbes: 2 },
        },
      ],
    }),
    'test',
    { read: () => amqp.password },
  );
  if (loaded.kind === 'bad') {
    throw new Error(JSON.stringify(loaded.problems));
  }
  const { config } = loaded;
  const [clusterConfig] = config.clusters;
  if (clusterConfig === undefined) {
    throw new Error('no cluster');
  }
  const stores = openStores(redis, `test-${randomUUID()}`);
  const opened = openCluster({
    config: clusterConfig,
    hosts: openHosts({}),
    clock: systemClock,
    sweepMs: 1_000,
    history: async () => undefined,
    probes: () => stores.probes.get('house'),
  });
  cluster = opened;
  const context = { config, stores, clock: systemClock, log: pino({ level: 'silent' }) };
  return {
    cluster: opened,
    probe: () => probeRound(context, opened, () => 0),
    async track(queue: string) {
      return (await stores.probes.get('house'))?.tracks[queueKey('/', queue)];
    },
    async findings() {
      const observation = await opened.observe('counted');
      return detect(book, observation).findings.filter(({ runbook }) => runbook !== 'cannot-see');
    },
  };
}

async function serve(topic: string, executor: 'async' | 'blocking' = 'async') {
  const exchange = broker.unique('exchange');
  const transport = broker.transport({ controlExchange: exchange, connectionName: 'the-service' });
  const hang = () => new Promise(() => {});
  await getRpcServer(transport, new Target({ topic, server: 'host1' }), [{ hang }], {
    executor,
    bindingCheckMs: 0,
  }).start();
  return exchange;
}

async function hang(exchange: string, queue: string): Promise<void> {
  await broker.raw(async (channel) => {
    channel.publish(exchange, queue, Buffer.from('{"method": "hang"}'), { contentType: 'application/json' });
    await channel.waitForConfirms();
  });
}

/** The bot's listings come from the broker's statistics, which are seconds behind. */
const listed = (bot: ReturnType<typeof openBot>, queue: string) =>
  waitFor(
    `${queue} with its consumer`,
    async () =>
      (await bot.cluster.observe('counted')).snapshot.queues.rows.some(
        ({ name, consumers }) => name === queue && consumers === 1,
      ),
    { withinMs: 20_000 },
  );

test('a living service is found alive on an exchange that nobody named, and the probe leaves nothing behind', async () => {
  const topic = broker.unique('alive');
  const exchange = await serve(topic);
  const bot = openBot(`^${topic}`);
  await listed(bot, `${topic}.host1`);
  expect(await bot.probe()).toMatchObject({ kind: 'probed', left: 0 });
  for (const queue of [topic, `${topic}.host1`]) {
    expect(await bot.track(queue)).toMatchObject({ exchange, samples: [{ verdict: 'alive' }] });
    const { messageCount } = await broker.raw((channel) => channel.checkQueue(queue));
    expect(messageCount).toBe(0);
  }
  expect(await bot.findings()).toEqual([]);
});

test('a service that hangs is told as deaf after two probes', async () => {
  const topic = broker.unique('deaf');
  const exchange = await serve(topic, 'blocking');
  await hang(exchange, `${topic}.host1`);
  const bot = openBot(`^${topic}`);
  await listed(bot, `${topic}.host1`);
  await bot.probe();
  expect(await bot.findings()).toEqual([]);
  await bot.probe();
  expect(await bot.findings()).toMatchObject([
    {
      runbook: 'deaf-service',
      subject: `${topic}.host1`,
      severity: 'critical',
      facts: { topic, servers: [{ queue: `${topic}.host1`, probes: 2 }] },
    },
  ]);
});

test('a queue that lost its binding is told as unbound, bound again by the action, and alive', async () => {
  const topic = broker.unique('unbound');
  const exchange = await serve(topic);
  const bot = openBot(`^${topic}`);
  await listed(bot, topic);
  await bot.probe();
  await broker.raw((channel) => channel.unbindQueue(topic, exchange, topic));
  await bot.probe();
  await bot.probe();
  expect(await bot.findings()).toMatchObject([
    { runbook: 'unbound-service', subject: topic, facts: { exchange, knownFrom: 'memory', total: 1 } },
  ]);
  expect((await bot.track(topic))?.samples.at(-1)).toMatchObject({ verdict: 'absent', bindings: 'none' });

  const call = { action: 'queue.bind', args: { vhost: '/', queue: topic, exchange, routingKey: topic } };
  const { actions } = bot.cluster;
  expect(await actions.reconcile(call)).toMatchObject({ kind: 'not-done' });
  expect(await actions.precheck(call)).toEqual({ go: true });
  expect(await actions.execute(call, 'INC-1')).toMatchObject({ kind: 'applied' });
  expect(await actions.reconcile(call)).toMatchObject({ kind: 'done' });
  await bot.probe();
  expect(await bot.track(topic)).toMatchObject({ samples: [{ verdict: 'alive' }] });
  expect(await bot.findings()).toEqual([]);
});

test('a service that moved to another exchange is found there', async () => {
  const topic = broker.unique('moved');
  await serve(topic);
  const bot = openBot(`^${topic}`);
  const asked = await bot.cluster.ports.probe({ topic, exchange: 'amq.topic', timeoutMs: 5_000 });
  expect(asked).toMatchObject({ verdict: 'alive' });
});

test('listening in takes nothing away and ends by itself', async () => {
  const topic = broker.unique('tapped');
  const exchange = await serve(topic);
  const bot = openBot(`^${topic}`);
  const heard: string[] = [];
  const tapped = bot.cluster.listen({ exchange, routingKey: '#', maxMessages: 1, maxSeconds: 20 });
  const listening = (async () => {
    for await (const { message } of tapped) {
      heard.push(String(message?.['method']));
    }
  })();
  const passed = async (): Promise<boolean> => {
    await bot.cluster.ports.probe({ topic, exchange, timeoutMs: 2_000 });
    return heard.length > 0;
  };
  await waitFor('a message to pass', passed, { withinMs: 20_000 });
  await listening;
  expect(heard).toEqual(['oslo_rpc_server_ping_ignore_errors']);
});
