import { randomUUID } from 'node:crypto';
import { Queue, QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { waitFor } from '../../../sandbox/wait.ts';
import { createVitals } from '../../../src/bot/health/vitals.ts';
import {
  forgetLater,
  openJobQueue,
  openQueues,
  type Queues,
  queuePrefix,
} from '../../../src/bot/jobs/queues.ts';
import { schedule } from '../../../src/bot/jobs/schedules.ts';
import { type Speakers, startWorkers } from '../../../src/bot/jobs/workers.ts';
import { openStores } from '../../../src/bot/stores/open.ts';
import { buildHouse, config, contextOf } from './stage.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) {
    await close();
  }
});

function connect(url = inject('redisUrl')): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  closers.push(async () => redis.disconnect());
  return redis;
}

function bench(prefix = `test-${randomUUID()}`) {
  const redis = connect();
  const queues = openQueues(redis, prefix, () => {});
  closers.push(() => queues.close());
  return { redis, queues, jobQueue: openJobQueue(queues), prefix };
}

function works(prefix: string, speakers: Partial<Speakers>, house = buildHouse()) {
  const { redis, queues, jobQueue } = bench(prefix);
  const context = contextOf({ redis, house, jobQueue, prefix });
  const workers = startWorkers(
    context,
    redis,
    { tell: async () => {}, digest: async () => {}, ...speakers },
    createVitals(),
  );
  closers.push(() => workers.stop(1_000));
  return { context, queues, workers, jobQueue };
}

/** Something that is awaited until it has happened so often. */
function transitions() {
  let count = 0;
  const waiting: { readonly at: number; readonly resolve: () => void }[] = [];
  return {
    tick: () => {
      count += 1;
      for (const { at, resolve } of waiting) {
        if (count >= at) {
          resolve();
        }
      }
    },
    get count() {
      return count;
    },
    reached: (at: number) =>
      new Promise<void>((resolve) => {
        if (count >= at) {
          resolve();
        } else {
          waiting.push({ at, resolve });
        }
      }),
  };
}

describe('a job that tells an incident', () => {
  test('many calls while one is told lead to one more', async () => {
    const prefix = `test-${randomUUID()}`;
    const told = transitions();
    let letGo: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const { jobQueue, queues } = works(prefix, {
      tell: async () => {
        told.tick();
        if (told.count === 1) {
          await gate;
        }
      },
    });
    await jobQueue.tell('INC-1');
    await told.reached(1);
    for (let index = 0; index < 20; index += 1) {
      await jobQueue.tell('INC-1');
    }
    letGo();
    await told.reached(2);
    await jobQueue.tell('INC-2');
    await told.reached(3);
    expect(await queues.tell.getJobCounts('wait', 'delayed')).toEqual({ wait: 0, delayed: 0 });
    expect(told.count).toBe(3);
  });

  test('is tried again until Slack takes it, and only then is the incident told', async () => {
    const prefix = `test-${randomUUID()}`;
    const told = transitions();
    const { jobQueue, context } = works(prefix, {
      tell: async () => {
        told.tick();
        if (told.count === 1) {
          throw Object.assign(new Error('slow down'), { retryAfterMs: 10 });
        }
      },
    });
    await context.stores.incidents.note('INC-1', [{ atMs: 1, text: 'a line' }]);
    const settled = context.stores.pendingUpdates.settle;
    const done = new Promise<void>((resolve) => {
      Object.assign(context.stores.pendingUpdates, {
        settle: async (...args: Parameters<typeof settled>) => {
          await settled(...args);
          resolve();
        },
      });
    });
    await jobQueue.tell('INC-1');
    await done;
    expect(told.count).toBe(2);
    expect(await context.stores.pendingUpdates.list()).toEqual([]);
  });

  test('of a process that died in the middle is done by another', async () => {
    const prefix = `test-${randomUUID()}`;
    const begun = transitions();
    const dying = works(prefix, {
      tell: () => {
        begun.tick();
        return new Promise(() => {});
      },
    });
    await dying.jobQueue.tell('INC-1');
    await begun.reached(1);
    // As `kill -9` would: the connections are gone, the job stays active in Redis.
    for (const close of closers.splice(0)) {
      void close();
    }
    const told = transitions();
    const next = works(prefix, { tell: async () => told.tick() });
    await next.jobQueue.tell('INC-1');
    await told.reached(1);
  }, 25_000);
});

describe('putting a run off', () => {
  const pending = async (queues: Queues) =>
    (await queues.run.getDelayed()).map(({ opts, data }) => [
      opts.deduplication?.id,
      opts.delay,
      data.pauseServed,
    ]);

  test('a pause stays, a newer deadline replaces the older one, and a vote goes at once', async () => {
    const { queues, jobQueue } = bench();
    await jobQueue.carryOn('RUN-1', 60_000, 'pause');
    await jobQueue.carryOn('RUN-1', 90_000, 'pause');
    await jobQueue.carryOn('RUN-1', 60_000, 'until');
    await jobQueue.carryOn('RUN-1', 90_000, 'until');
    await jobQueue.carryOn('RUN-1');
    await jobQueue.carryOn('RUN-1', 0, 'nudge');
    await jobQueue.carryOn('RUN-1', 0, 'nudge');
    expect((await pending(queues)).toSorted()).toEqual([
      ['RUN-1.pause', 60_000, true],
      ['RUN-1.until', 90_000, false],
    ]);
    expect(await queues.run.getWaitingCount()).toBe(2);
  });

  test('is possible again after the marks of a dead bot are taken away', async () => {
    const { queues, jobQueue } = bench();
    await jobQueue.carryOn('RUN-1', 60_000, 'pause');
    await forgetLater(queues, 'RUN-1');
    await jobQueue.carryOn('RUN-1', 90_000, 'pause');
    expect(await pending(queues)).toHaveLength(2);
  });
});

describe('the schedule', () => {
  test('sweeps each cluster again and again, also after a sweep that threw, and stays one however often it is put in', async () => {
    const prefix = `test-${randomUUID()}`;
    const swept = transitions();
    const house = buildHouse();
    const observe = house.observe;
    house.observe = async () => {
      swept.tick();
      if (swept.count === 1) {
        throw new Error('the first look fails');
      }
      return await observe();
    };
    const { queues, context } = works(prefix, {}, house);
    await schedule(queues, context.config);
    await schedule(queues, context.config);
    expect(await queues.sweep.getJobSchedulersCount()).toBe(1);
    await swept.reached(3);
    expect(await context.stores.incidents.open('house')).toHaveLength(1);
  });

  test('of a cluster that left the configuration is taken out', async () => {
    const { queues } = bench();
    await schedule(queues, config);
    await schedule(queues, { ...config, clusters: [] });
    expect(await queues.sweep.getJobSchedulers()).toEqual([]);
    expect(await queues.probe.getJobSchedulers()).toEqual([]);
  });

  test('probes each cluster beside the sweeps, at its own pace', async () => {
    const { queues, context } = works(`test-${randomUUID()}`, {});
    await schedule(queues, { ...config, schedule: { ...config.schedule, probeMs: 200 } });
    expect(await queues.probe.getJobSchedulers()).toMatchObject([{ key: 'probe.house', every: 200 }]);
    const at = async () => (await context.stores.probes.get('house'))?.probedAtMs;
    const first = await waitFor('a round of probes', at, { withinMs: 10_000 });
    await waitFor('another round', async () => ((await at()) ?? 0) > first, { withinMs: 10_000 });
  });

  test('of the digest keeps its cron and its time zone', async () => {
    const { queues } = bench();
    const digest = { cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' };
    await schedule(queues, { ...config, schedule: { ...config.schedule, digest } });
    expect(await queues.digest.getJobSchedulers()).toMatchObject([
      { pattern: '0 9 * * 1-5', tz: 'Europe/Berlin' },
    ]);
    await schedule(queues, config);
    expect(await queues.digest.getJobSchedulers()).toEqual([]);
  });

  test('of the digest comes again and again by the parser that the configuration is checked with', async () => {
    const digested = transitions();
    const { queues } = works(`test-${randomUUID()}`, { digest: async () => digested.tick() });
    // Every second; BullMQ's own parser refuses the plus.
    const digest = { cron: '* * * * * +*', timezone: 'UTC' };
    await schedule(queues, { ...config, schedule: { ...config.schedule, digest } });
    await digested.reached(3);
  });
});

test('a run that was active when its bot died is not started again by the queue', async () => {
  const prefix = `test-${randomUUID()}`;
  const { redis, queues } = bench(prefix);
  const stores = openStores(redis, prefix);
  expect(await stores.runs.active()).toEqual([]);
  await queues.run.add('carry-on', { run: 'RUN-1', pauseServed: false });
  const options = { connection: redis, prefix: queuePrefix(prefix) };
  const raw = new Queue('run', options);
  closers.push(() => raw.close());
  const events = new QueueEvents('run', { ...options, connection: connect() });
  closers.push(() => events.close());
  await events.waitUntilReady();
  // A worker that takes the job and is never heard of again.
  const { Worker } = await import('bullmq');
  const dead = new Worker('run', null, {
    ...options,
    connection: connect(),
    lockDuration: 500,
    skipLockRenewal: true,
  });
  closers.push(() => dead.close(true));
  const job = await dead.getNextJob('token');
  expect(job?.data).toMatchObject({ run: 'RUN-1' });
  const failed = new Promise<string>((resolve) => {
    events.on('failed', ({ failedReason }) => resolve(failedReason));
  });
  works(prefix, {});
  expect(await failed).toMatch(/stalled/);
}, 25_000);
