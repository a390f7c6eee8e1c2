import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { BotContext } from '../../../src/bot/context.ts';
import { resumeRun } from '../../../src/bot/jobs/run.ts';
import { act } from '../../../src/bot/jobs/run-act.ts';
import { runContextOf } from '../../../src/bot/jobs/run-context.ts';
import { acquireLease } from '../../../src/bot/stores/lease.ts';
import type { LedgerEntry, Run, RunInput } from '../../../src/runbooks/index.ts';
import { approval, askForRun, buildHouse, contextOf, recordingCourier, send } from './stage.ts';

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => {
  redis.disconnect();
});

const go = (context: BotContext, pauseServed = false) => resumeRun(context, 'RUN-0001', { pauseServed });
const runOf = async ({ stores }: BotContext): Promise<Run> => {
  const run = await stores.runs.get('RUN-0001');
  if (run === undefined) {
    throw new Error('the run is gone');
  }
  return run;
};

/** Until the run waits for a vote, has ended, or has asked for a pause that many times. */
async function carryThrough(context: BotContext): Promise<Run> {
  for (let runContext = 0; runContext < 20; runContext += 1) {
    await go(context, true);
    const run = await runOf(context);
    if (run.state !== 'acting' && run.state !== 'checking' && run.state !== 'diagnosing') {
      return run;
    }
  }
  return await runOf(context);
}

async function approved(context: BotContext): Promise<void> {
  await askForRun(context);
  await go(context);
  await send(context, 'RUN-0001', approval);
}

describe('a run', () => {
  test('goes from the question to the proof, waits for people only, and leaves its story', async () => {
    const house = buildHouse();
    const jobQueue = recordingCourier();
    const context = contextOf({ redis, house, jobQueue });
    await askForRun(context);
    await go(context);
    expect((await runOf(context)).state).toBe('proposed');
    expect(house.done).toEqual([]);
    expect(jobQueue.later.at(-1)).toMatchObject({ run: 'RUN-0001', why: 'until' });

    await send(context, 'RUN-0001', approval);
    const run = await carryThrough(context);
    expect(run).toMatchObject({ state: 'done' });
    expect(house.done).toEqual(['lamp.off kitchen']);
    expect(jobQueue.sweeps).toEqual(['house']);

    const events = (await context.stores.audit.read({ run: 'RUN-0001', limit: 99 })).map(
      ({ event }) => event,
    );
    expect(events).toEqual([
      'run.proposed',
      'run.acting',
      'run.item.intended',
      'run.item.applied',
      'run.item.held',
      'run.item.held',
      'run.done',
    ]);
    const lines = (await context.stores.incidents.timeline('INC-0001')).map(({ text }) => text);
    expect(lines).toEqual([
      'Diagnosis done. Proposed: 1 action, 2 checks. Nothing has been changed.',
      'Checked again: the plan is still valid. The repair starts.',
      'Repair done. Every step is done, and the result was verified.',
    ]);
  });

  test('pauses between two looks by leaving, and looks once the pause is served', async () => {
    const house = buildHouse();
    const jobQueue = recordingCourier();
    const context = contextOf({ redis, house, jobQueue });
    await approved(context);
    house.execute = async () => ({ kind: 'applied', detail: 'the switch is broken' });
    await go(context);
    expect(jobQueue.later.at(-1)).toEqual({ run: 'RUN-0001', delayMs: 3_000, why: 'pause' });
    const judged = (await runOf(context)).items[1]?.judged;
    await go(context);
    expect((await runOf(context)).items[1]?.judged).toBe(judged);
    await go(context, true);
    expect((await runOf(context)).items[1]?.judged).toBe((judged ?? 0) + 1);
  });

  test('is carried by one of two runners, and acted upon once', async () => {
    const house = buildHouse();
    const prefix = `test-${randomUUID()}`;
    const jobQueue = recordingCourier();
    const first = contextOf({ redis, house, jobQueue, prefix });
    const second = contextOf({ redis, house, jobQueue, prefix });
    await approved(first);
    await Promise.all([go(first), go(second), go(first), go(second), go(first)]);
    await carryThrough(second);
    expect(house.done).toEqual(['lamp.off kitchen']);
    expect(jobQueue.later.some(({ why }) => why === 'retry')).toBe(true);
  });

  test('that was approved while somebody else held it is taken up by whoever lets go', async () => {
    const house = buildHouse();
    const jobQueue = recordingCourier();
    const context = contextOf({ redis, house, jobQueue });
    await askForRun(context);
    // The vote arrives in the moment in which the plan has been stored and the runner is about to leave.
    const release = context.stores.leases.release;
    let hasVoted = false;
    const slow: BotContext = {
      ...context,
      stores: {
        ...context.stores,
        leases: {
          ...context.stores.leases,
          async release(name, holder) {
            if (name === 'run:RUN-0001' && !hasVoted) {
              hasVoted = true;
              await send(context, 'RUN-0001', approval);
            }
            await release(name, holder);
          },
        },
      },
    };
    await go(slow);
    expect((await runOf(context)).state).toBe('checking');
    expect(jobQueue.later.at(-1)).toMatchObject({ why: 'now' });
  });

  test('does nothing while the cluster is halted, and goes on after', async () => {
    const house = buildHouse();
    const context = contextOf({ redis, house });
    await approved(context);
    await context.stores.halts.halt('house', 'U0ALICE');
    await go(context);
    await go(context);
    expect(house.done).toEqual([]);
    const notes = (await context.stores.incidents.timeline('INC-0001')).filter(({ text }) =>
      /Halted/.test(text),
    );
    expect(notes).toHaveLength(1);
    await context.stores.halts.resume('house', 'U0ALICE');
    expect((await carryThrough(context)).state).toBe('done');
  });

  test('that cannot read the halt does not act', async () => {
    const house = buildHouse();
    const context = contextOf({ redis, house });
    await approved(context);
    const blind: BotContext = {
      ...context,
      stores: {
        ...context.stores,
        halts: {
          ...context.stores.halts,
          isHalted: () => Promise.reject(new Error('the flag is unreadable')),
        },
      },
    };
    await expect(go(blind)).rejects.toThrow('the flag is unreadable');
    expect(house.done).toEqual([]);
    expect((await runOf(context)).items[0]?.state).toBe('waiting');
  });

  test('stops where the last look before the call says no', async () => {
    const house = buildHouse();
    const context = contextOf({ redis, house });
    await approved(context);
    house.precheck = async () => ({ go: false, because: 'a child is in the kitchen' });
    await go(context);
    expect(await runOf(context)).toMatchObject({
      state: 'failed',
      because: expect.stringContaining('a child is in the kitchen'),
      items: [{ state: 'refused' }, {}, {}],
    });
    expect(house.done).toEqual([]);
  });

  test('ends after the action that was running when somebody wanted it to stop', async () => {
    const house = buildHouse();
    house.lamps = ['kitchen', 'attic'];
    const context = contextOf({ redis, house });
    await approved(context);
    const working = house.execute;
    house.execute = async (call) => {
      await send(context, 'RUN-0001', () => ({ kind: 'cancelled', by: 'U0BOB', atMs: Date.now() }));
      return await working(call);
    };
    expect(await carryThrough(context)).toMatchObject({
      state: 'cancelled',
      items: [{ state: 'applied' }, { state: 'waiting' }, { state: 'waiting' }, {}, {}],
    });
    expect(house.done).toEqual(['lamp.off kitchen']);
    const lines = await context.stores.incidents.timeline('INC-0001');
    expect(lines.at(-1)?.text).toMatch(/^U0BOB cancelled it after: /);
  });

  const nextHolds = async ({ stores }: BotContext, lease: string, holder: string): Promise<void> => {
    await stores.leases.release(lease, holder);
    await stores.leases.take(lease, 'RUN-0007', 60_000);
  };
  test.each<readonly [string, (context: BotContext) => Promise<unknown>]>([
    ['the cluster is halted', ({ stores }) => stores.halts.halt('house', 'U0BOB')],
    ['everything is halted', ({ stores }) => stores.halts.halt(undefined, 'U0BOB')],
    ['its turn goes to another run', (context) => nextHolds(context, 'turn:house', 'RUN-0001')],
    [
      'it goes to another runner',
      async ({ config, stores }) => {
        await redis.del(`{${config.redis.prefix}}:lease:run:RUN-0001`);
        await stores.leases.take('run:RUN-0001', 'another', 60_000);
      },
    ],
    [
      'somebody cancels it',
      (context) => send(context, 'RUN-0001', () => ({ kind: 'cancelled', by: 'U0BOB', atMs: Date.now() })),
    ],
  ])('begins nothing when %s in the moment before its intention is written', async (_, meddle) => {
    const house = buildHouse();
    const context = contextOf({ redis, house });
    await approved(context);
    const { stores } = context;
    let isUntouched = true;
    const put: typeof stores.runs.put = async (run, ...more) => {
      if (isUntouched && run.items.some(({ state }) => state === 'intended')) {
        isUntouched = false;
        await meddle(context);
      }
      return await stores.runs.put(run, ...more);
    };
    await go({ ...context, stores: { ...stores, runs: { ...stores.runs, put } } });
    expect(isUntouched).toBe(false);
    expect(house.done).toEqual([]);
  });

  test.each([
    ['before it writes down that it will', [], 'waiting'],
    ['after it has written down that it will', [true], 'intended'],
  ] as const)('does nothing when its lease may be over %s', async (_, answers, state) => {
    const house = buildHouse();
    const context = contextOf({ redis, house });
    await approved(context);
    const { halts, leases } = context.stores;
    await halts.halt('house', 'U0BOB');
    await go(context);
    await halts.resume('house', 'U0BOB');
    const held = await acquireLease(leases, 'run:RUN-0001', 'a runner', 60_000);
    const left: boolean[] = [...answers];
    const lost = held && { ...held, isHeld: () => left.shift() ?? false };
    const runContext = lost && (await runContextOf(context, await runOf(context), lost));
    if (runContext === undefined) {
      throw new Error('the run cannot be carried');
    }
    await act(runContext, 0);
    await held?.release();
    expect((await runOf(context)).items[0]?.state).toBe(state);
    expect(house.done).toEqual([]);
  });

  test('keeps its turn while it looks whether what it did has helped', async () => {
    const house = buildHouse();
    const prefix = `test-${randomUUID()}`;
    const context = contextOf({ redis, house, prefix });
    await approved(context);
    house.execute = async () => ({ kind: 'applied', detail: 'the switch is broken' });
    await go(context);
    const turn = `{${prefix}}:lease:turn:house`;
    await redis.pexpire(turn, 30_000);
    await go(context, true);
    expect(await redis.pttl(turn)).toBeGreaterThan(30_000);
  });

  test('waits for its turn while another run acts on the same cluster', async () => {
    const house = buildHouse();
    const jobQueue = recordingCourier();
    const context = contextOf({ redis, house, jobQueue });
    await approved(context);
    await context.stores.leases.take('turn:house', 'RUN-0007', 60_000);
    await go(context);
    expect(house.done).toEqual([]);
    expect(jobQueue.later.at(-1)).toMatchObject({ why: 'retry' });
    await context.stores.leases.release('turn:house', 'RUN-0007');
    expect((await carryThrough(context)).state).toBe('done');
    // It has given the turn back.
    expect(await context.stores.leases.take('turn:house', 'RUN-0008', 1_000)).toBeDefined();
  });
});

describe('a run whose bot was killed', () => {
  /** Kills the bot inside `execute`, before or after the effect; the lease is gone with it. */
  async function killedWhileActing(
    when: 'before' | 'after' | 'unseen',
    onEntry: (entry: LedgerEntry | undefined) => void = () => {},
  ) {
    const house = buildHouse();
    const prefix = `test-${randomUUID()}`;
    const dying = contextOf({ redis, house, prefix });
    await approved(dying);
    const working = house.execute;
    let hasBegun: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      hasBegun = resolve;
    });
    house.execute = async (call, entry) => {
      onEntry(entry);
      if (when === 'after') {
        await working(call);
      }
      hasBegun();
      return await new Promise(() => {});
    };
    // The dead bot's passage never ends; its lease is taken away as time would do it.
    void go(dying);
    await begun;
    await redis.del(`{${prefix}}:lease:run:RUN-0001`);
    house.execute = working;
    return { house, context: contextOf({ redis, house, prefix, jobQueue: recordingCourier() }) };
  }

  test('after the effect: the next bot sees that it has happened, and does not repeat it', async () => {
    const { house, context } = await killedWhileActing('after');
    expect((await runOf(context)).items[0]?.state).toBe('intended');
    expect(await carryThrough(context)).toMatchObject({
      state: 'done',
      items: [{ state: 'applied' }, {}, {}],
    });
    expect(house.done).toEqual(['lamp.off kitchen']);
  });

  const stop: (run: Run) => RunInput = () => ({ kind: 'cancelled', by: 'U0BOB', atMs: Date.now() });

  test.each(['after', 'before'] as const)(
    '%s the effect, and whom somebody wanted to stop: the next bot finds out what has happened, and ends it',
    async (when) => {
      const { house, context } = await killedWhileActing(when);
      expect(await send(context, 'RUN-0001', stop)).toMatchObject({ state: 'acting', stopWanted: {} });
      house.timeLimitMs = 0;
      const isDone = when === 'after';
      expect(await carryThrough(context)).toMatchObject({
        state: 'cancelled',
        because: isDone
          ? expect.stringMatching(/^U0BOB cancelled it after: .*kitchen\. These changes stay in place\.$/)
          : 'U0BOB cancelled it. Nothing was done.',
        items: [{ state: isDone ? 'applied' : 'waiting' }, { state: 'waiting' }, {}],
      });
      expect(house.done).toEqual(isDone ? ['lamp.off kitchen'] : []);
    },
  );

  test('before the effect: "not done" counts only once the call can no longer be under way', async () => {
    const { house, context } = await killedWhileActing('before');
    await go(context);
    expect((await runOf(context)).items[0]?.state).toBe('intended');
    expect(house.done).toEqual([]);
    house.timeLimitMs = 0;
    expect(await carryThrough(context)).toMatchObject({ state: 'done', items: [{ attempts: 2 }, {}, {}] });
    expect(house.done).toEqual(['lamp.off kitchen']);
  });

  test('asks what became of it under the same line of the ledger, and tries again under another', async () => {
    const entries: (LedgerEntry | undefined)[] = [];
    const { house, context } = await killedWhileActing('before', (entry) => entries.push(entry));
    const { items, startedAtMs } = await runOf(context);
    const settle = house.reconcile;
    house.reconcile = async (call, entry) => {
      entries.push(entry);
      return await settle(call);
    };
    const working = house.execute;
    house.execute = async (call, entry) => {
      entries.push(entry);
      return await working(call);
    };
    await go(context);
    house.timeLimitMs = 0;
    await carryThrough(context);
    const id = `house/RUN-0001/${startedAtMs}/0`;
    const first = { id: `${id}/1`, intendedAtMs: items[0]?.startedAtMs };
    expect(entries.slice(0, 3)).toEqual([first, first, first]);
    expect(entries[3]?.id).toBe(`${id}/2`);
    expect(entries[3]?.intendedAtMs).toBeGreaterThanOrEqual(items[0]?.startedAtMs ?? 0);
  });

  test('and nobody can tell: a person is asked, and nothing is done meanwhile', async () => {
    const { house, context } = await killedWhileActing('unseen');
    house.reconcile = async () => ({ kind: 'unknown', because: 'fog' });
    house.timeLimitMs = 0;
    await go(context);
    expect(await runOf(context)).toMatchObject({ state: 'unknown', items: [{ state: 'unknown' }, {}, {}] });
    await go(context);
    expect(house.done).toEqual([]);
    const lines = await context.stores.incidents.timeline('INC-0001');
    expect(lines.at(-1)).toMatchObject({ broadcast: true, text: expect.stringContaining('fog') });
  });
});

test('an action that answers too late counts as unknown, and is settled by looking', async () => {
  const house = buildHouse();
  const context = contextOf({ redis, house });
  await approved(context);
  house.execute = async (call) => {
    house.done.push('slow');
    house.lamps = house.lamps.filter((lamp) => lamp !== call.args['lamp']);
    return { kind: 'unknown', because: 'the line went dead' };
  };
  expect(await carryThrough(context)).toMatchObject({ state: 'done' });
  expect(house.done).toEqual(['slow']);
});
