import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { BotContext, ClusterHandle } from '../../../src/bot/context.ts';
import { resumeRun } from '../../../src/bot/jobs/run.ts';
import { sweep } from '../../../src/bot/jobs/sweep.ts';
import { limitDefaults, type Plan, type Runbook } from '../../../src/runbooks/index.ts';
import { incident, lampWith } from '../../runbooks/engine/toy.ts';
import { approval, askForRun, buildHouse, contextOf, recordingCourier, send, simpleLamp } from './stage.ts';

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => {
  redis.disconnect();
});

function clusterOf(context: BotContext): ClusterHandle {
  const handle = context.clusters.get('house');
  if (handle === undefined) {
    throw new Error('no house');
  }
  return handle;
}

async function sweepOnce(context: BotContext) {
  const outcome = await sweep(context, clusterOf(context));
  if (outcome.kind === 'skipped') {
    throw new Error('the sweep was skipped');
  }
  return outcome;
}

const newsOf = async (context: BotContext) => (await sweepOnce(context)).news.map(({ kind }) => kind);

test('trouble opens an incident once, is told, and resolves after enough clean sweeps', async () => {
  const house = buildHouse();
  const jobQueue = recordingCourier();
  const context = contextOf({ redis, house, jobQueue });
  expect(await newsOf(context)).toEqual(['opened']);
  expect(await newsOf(context)).toEqual([]);
  const [incident] = await context.stores.incidents.open('house');
  expect(incident).toMatchObject({ id: 'INC-0001', key: 'lamps', version: 1 });
  expect(jobQueue.told).toContain('INC-0001');

  house.lamps = [];
  const kinds = [];
  for (let index = 0; index < 3; index += 1) {
    kinds.push(...(await newsOf(context)));
  }
  expect(kinds.at(-1)).toBe('resolved');
  expect(await context.stores.incidents.open('house')).toEqual([]);
  const lines = await context.stores.incidents.timeline('INC-0001');
  expect(lines).toMatchObject([
    { text: 'Detected: a lamp is on' },
    { text: 'Resolved. It was: a lamp is on', broadcast: true },
  ]);

  house.lamps = ['kitchen'];
  expect(await newsOf(context)).toEqual(['opened']);
  expect((await context.stores.incidents.open('house'))[0]?.id).toBe('INC-0002');
});

test('a symptom that comes later opens muted, and the card of its cause is told again', async () => {
  const house = buildHouse();
  const jobQueue = recordingCourier();
  const attic = lampWith({
    id: 'attic',
    detect: ({ snapshot }) =>
      snapshot.queues.rows
        .filter(({ name }) => name === 'attic')
        .map(({ name }) => ({ key: name, subject: name, severity: 'warning', facts: { lamps: [name] } })),
  });
  const cause = lampWith({ confirmSweeps: 2, mutes: ['attic'] });
  const context = contextOf({ redis, house, jobQueue, book: [cause, attic] });
  expect([await newsOf(context), await newsOf(context)]).toEqual([[], ['opened']]);
  jobQueue.told.length = 0;
  house.lamps = ['kitchen', 'attic'];
  expect(await newsOf(context)).toContain('opened');
  const open = await context.stores.incidents.open('house');
  expect(open.find(({ runbook }) => runbook === 'attic')).toMatchObject({ mutedBy: 'INC-0001' });
  expect(jobQueue.told).toContain('INC-0001');
});

test('two sweeps of one cluster never overlap: the second steps aside', async () => {
  const house = buildHouse();
  const prefix = `test-${randomUUID()}`;
  const first = contextOf({ redis, house, prefix });
  const second = contextOf({ redis, house, prefix });
  const outcomes = await Promise.all([
    sweep(first, clusterOf(first)),
    sweep(second, clusterOf(second)),
    sweep(first, clusterOf(first)),
  ]);
  expect(outcomes.filter(({ kind }) => kind === 'swept')).toHaveLength(1);
  expect(await sweep(second, clusterOf(second))).toMatchObject({ kind: 'swept' });
});

test('a sweep whose clock was a year ahead blinds nobody', async () => {
  const house = buildHouse();
  house.lamps = [];
  const context = contextOf({ redis, house });
  const observe = house.observe;
  house.observe = async () => {
    const seen = await observe();
    return { ...seen, snapshot: { ...seen.snapshot, takenAtMs: Date.now() + 31_536_000_000 } };
  };
  await sweepOnce(context);
  expect(await context.stores.memory.sweptAtMs('house')).toBeUndefined();

  house.observe = observe;
  house.lamps = ['kitchen'];
  expect(await newsOf(context)).toEqual(['opened']);
  expect(await context.stores.memory.sweptAtMs('house')).toBeLessThanOrEqual(Date.now());
});

test('a sweep that throws lets go of the cluster', async () => {
  const house = buildHouse();
  const context = contextOf({ redis, house });
  const observe = house.observe;
  house.observe = () => Promise.reject(new Error('the lens is dirty'));
  await expect(sweep(context, clusterOf(context))).rejects.toThrow('the lens is dirty');
  house.observe = observe;
  expect(await newsOf(context)).toEqual(['opened']);
});

test('what a person did while the sweep looked is kept', async () => {
  const house = buildHouse();
  const context = contextOf({ redis, house });
  await sweepOnce(context);
  const observe = house.observe;
  house.lamps = [];
  house.observe = async () => {
    const seen = await observe();
    const put = context.stores.incidents.put;
    // Somebody says "I'm on it" after the sweep has read the incident, and before it writes.
    Object.assign(context.stores.incidents, {
      put: async (...args: Parameters<typeof put>) => {
        Object.assign(context.stores.incidents, { put });
        const mine = await context.stores.incidents.get('INC-0001');
        if (mine === undefined) {
          throw new Error('no incident');
        }
        const audit = { atMs: 1, actor: 'U0ALICE', event: 'incident.acknowledged', text: 'mine' };
        await put({ ...mine, owner: 'U0ALICE' }, mine.version, audit);
        return await put(...args);
      },
    });
    return seen;
  };
  await sweepOnce(context);
  expect(await context.stores.incidents.get('INC-0001')).toMatchObject({
    owner: 'U0ALICE',
    cleanSweeps: 1,
    version: 3,
  });
});

test('a plan whose trouble has healed by itself is withdrawn, and an acting run is asked to go on', async () => {
  const house = buildHouse();
  const jobQueue = recordingCourier();
  const context = contextOf({ redis, house, jobQueue });
  await sweepOnce(context);
  await askForRun(context);
  await resumeRun(context, 'RUN-0001', { pauseServed: false });
  jobQueue.later.length = 0;
  await sweepOnce(context);
  expect(jobQueue.later).toEqual([{ run: 'RUN-0001', delayMs: 0, why: 'nudge' }]);

  house.lamps = [];
  for (let index = 0; index < 3; index += 1) {
    await sweepOnce(context);
  }
  expect(await context.stores.runs.get('RUN-0001')).toMatchObject({
    state: 'superseded',
    because: 'It healed by itself; there is nothing to approve.',
  });
});

test('an incident under repair is not resolved before the repair has proved it', async () => {
  const house = buildHouse();
  const context = contextOf({ redis, house });
  await sweepOnce(context);
  await askForRun(context);
  await resumeRun(context, 'RUN-0001', { pauseServed: false });
  await send(context, 'RUN-0001', approval);
  house.lamps = [];
  for (let index = 0; index < 5; index += 1) {
    expect(await newsOf(context)).not.toContain('resolved');
  }
});

test('a node that an acting run stops and starts opens nothing by itself, until the run is over', async () => {
  const lonely: Runbook = {
    ...lampWith({ id: 'lonely' }),
    detect: () => [{ key: 'node:a@h', subject: 'a@h', severity: 'critical', facts: { lamps: [] } }],
  };
  const context = contextOf({ redis, house: buildHouse(), book: [simpleLamp, lonely] });
  const asked = await askForRun(context);
  const plan: Plan = {
    hash: 'h',
    tier: 'node',
    items: [
      {
        kind: 'act',
        step: 'stop',
        title: 'Stop a@h',
        call: { action: 'node.stop', args: { node: 'a@h' } },
        describe: 'stop',
        onlyIfNeeded: false,
      },
    ],
    lost: [],
    undo: 'no',
    limits: limitDefaults,
    madeAtMs: asked.startedAtMs,
    expiresAtMs: asked.startedAtMs + 60_000,
  };
  const note = { atMs: 1, actor: 'test', event: 'test', text: 'test' };
  await context.stores.runs.put({ ...asked, state: 'acting', plan }, asked.version, note);
  expect(await newsOf(context)).not.toContain('opened');

  const acting = await context.stores.runs.get(asked.id);
  if (acting === undefined) {
    throw new Error('no run');
  }
  await context.stores.runs.put({ ...acting, state: 'failed' }, acting.version, note);
  expect(await newsOf(context)).toContain('opened');
});

test('a detector that fails does not silence the others', async () => {
  const house = buildHouse();
  const broken: Runbook = {
    ...lampWith({ id: 'broken' }),
    detect: () => {
      throw new Error('a fault of the book');
    },
  };
  const context = contextOf({ redis, house, book: [broken, simpleLamp] });
  expect(await newsOf(context)).toEqual(['opened']);
});

test('a gap in the schedule is recorded', async () => {
  const house = buildHouse();
  const context = contextOf({ redis, house });
  await sweepOnce(context);
  await sweepOnce(context);
  expect(await context.stores.audit.read({ limit: 9 })).toHaveLength(1);
  const later: BotContext = { ...context, clock: { ...context.clock, now: () => Date.now() + 20_000 } };
  await sweepOnce(later);
  const [, missed] = await context.stores.audit.read({ limit: 9 });
  expect(missed).toMatchObject({
    event: 'sweep.missed',
    cluster: 'house',
    text: 'house was not swept for 20 s.',
  });
});

test('a change that was stored and not told is told by the next sweep', async () => {
  const house = buildHouse();
  const jobQueue = recordingCourier();
  const broken = { ...jobQueue, tell: () => Promise.reject(new Error('the queue is away')) };
  const prefix = `test-${randomUUID()}`;
  const before = contextOf({ redis, house, prefix, jobQueue: broken });
  await sweepOnce(before);
  expect(jobQueue.told).toEqual([]);
  await sweepOnce(contextOf({ redis, house, prefix, jobQueue }));
  expect(jobQueue.told).toEqual(['INC-0001']);
});

test('when much is untold it is asked for once an interval, and not by every sweep of every cluster', async () => {
  const jobQueue = recordingCourier();
  const one = contextOf({ redis, house: { ...buildHouse(), lamps: [] }, jobQueue });
  const schedule = { ...one.config.schedule, sweepMs: 60_000 };
  const context = { ...one, config: { ...one.config, schedule } };
  const atMs = Date.now();
  for (let index = 0; index < 60; index += 1) {
    const id = `INC-9${index}`;
    const other = { ...incident, id, cluster: 'other', key: id, openedAtMs: atMs };
    await context.stores.incidents.put(other, 0, { atMs, actor: 'test', event: 'opened', text: 'opened' });
  }
  await newsOf(context);
  await newsOf(context);
  expect(jobQueue.told.filter((id) => id.startsWith('INC-9'))).toHaveLength(60);
});
