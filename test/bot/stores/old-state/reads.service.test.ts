import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { verifyAudit } from '../../../../src/bot/audit/verify.ts';
import { linkOf } from '../../../../src/bot/record/link.ts';
import { peopleOfEnd, peopleOfEntry } from '../../../../src/bot/record/people-of.ts';
import { book, type Incident, type Run } from '../../../../src/runbooks/index.ts';
import { type StoredKey, type StoredState, textOf } from './dump.ts';
import { ALICE, AUDIT_KEY, BOB, CAROL, CHANNEL, DAVE, paperNames } from './paper.ts';
import { audited, given, itemsOf, oldMirror, oldState, update } from './updated.ts';

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => {
  redis.disconnect();
});

/** How many there are of each. */
function counts(words: readonly string[]): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const word of words) {
    found[word] = (found[word] ?? 0) + 1;
  }
  return found;
}

describe('the items of 0.1.0', () => {
  test('every incident is read as it was written, open, acknowledged, explained by another, or over', async () => {
    const { context } = await update(redis);
    const { incidents } = context.stores;
    const written = itemsOf<Incident>('incident');
    expect(await Promise.all(written.map(({ id }) => incidents.get(id)))).toEqual(written);
    const recent = await incidents.recent({ limit: 100 });
    expect(counts(recent.map((incident) => incident.state))).toEqual({ open: 9, resolved: 4 });
    const open = (await Promise.all(['sandbox', ...paperNames].map((name) => incidents.open(name)))).flat();
    expect(open.map(({ id, runbook, owner, mutedBy }) => [id, runbook, owner, mutedBy])).toEqual([
      ['INC-0004', 'channel-leak', undefined, undefined],
      ['INC-0005', 'node-down', undefined, undefined],
      ['INC-0006', 'node-down', undefined, undefined],
      ['INC-0007', 'node-down', undefined, undefined],
      ['INC-0008', 'partition', BOB, undefined],
      ['INC-0009', 'zombie-queue', undefined, 'INC-0008'],
      ['INC-0010', 'node-down', undefined, undefined],
      ['INC-0013', 'node-down', CAROL, undefined],
      ['INC-0012', 'node-down', undefined, undefined],
    ]);
    expect((await incidents.timeline('INC-0003')).length).toBe(8);
    expect(await incidents.nextId()).toBe('INC-0014');
  });

  test('the facts of every incident and run still fit their runbook', () => {
    const items = [...itemsOf<Incident>('incident'), ...itemsOf<Run>('run')];
    const unfit = items.filter(
      ({ runbook, facts }) => book.find(({ id }) => id === runbook)?.facts.safeParse(facts).success !== true,
    );
    expect(unfit).toEqual([]);
    expect(new Set(items.map(({ runbook }) => runbook)).size).toBe(5);
  });

  test('every run is read as it was written, whatever state it stands in', async () => {
    const { context } = await update(redis);
    const { runs } = context.stores;
    const written = itemsOf<Run>('run');
    expect(await Promise.all(written.map(({ id }) => runs.get(id)))).toEqual(written);
    expect(counts((await runs.recent({ limit: 100 })).map((run) => run.state))).toEqual({
      ...{ diagnosing: 1, proposed: 2, checking: 1, acting: 1, unknown: 1 },
      ...{ done: 4, failed: 5, stopped: 1, expired: 1, cancelled: 2, superseded: 1 },
    });
    expect((await runs.active()).map(({ id, state: now }) => [id, now])).toEqual([
      ['RUN-0005', 'proposed'],
      ['RUN-0006', 'acting'],
      ['RUN-0007', 'checking'],
      ['RUN-0008', 'proposed'],
      ['RUN-0009', 'unknown'],
      ['RUN-0020', 'diagnosing'],
    ]);
    const planned = written.filter(({ plan }) => plan !== undefined);
    expect(counts(planned.map(({ plan }) => plan?.tier ?? ''))).toEqual({
      ...{ reversible: 2, destructive: 1, node: 16 },
    });
    expect(await runs.nextId()).toBe('RUN-0021');
  });

  test('whoever cancelled a run is known from its sentence, which was all that was stored', async () => {
    const { context } = await update(redis);
    const runs = await context.stores.runs.recent({ limit: 100 });
    expect(runs.flatMap(({ endedBy }) => endedBy ?? [])).toEqual([]);
    const named = runs.flatMap((run) => peopleOfEnd(run).map((by) => [run.id, run.state, by]));
    expect(named.toSorted()).toEqual([
      ['RUN-0004', 'cancelled', ALICE],
      ['RUN-0012', 'cancelled', ALICE],
    ]);
  });

  test('what the small stores keep is found again', async () => {
    const { context } = await update(redis);
    const { stores } = context;
    expect(await stores.memory.get('sandbox')).toMatchObject({
      summary: { nodes: [{ answered: true }, { answered: true }, { answered: true }] },
    });
    expect((await stores.memory.get('sandbox'))?.history.sweeps).toBeGreaterThan(20);
    expect(await stores.memory.sweptAtMs('prod-a')).toBe((await stores.memory.get('prod-a'))?.sweptAtMs);
    const probed = Object.values((await stores.probes.get('sandbox'))?.tracks ?? {});
    expect(probed.map(({ queue }) => queue)).toContain('conductor.ctl1');
    expect(await stores.cards.get('INC-0001')).toMatchObject({
      channel: CHANNEL,
      told: 8,
      progress: { run: 'RUN-0001' },
    });
    // The bot was killed before it had told the first one; the second was taken after the last telling.
    expect((await stores.pendingUpdates.list()).map(({ incident }) => incident)).toEqual([
      'INC-0004',
      'INC-0013',
    ]);
    expect((await stores.pendingUpdates.waiting()).length).toBe(2);
    expect(await stores.homes.recent({ withinMs: Date.now(), limit: 9 })).toEqual([BOB, ALICE]);
    expect(await stores.maintenance.get('prod-e')).toEqual({ by: CAROL, untilMs: Date.UTC(2199, 0, 1) });
    expect(await stores.once.has('progress:RUN-0005:1796083567.000069')).toBe(true);
    // The dead bot’s leases stand until they run out, and tokens go on rising.
    expect(await stores.leases.take('turn:prod-b', 'somebody else', 1_000)).toBeUndefined();
    expect(await stores.leases.take('run:RUN-0005', 'somebody', 1_000)).toEqual({ token: 165 });
  });
});

describe('the audit of 0.1.0', () => {
  test('its chain is sound, its trim and its seals are good, and so is its mirror', async () => {
    const { context } = await update(redis);
    const { chain } = context.stores;
    const verified = await verifyAudit({ chain, files: [oldMirror], key: AUDIT_KEY, keep: 1_000 });
    expect(verified.fault).toBeUndefined();
    expect(verified).toMatchObject({
      redis: { entries: 172, first: 10, last: 181, trimmedTo: 9, sealedTo: 174, otherSeals: 0 },
      file: { entries: 181, first: 1, last: 181, sealedTo: 174, otherSeals: 0 },
    });
    const otherKey = await verifyAudit({ chain, files: [], key: 'a key that sealed nothing of it' });
    expect(otherKey).toMatchObject({ fault: { kind: 'forged-trim' }, redis: { otherSeals: 4 } });
  });

  test('every kind of entry is read', async () => {
    const { context } = await update(redis);
    const entries = await context.stores.audit.read({ limit: 1_000 });
    expect(counts(entries.map(({ event }) => event))).toEqual({
      ...{ 'bot.started': 1, 'digest.asked': 1, 'audit.sealed': 4, 'audit.trimmed': 1 },
      ...{ 'incident.opened': 12, 'incident.acknowledged': 2, 'incident.resolved': 4 },
      ...{ 'halt.set': 5, 'halt.cleared': 2, 'maintenance.begun': 2, 'maintenance.ended': 1 },
      ...{ 'click.refused': 5, 'run.requested': 19, 'run.started': 19, 'run.proposed': 18 },
      ...{ 'run.voted': 24, 'run.glass_broken': 1, 'run.chose': 1, 'run.acting': 10 },
      ...{ 'run.item.intended': 11, 'run.item.applied': 4, 'run.item.refused': 5, 'run.item.held': 4 },
      ...{ 'run.item.unknown': 1, 'run.unknown': 1, 'run.done': 4, 'run.failed': 5, 'run.stopped': 1 },
      ...{ 'run.expired': 1, 'run.cancelled': 2, 'run.superseded': 1 },
    });
    const ofOne = await context.stores.audit.read({ run: 'RUN-0005', limit: 99 });
    expect(ofOne.map(({ event, actor }) => `${actor} ${event}`)).toEqual([
      `${DAVE} run.started`,
      'watership run.proposed',
      `${ALICE} run.voted`,
      `${DAVE} click.refused`,
      `${ALICE} click.refused`,
    ]);
    expect(ofOne[2]).toMatchObject({ tier: 'node', votes: [ALICE], surface: 'slack', before: 'proposed' });
  });

  test('the people of whom an entry speaks are known without a field that names them', async () => {
    const { context } = await update(redis);
    const entries = await context.stores.audit.read({ limit: 1_000 });
    expect(entries.filter(({ people }) => people !== undefined)).toEqual([]);
    const { people } = context.config;
    const named = new Set(entries.flatMap((entry) => peopleOfEntry(entry, people)));
    expect([...named].toSorted()).toEqual([ALICE, BOB, CAROL, DAVE, 'watership']);
    const glass = entries.filter(({ event }) => event === 'run.glass_broken');
    expect(glass.map((entry) => peopleOfEntry(entry, people))).toEqual([[ALICE]]);
  });

  test('one byte that is changed in an old entry is found', async () => {
    const forged = await update(redis, withEntry('100-0', backdated));
    expect((await audited(forged)).fault).toMatchObject({ kind: 'edited', sequence: 100 });
  });

  test('a chain that is written anew from an old entry on is sound by itself, and its seals give it away', async () => {
    const forged = await update(redis, relinked(withEntry('100-0', backdated)));
    const { chain } = forged.context.stores;
    expect((await verifyAudit({ chain, files: [] })).fault).toBeUndefined();
    expect((await audited(forged)).fault).toMatchObject({ kind: 'replaced', sequence: 129 });
  });

  test('an old entry that is taken away is found', async () => {
    const cut = await update(
      redis,
      withEntry('100-0', () => undefined),
    );
    expect((await audited(cut)).fault).toMatchObject({ kind: 'missing', sequence: 100 });
  });

  test('a seal of then that is changed is found by the key, also where every hash fits', async () => {
    const moved = withEntry('175-0', (text) => text.replace('"sequence":174', '"sequence":173'));
    const forged = await update(redis, relinked(moved));
    expect((await audited(forged)).fault).toMatchObject({ kind: 'forged-seal', sequence: 175 });
  });

  test('goes on with an entry of today, and verifies as one chain', async () => {
    const updated = await update(redis);
    const { stores, clock } = updated.context;
    await stores.audit.append({
      atMs: clock.now(),
      actor: ALICE,
      event: 'halt.set',
      text: 'after the update',
    });
    const [last] = await stores.chain.records(182, 9);
    const [before] = await stores.chain.records(181, 1);
    expect(last).toMatchObject({ sequence: 182, before: before?.hash });
    const verified = await audited(updated);
    expect(verified.fault).toBeUndefined();
    expect(verified.redis).toMatchObject({ entries: 173, last: 182, sealedTo: 174 });
  });
});

const backdated = (text: string): string => text.replace('"atMs":179', '"atMs":178');

/** The state with another text of one entry of the audit; undefined takes the entry away. */
function withEntry(id: string, change: (text: string) => string | undefined): StoredState {
  const keys = oldState.keys.map((stored): StoredKey => {
    if (stored.type !== 'stream') {
      return stored;
    }
    const value = stored.value.flatMap((entry) => {
      if (entry.id !== id) {
        return [entry];
      }
      const text = textOf(given(entry.fields['entry']));
      const changed = change(text);
      expect(changed).not.toBe(text);
      return changed === undefined ? [] : [{ id, fields: { ...entry.fields, entry: changed } }];
    });
    return { ...stored, value };
  });
  return { ...oldState, keys };
}

/** The same with hashes that fit the texts: what somebody writes who may write to Redis and has no key. */
function relinked(changed: StoredState): StoredState {
  const keys = changed.keys.map((stored): StoredKey => {
    if (stored.type !== 'stream') {
      return stored;
    }
    let before = textOf(given(stored.value[0]?.fields['before']));
    const value = stored.value.map(({ id, fields }) => {
      const entry = given(fields['entry']);
      const hash = linkOf(before, textOf(entry), Number(id.split('-')[0]));
      const next = { id, fields: { entry, before, hash } };
      before = hash;
      return next;
    });
    return { ...stored, value };
  });
  return { ...changed, keys };
}
