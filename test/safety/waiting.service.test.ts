import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { haltRepairs, resumeRepairs } from '../../src/bot/approvals/halts.ts';
import { settleByPerson } from '../../src/bot/approvals/runs.ts';
import type { BotContext } from '../../src/bot/context.ts';
import { resumeRun } from '../../src/bot/jobs/run.ts';
import { openStores } from '../../src/bot/stores/open.ts';
import { startRun } from '../../src/runbooks/index.ts';
import { incident } from '../runbooks/engine/toy.ts';
import { ALICE, BOB, callerOf, createScene, type Replica, type Scene } from './scene.ts';

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => {
  redis.disconnect();
});

/** Approved by everybody whom it needs, while the cluster is halted: it waits before its first step. */
async function waiting(scene: Scene): Promise<Replica> {
  const replica = scene.replica();
  const run = await replica.propose();
  await haltRepairs(replica.transitions, undefined, callerOf(BOB));
  await replica.vote(ALICE, run);
  for (let passage = 0; passage < 5; passage += 1) {
    await carry(replica.context);
  }
  expect(await runOf(replica)).toMatchObject({ state: 'acting', items: [{ state: 'waiting' }, {}, {}] });
  return replica;
}

const carry = (context: BotContext): Promise<void> => resumeRun(context, 'RUN-0001', { pauseServed: true });
const runOf = ({ context }: Replica) => context.stores.runs.get('RUN-0001');

/** The same bot, so much later. */
async function carryLater({ context }: Replica, aheadMs: number): Promise<void> {
  const { clock } = context;
  const later = { ...context, clock: { ...clock, now: () => clock.now() + aheadMs } };
  for (let passage = 0; passage < 10; passage += 1) {
    await carry(later);
  }
}

describe('an approved run that had to wait', () => {
  test('does nothing when the trouble has gone meanwhile', async () => {
    const scene = createScene(redis, { tier: 'reversible' });
    const replica = await waiting(scene);
    scene.house.lamps = [];
    await resumeRepairs(replica.transitions, undefined, callerOf(ALICE));
    await carryLater(replica, 60_000);
    expect(scene.house.done).toEqual([]);
    expect(await runOf(replica)).toMatchObject({ state: 'stopped' });
  });

  test('is checked anew, and goes on where nothing has changed', async () => {
    const scene = createScene(redis, { tier: 'reversible' });
    const replica = await waiting(scene);
    await resumeRepairs(replica.transitions, undefined, callerOf(ALICE));
    await carryLater(replica, 60_000);
    expect(scene.house.done).toEqual(['lamp.off kitchen']);
    const told = await replica.context.stores.incidents.timeline('INC-0001');
    expect(told.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^It waited \d+ min(?: \d+ s)? before its first step\. Checking once more/),
    );
  });

  test('is not for later: an approval that is older than a plan may be has expired', async () => {
    const scene = createScene(redis, { tier: 'reversible' });
    const replica = await waiting(scene);
    await resumeRepairs(replica.transitions, undefined, callerOf(ALICE));
    await carryLater(replica, 168 * 3_600_000);
    expect(scene.house.done).toEqual([]);
    expect(await runOf(replica)).toMatchObject({ state: 'expired' });
  });
});

describe('a run that a person must settle', () => {
  /** Executed, and nobody can tell what came of it. */
  async function unclear(): Promise<{ readonly scene: Scene; readonly replica: Replica }> {
    const scene = createScene(redis, { tier: 'reversible' });
    const replica = scene.replica();
    const run = await replica.propose();
    await replica.vote(ALICE, run);
    scene.house.timeLimitMs = 0;
    scene.house.execute = async ({ args }) => {
      scene.house.done.push(String(args['lamp']));
      return { kind: 'unknown', because: 'no answer' };
    };
    scene.house.reconcile = async () => ({ kind: 'unknown', because: 'fog' });
    expect(await replica.carry()).toMatchObject({ state: 'unknown' });
    return { scene, replica };
  }

  test('takes an answer to the execution that was asked about, and none to a later one', async () => {
    const { scene, replica } = await unclear();
    const again = (user: string, attempt: number) =>
      settleByPerson(
        replica.transitions,
        { run: 'RUN-0001', item: 0, attempt },
        'do-it-again',
        callerOf(user),
      );
    expect(await again(ALICE, 1)).not.toHaveProperty('refused');
    expect(await replica.carry()).toMatchObject({ state: 'unknown' });
    expect(await again(BOB, 1)).toMatchObject({ refused: true });
    expect(await replica.carry()).toMatchObject({ state: 'unknown' });
    expect(scene.house.done).toEqual(['kitchen', 'kitchen']);
  });

  test('takes no answer that was given to another plan', async () => {
    const { replica } = await unclear();
    const on = { run: 'RUN-0001', item: 0, planHash: 'an older one' };
    expect((await settleByPerson(replica.transitions, on, 'do-it-again', callerOf(ALICE))).text).toContain(
      'another plan',
    );
  });

  test('keeps every other run from acting on its cluster, however long it stands', async () => {
    const { scene, replica } = await unclear();
    const { stores, clock } = replica.context;
    const nowMs = clock.now();
    const own = { ...incident, id: 'INC-0002', key: 'others', openedAtMs: nowMs, lastSeenAtMs: nowMs };
    const entry = { atMs: nowMs, actor: 'test', event: 'test', text: '' };
    await stores.incidents.put({ ...own, run: 'RUN-0002' }, 0, entry);
    const second = startRun({ id: 'RUN-0002', incident: incident, requestedBy: ALICE, nowMs });
    await stores.runs.put({ ...second, incident: own.id }, 0, entry);
    const plan = await replica.carry('RUN-0002');
    await replica.vote(BOB, plan);
    // Its turn has run out: nobody renews it while the run waits for a person.
    await redis.del(`{${scene.prefix}}:lease:turn:house`);
    for (let passage = 0; passage < 5; passage += 1) {
      await resumeRun(replica.context, 'RUN-0002', { pauseServed: true });
    }
    expect(await stores.runs.get('RUN-0002')).toMatchObject({ state: 'acting' });
    expect(scene.house.done).toEqual(['kitchen']);
    expect((await stores.incidents.timeline('INC-0002')).map(({ text }) => text)).toContainEqual(
      expect.stringContaining('RUN-0001 waits for someone to check what happened on this cluster'),
    );
  });
});

describe('a halt by a file', () => {
  async function withFile(scene: Scene) {
    const folder = await mkdtemp(join(tmpdir(), 'watership-halt-'));
    const file = join(folder, 'HALT');
    const replica = scene.replica();
    const { halts } = openStores(redis, scene.prefix, { halt: { file } });
    Object.assign(replica.context.stores, { halts });
    return { replica, file, halts, inRedis: openStores(redis, scene.prefix).halts };
  }

  test('that is laid during the look before the action still stops it', async () => {
    const scene = createScene(redis, { tier: 'reversible' });
    const { replica, file } = await withFile(scene);
    const run = await replica.propose();
    await replica.vote(ALICE, run);
    scene.house.precheck = async () => {
      await writeFile(file, '');
      return { go: true };
    };
    for (let passage = 0; passage < 5; passage += 1) {
      await carry(replica.context);
    }
    expect(scene.house.done).toEqual([]);
    await rm(file);
  });

  test('does not swallow the halt of a person, which stands when the file is gone', async () => {
    const { replica, file, halts, inRedis } = await withFile(createScene(redis));
    await writeFile(file, '');
    const { text } = await haltRepairs(replica.transitions, 'house', callerOf(BOB));
    expect(text).toMatch(/^Halted: house\. .* Another halt is in force too: Why: the file .* is there\.$/);
    expect(await inRedis.find('house')).toMatchObject({ by: BOB });
    await rm(file);
    expect(await halts.isHalted('house')).toBe(true);
  });

  test('is not half resumed: what a person has halted stays halted', async () => {
    const { replica, file, inRedis } = await withFile(createScene(redis));
    await haltRepairs(replica.transitions, 'house', callerOf(BOB));
    await writeFile(file, '');
    const answer = await resumeRepairs(replica.transitions, undefined, callerOf(ALICE));
    expect(answer).toMatchObject({ refused: true });
    expect(answer.text).toContain('Nothing was changed');
    expect(await inRedis.find('house')).toMatchObject({ by: BOB });
    await rm(file);
  });
});

test('one cluster is not half resumed while all are halted', async () => {
  const scene = createScene(redis);
  const { transitions } = scene.replica();
  await haltRepairs(transitions, 'house', callerOf(BOB));
  await haltRepairs(transitions, undefined, callerOf(BOB));
  expect(await resumeRepairs(transitions, 'house', callerOf(ALICE))).toMatchObject({ refused: true });
  expect(await redis.hkeys(`{${scene.prefix}}:halts`)).toEqual(['house', '*']);
});
