import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { waitFor } from '../../sandbox/wait.ts';
import { resumeRepairs } from '../../src/bot/approvals/halts.ts';
import { resumeRun } from '../../src/bot/jobs/run.ts';
import { pageOwners } from '../../src/bot/notify/page-owners.ts';
import { watchHalts } from '../../src/bot/stores/halts.ts';
import { openStores } from '../../src/bot/stores/open.ts';
import type { Outcome } from '../../src/runbooks/index.ts';
import { byCommand } from '../bot/fakes/callers.ts';
import { ALICE, BOB, CAROL, createScene, DAVE, said } from './scene.ts';

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => {
  redis.disconnect();
});

const HOUR_MS = 3_600_000;
const entry = { atMs: 0, actor: 'test', event: 'test', text: '' };

describe('fencing', () => {
  test('a runner that slept through its lease writes no outcome and begins nothing more', async () => {
    const scene = createScene(redis, { tier: 'reversible', lamps: ['kitchen', 'attic'] });
    const [sleeper, other] = [scene.replica(), scene.replica()];
    const run = await sleeper.propose();
    await sleeper.vote(ALICE, run);
    let wake: (outcome: Outcome) => void = () => {};
    let begun: () => void = () => {};
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const execute = scene.house.execute;
    scene.house.execute = (call) => {
      scene.house.done.push(`begun ${String(call.args['lamp'])}`);
      begun();
      return new Promise((resolve) => {
        wake = resolve;
      });
    };
    const sleeping = resumeRun(sleeper.context, run.id, { pauseServed: true });
    await hasBegun;
    // A pause as long as its lease: it is gone, and somebody else goes on.
    await redis.del(`{${scene.prefix}}:lease:run:${run.id}`);
    scene.house.execute = execute;
    scene.house.timeLimitMs = 0;
    scene.house.reconcile = async () => ({ kind: 'unknown', because: 'fog' });
    expect(await other.carry()).toMatchObject({ state: 'unknown' });

    wake({ kind: 'applied', detail: 'said by one who slept' });
    await sleeping;
    const now = await other.context.stores.runs.get(run.id);
    expect(now).toMatchObject({ state: 'unknown', items: [{ state: 'unknown' }, {}, {}, {}, {}] });
    expect(scene.house.done).toEqual(['begun kitchen']);
  });

  test('the token is compared in the step that writes: of two grants only the newer one may', async () => {
    const scene = createScene(redis);
    const { context, propose } = scene.replica();
    const run = await propose();
    const { runs, leases } = context.stores;
    const old = await leases.take('run:x', 'one', 10);
    await waitFor(
      'the lease to be over',
      async () => (await leases.take('run:x', 'two', 10_000)) !== undefined,
      {
        withinMs: 5_000,
      },
    );
    const put = (token: number) =>
      runs.put(run, run.version, entry, [], { fences: [{ lease: 'run:x', token }] });
    expect(await put(old?.token ?? 0)).toBe('fenced');
    const newest = Number(await redis.get(`{${scene.prefix}}:token:run:x`));
    expect(await put(newest)).toBe('stored');
  });

  test('each of its leases must be the newest grant: that of the run does not stand for that of the turn', async () => {
    const { context, propose } = createScene(redis).replica();
    const run = await propose();
    const { runs, leases } = context.stores;
    const grant = async (lease: string) => {
      const { token = 0 } = (await leases.take(lease, 'the same holder', 60_000)) ?? {};
      return { lease, token };
    };
    const [mine, old] = [await grant('run:x'), await grant('turn:x')];
    const turn = await grant('turn:x');
    const put = (...fences: (typeof mine)[]) => runs.put(run, run.version, entry, [], { fences });
    expect(await put(mine, old)).toBe('fenced');
    expect(await put(old, mine)).toBe('fenced');
    expect(await put(mine, turn)).toBe('stored');
  });

  test('a halt of everything forbids it in the same step', async () => {
    const { context, propose } = createScene(redis).replica();
    const run = await propose();
    const { runs, halts } = context.stores;
    const put = () => runs.put(run, run.version, entry, [], { fences: [], unlessHalted: 'house' });
    await halts.halt(undefined, ALICE);
    expect(await put()).toBe('halted');
    await halts.resume(undefined, ALICE);
    expect(await put()).toBe('stored');
  });

  test('a halt that is set before the write of an intention forbids it, whoever checked before', async () => {
    const { context, propose } = createScene(redis).replica();
    const run = await propose();
    await context.stores.halts.halt('house', ALICE);
    const guard = { fences: [], unlessHalted: 'house' };
    expect(await context.stores.runs.put(run, run.version, entry, [], guard)).toBe('halted');
    expect(
      await context.stores.runs.put(run, run.version, entry, [], { ...guard, unlessHalted: 'barn' }),
    ).toBe('stored');
  });
});

describe('the halt', () => {
  test('is heard by every replica at once, and so is its end', async () => {
    const prefix = createScene(redis).prefix;
    const listening = redis.duplicate();
    const heard: (string | undefined)[] = [];
    await watchHalts(listening, prefix, (cluster) => heard.push(cluster));
    const { halts } = openStores(redis, prefix);
    await halts.halt('house', ALICE);
    await halts.halt(undefined, ALICE);
    await halts.resume(undefined, ALICE);
    await waitFor('three calls', () => heard.length === 3, { withinMs: 5_000 });
    expect(heard).toEqual(['house', undefined, undefined]);
    listening.disconnect();
  });

  test('is in force while the file is there, and while nobody can say whether it is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'watership-halt-'));
    const file = join(folder, 'HALT');
    const { halts } = openStores(redis, createScene(redis).prefix, { halt: { file } });
    expect(await halts.isHalted('house')).toBe(false);
    await writeFile(file, '');
    expect(await halts.isHalted('house')).toBe(true);
    expect(await halts.find('house')).toMatchObject({
      everywhere: true,
      because: `the file ${file} is there`,
    });
    await halts.resume(undefined, ALICE);
    expect(await halts.isHalted('house')).toBe(true);
    await rm(folder, { recursive: true });
    expect(await halts.isHalted('house')).toBe(false);
    // A path through a file can be looked for by nobody.
    await writeFile(folder, '');
    expect(await halts.isHalted('house')).toBe(true);
    await rm(folder);
    const halted = (always: string) =>
      openStores(redis, createScene(redis).prefix, { halt: { always } }).halts.isHalted('house');
    expect(await halted('yes')).toBe(true);
    expect(await halted(''), 'a variable that is set to nothing').toBe(false);
  });
});

describe('the circuit breaker', () => {
  /** A plan on the table, and as many runs of it that fail before they have done anything. */
  async function failing() {
    const scene = createScene(redis);
    scene.house.precheck = async () => ({ go: false, because: 'a child is in the kitchen' });
    const replica = scene.replica();
    const proposed = await replica.propose();
    return {
      ...replica,
      async fail(id: string) {
        const run = { ...proposed, id };
        if (id !== proposed.id) {
          await replica.context.stores.runs.put(run, 0, entry);
        }
        await replica.vote(ALICE, run);
        return await replica.carry(id);
      },
    };
  }

  test('three failed runs within an hour switch the repairs off, until an approver resumes', async () => {
    const { context, transitions, fail } = await failing();
    const { halts, incidents } = context.stores;
    for (const id of ['RUN-0001', 'RUN-0002']) {
      expect(await fail(id)).toMatchObject({ state: 'failed' });
    }
    expect(await halts.isHalted('house')).toBe(false);
    expect(await fail('RUN-0003')).toMatchObject({ state: 'failed' });
    expect(await halts.find('house')).toMatchObject({
      by: 'watership',
      because: '3 runs failed or stayed unclear within an hour, the last one is RUN-0003',
    });
    const told = (await incidents.timeline('INC-0001')).filter(({ text }) => text.includes('switched off'));
    expect(told).toMatchObject([{ broadcast: true }]);
    expect((await context.stores.audit.read({ run: 'RUN-0003', limit: 99 })).at(-1)?.event).toBe('halt.set');

    expect(await resumeRepairs(transitions, 'house', byCommand('U0NOBODY'))).toMatchObject({ refused: true });
    expect(await resumeRepairs(transitions, 'house', byCommand(ALICE))).not.toMatchObject({ refused: true });
    // Whoever resumed has judged these: one more is not the fourth.
    expect(await fail('RUN-0004')).toMatchObject({ state: 'failed' });
    expect(await halts.isHalted('house')).toBe(false);
  });

  /** A plan on the table, and a write that tells the failure of a run at some time. */
  async function straining() {
    const scene = createScene(redis);
    const { context, propose } = scene.replica();
    const run = await propose();
    const fail = (id: string, version: number, atMs: number, limit = 3) => {
      const line = { atMs, text: 'switched off', broadcast: true };
      const failureWindow = { cluster: 'house', atMs, withinMs: HOUR_MS, limit, because: 'it failed', line };
      return context.stores.runs.put({ ...run, id }, version, entry, [], { fences: [], failureWindow });
    };
    return { ...scene, halts: context.stores.halts, fail };
  }

  test('counts each run once, and those of the last hour alone', async () => {
    const { prefix, halts, fail } = await straining();
    expect(await fail('RUN-1', 0, 1)).toBe('stored');
    expect(await fail('RUN-1', 1, 2)).toBe('stored');
    expect(await fail('RUN-1', 2, 3)).toBe('stored');
    expect(await fail('RUN-2', 0, 4)).toBe('stored');
    expect(await fail('RUN-3', 0, HOUR_MS + 4)).toBe('stored');
    expect(await fail('RUN-4', 0, HOUR_MS + 5)).toBe('stored');
    expect(await halts.isHalted('house')).toBe(false);
    expect(await fail('RUN-5', 0, HOUR_MS + 6)).toBe('tripped');
    expect(await halts.isHalted('house')).toBe(true);
    expect(await redis.pttl(`{${prefix}}:strain:house`)).toBeGreaterThan(0);
  });

  test('is heard by every replica, and leaves the halt of a person as it is', async () => {
    const { prefix, halts, fail } = await straining();
    const listening = redis.duplicate();
    const heard: (string | undefined)[] = [];
    await watchHalts(listening, prefix, (cluster) => heard.push(cluster));
    expect(await fail('RUN-1', 0, 1, 1)).toBe('tripped');
    await waitFor('the call', () => heard.length === 1, { withinMs: 5_000 });
    expect(heard).toEqual(['house']);
    listening.disconnect();

    await halts.resume('house', ALICE);
    await halts.halt('house', ALICE);
    expect(await fail('RUN-2', 0, 2, 1)).toBe('stored');
    expect(await halts.find('house')).toMatchObject({ by: ALICE });
  });

  test('a check that fails after everything was done switches them off at once', async () => {
    const scene = createScene(redis, { tier: 'reversible' });
    const replica = scene.replica();
    const run = await replica.propose();
    await replica.vote(ALICE, run);
    const { now } = replica.context.clock;
    let aheadMs = 0;
    const context = { ...replica.context, clock: { ...replica.context.clock, now: () => now() + aheadMs } };
    scene.house.execute = async () => {
      // Done, and without any effect: time passes until the check gives up.
      aheadMs += 60_000;
      return { kind: 'applied', detail: 'click' };
    };
    const { observe } = scene.house;
    scene.house.observe = async () => {
      aheadMs += 6_000;
      return await observe();
    };
    for (let passage = 0; passage < 40; passage += 1) {
      await resumeRun(context, run.id, { pauseServed: true });
    }
    expect(await context.stores.runs.get(run.id)).toMatchObject({ state: 'failed' });
    expect(await context.stores.halts.find('house')).toMatchObject({
      because: `${run.id} did what was approved, but the check after it failed`,
    });
  });
});

describe('limits', () => {
  test('of a hundred and fifty deletions asked for at once a hundred are granted, however often each asks', async () => {
    const { deletions } = openStores(redis, createScene(redis).prefix);
    const ask = (member: string, isForced = false) =>
      deletions.reserve('house', member, { limit: 100, isForced });
    const members = Array.from({ length: 150 }, (_, index) => `RUN-1:${index}`);
    const answers = await Promise.all([...members, ...members].map((member) => ask(member)));
    expect(answers.filter((answer) => answer === 'reserved')).toHaveLength(200);
    expect(await deletions.lastHour('house')).toBe(100);
    expect(await deletions.lastHour('barn')).toBe(0);
    // Over it only where people have approved to go over it.
    expect(await ask('RUN-2:0')).toBe('over');
    expect(await ask('RUN-2:0', true)).toBe('reserved');
  });

  test('an hour that fills up after the check is found full before the deletion', async () => {
    const scene = createScene(redis);
    const replica = scene.replica();
    await replica.vote(ALICE, await replica.propose());
    const { deletions } = replica.context.stores;
    scene.house.precheck = async () => {
      for (let index = 0; index < 100; index += 1) {
        await deletions.reserve('house', `other:${index}`, { limit: 100, isForced: false });
      }
      return { go: true };
    };
    expect(await replica.carry()).toMatchObject({
      state: 'failed',
      because: expect.stringContaining('100 queues were deleted on house within the last hour'),
    });
    expect(scene.house.done).toEqual([]);
  });

  test('a full hour is gone over where that was approved, and each of the deletions counts', async () => {
    const businessHours = {
      days: [1, 2, 3, 4, 5, 6, 7],
      fromMinute: 0,
      untilMinute: 1_440,
      timezone: 'UTC',
    };
    const scene = createScene(redis, { lamps: ['kitchen', 'attic'], people: { businessHours } });
    const replica = scene.replica();
    const { deletions } = replica.context.stores;
    for (let index = 0; index < 100; index += 1) {
      await deletions.reserve('house', `other:${index}`, { limit: 100, isForced: false });
    }
    const run = await replica.propose();
    expect(run.plan?.tier).toBe('mass');
    for (const user of [ALICE, CAROL]) {
      await replica.vote(user, run);
    }
    expect(await replica.carry()).toMatchObject({ state: 'done' });
    expect(scene.house.done).toHaveLength(2);
    expect(await deletions.lastHour('house')).toBe(102);
  });

  test('what was deleted longer ago than an hour counts no more, and everything since does', async () => {
    const { prefix } = createScene(redis);
    const { deletions } = openStores(redis, prefix);
    const hourAgoMs = Date.now() - HOUR_MS;
    await redis.zadd(
      `{${prefix}}:deletions:house`,
      ...[hourAgoMs - 60_000, 'RUN-1:0', hourAgoMs - 60_000, 'RUN-1:1'],
      ...[hourAgoMs + 600_000, 'RUN-2:0'],
    );
    const ask = (member: string) => deletions.reserve('house', member, { limit: 2, isForced: false });
    expect(await deletions.lastHour('house')).toBe(1);
    expect(await ask('RUN-3:0')).toBe('reserved');
    expect(await ask('RUN-3:1')).toBe('over');
  });

  test('a run over the limit of the hour deletes nothing', async () => {
    const scene = createScene(redis);
    const replica = scene.replica();
    const run = await replica.propose();
    await replica.vote(ALICE, run);
    const { deletions } = replica.context.stores;
    for (let index = 0; index < 100; index += 1) {
      await deletions.reserve('house', `other:${index}`, { limit: 100, isForced: true });
    }
    // Found at the check already: it is no longer the plan that was approved.
    expect(await replica.carry()).toMatchObject({
      state: 'superseded',
      because: expect.stringContaining('at most 100 may be deleted in an hour'),
    });
    expect(scene.house.done).toEqual([]);
  });
});

describe('break-glass', () => {
  test('whoever is on call restarts a node alone, with the phrase and a reason; the owners are called', async () => {
    const scene = createScene(redis, { tier: 'node', people: { owners: [CAROL, 'S0LEADS'] } });
    const replica = scene.replica();
    const run = await replica.propose();
    expect(said(await replica.vote(BOB, run, { glass: 'break the glass' }))).toBe(
      'Type exactly: break glass house. Or leave it empty for an ordinary vote.',
    );
    expect(said(await replica.vote(CAROL, run, { glass: 'break glass house' }))).toMatch(/on call/);
    expect(await replica.vote(DAVE, run, { glass: 'break glass house' })).toMatchObject({
      kind: 'recorded',
      isEnough: true,
    });
    expect(await replica.carry()).toMatchObject({ state: 'done', votes: [{ by: DAVE, breakGlass: true }] });
    const lines = await replica.context.stores.incidents.timeline('INC-0001');
    expect(lines.find(({ mentions }) => mentions !== undefined)).toMatchObject({
      mentions: [CAROL, 'S0LEADS'],
      broadcast: true,
      text: expect.stringContaining('used break-glass'),
    });
    const audit = await replica.context.stores.audit.read({ run: run.id, limit: 99 });
    expect(audit.map(({ event }) => event)).toContain('run.glass_broken');
  });

  test('is told to the webhook once, and a webhook that is away holds nothing up', async () => {
    const pages: unknown[] = [];
    let isAway = true;
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const part of request) {
        body += String(part);
      }
      if (!isAway) {
        pages.push(JSON.parse(body));
      }
      response.writeHead(isAway ? 503 : 204).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const scene = createScene(redis, { tier: 'node' });
    const replica = scene.replica();
    const context = {
      ...replica.context,
      config: {
        ...replica.context.config,
        notify: { webhook: `http://127.0.0.1:${port}/hook`, afterMs: 300_000 },
      },
    };
    const run = await replica.propose();
    await replica.vote(BOB, run, { glass: 'break glass house' });
    const stored = await context.stores.runs.get(run.id);
    if (stored === undefined) {
      throw new Error('no run');
    }
    const reason = 'it is late, amqp://nova:s3cr3t@10.0.0.1/ is down';
    const voted = { ...stored, votes: stored.votes.map((cast) => ({ ...cast, reason })) };
    await pageOwners(context, voted);
    isAway = false;
    await Promise.all([pageOwners(context, voted), pageOwners(context, voted)]);
    await pageOwners(context, voted);
    expect(pages).toMatchObject([
      { kind: 'break-glass', run: run.id, by: BOB, reason: expect.stringContaining('it is late') },
    ]);
    expect(JSON.stringify(pages)).not.toContain('s3cr3t');
    const audit = await context.stores.audit.read({ run: run.id, limit: 99 });
    expect(audit.map(({ event }) => event).filter((event) => event.startsWith('glass.'))).toEqual([
      'glass.page_failed',
      'glass.paged',
    ]);
    server.close();
  });
});
