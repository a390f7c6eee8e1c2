import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { waitFor } from '../../../sandbox/wait.ts';
import { keepAudit } from '../../../src/bot/audit/keeper.ts';
import { createMirror } from '../../../src/bot/audit/mirror.ts';
import { trimAudit } from '../../../src/bot/audit/trim.ts';
import { verifyAudit } from '../../../src/bot/audit/verify.ts';
import { systemClock } from '../../../src/bot/process/system-clock.ts';
import type { StoredEntry } from '../../../src/bot/record/entry.ts';
import { linkOf } from '../../../src/bot/record/link.ts';
import { keysFor } from '../../../src/bot/stores/keys.ts';
import { openStores } from '../../../src/bot/stores/open.ts';
import { incident, started } from '../../runbooks/engine/toy.ts';
import { plainEntry } from './memory-chain.ts';

let redis: Redis;
let prefix = '';
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
beforeEach(() => {
  prefix = `test-${randomUUID()}`;
});
afterAll(() => {
  redis.disconnect();
});

const stores = () => openStores(redis, prefix);
const stream = () => keysFor(prefix).audit;
const faultOf = async (files: readonly string[] = []) =>
  (await verifyAudit({ chain: stores().chain, files })).fault;
const newFile = async () => join(await mkdtemp(join(tmpdir(), 'watership-mirror-')), 'audit.jsonl');

async function write(count: number): Promise<void> {
  for (let index = 1; index <= count; index += 1) {
    await stores().audit.append(plainEntry(`step ${index}`));
  }
}

/** Puts other fields where an entry stands, under the same number: what nobody but an intruder does. */
async function forge(sequence: number, change: (fields: Record<string, string>) => Record<string, string>) {
  const rows = await redis.xrange(stream(), '-', '+');
  await redis.del(stream());
  for (const [id, flat] of rows) {
    const fields: Record<string, string> = {};
    for (let index = 0; index < flat.length; index += 2) {
      fields[flat[index] ?? ''] = flat[index + 1] ?? '';
    }
    const written = id === `${sequence}-0` ? change(fields) : fields;
    await redis.xadd(stream(), id, ...Object.entries(written).flat());
  }
}

describe('the chain in Redis', () => {
  test('is the one that SHA-256 gives outside of Redis, for every kind of text', async () => {
    const texts = ['', 'é🐇', '"\\\n\u2028', 'x'.repeat(3_999), '{{*:entry}}'];
    for (const text of texts) {
      await stores().audit.append(plainEntry(text));
    }
    const records = await stores().chain.records(1, 99);
    expect(records.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    for (const { before, text, sequence, hash } of records) {
      expect(hash).toBe(linkOf(before, text, sequence));
    }
    expect((await stores().audit.read({ limit: 9 })).map(({ text }) => text)).toEqual(texts);
  });

  test('stays whole with many writers on several connections', async () => {
    const connections = Array.from({ length: 4 }, () => new Redis(inject('redisUrl')));
    try {
      const writers = connections.map((own) => openStores(own, prefix));
      await stores().incidents.put(incident, 0, plainEntry('opened'));
      await stores().runs.put(started(), 0, [plainEntry('requested'), plainEntry('started')]);
      const outcomes = await Promise.all(
        writers.flatMap((own, writer) =>
          Array.from({ length: 50 }, async (_, index) => {
            const entry: StoredEntry = plainEntry(`${writer} ${index}`);
            if (index % 3 === 0) {
              await own.audit.append(entry);
              return 'stored';
            }
            return index % 3 === 1
              ? own.incidents.put({ ...incident, owner: `U${writer}` }, 1, entry)
              : own.runs.put({ ...started(), because: `${index}` }, 1, [entry, entry]);
          }),
        ),
      );
      expect(await faultOf()).toBeUndefined();
      // One of all who had the same version was stored; what lost left no trace.
      const [incidents, runs] = [1, 2].map(
        (kind) =>
          outcomes.filter((outcome, index) => (index % 50) % 3 === kind && outcome === 'stored').length,
      );
      expect([incidents, runs]).toEqual([1, 1]);
      expect(await stores().chain.given()).toBe(3 + 4 * 17 + 1 + 2);
    } finally {
      for (const connection of connections) {
        connection.disconnect();
      }
    }
  });

  test('refuses a change that it cannot record', async () => {
    await redis.set(stream(), 'somebody else’s value');
    await expect(stores().incidents.put(incident, 0, plainEntry('opened'))).rejects.toThrow(/WRONGTYPE/);
    expect(await stores().incidents.get(incident.id)).toBeUndefined();
  });

  test('names what was edited, dropped, and cut off', async () => {
    await write(6);
    await redis.xdel(stream(), '6-0');
    expect(await faultOf()).toMatchObject({ kind: 'truncated', sequence: 6 });
    await write(1);
    expect(await faultOf()).toMatchObject({ kind: 'missing', sequence: 6 });
    await redis.xdel(stream(), '3-0');
    expect(await faultOf()).toMatchObject({ kind: 'missing', sequence: 3 });
    await forge(2, (fields) => ({ ...fields, entry: (fields['entry'] ?? '').replace('ALICE', 'MALLORY') }));
    expect(await faultOf()).toMatchObject({ kind: 'edited', sequence: 2 });
    await redis.xtrim(stream(), 'MINID', '2-0');
    await forge(2, ({ hash: _, ...fields }) => fields);
    expect(await faultOf()).toMatchObject({ kind: 'edited', sequence: 2 });
  });

  test('goes on where its newest hash was spoiled, and is found broken there', async () => {
    await write(2);
    await forge(2, (fields) => ({ ...fields, hash: 'not a hash' }));
    await write(1);
    expect(await faultOf()).toMatchObject({ kind: 'edited', sequence: 2 });
    expect(await stores().audit.read({ limit: 9 })).toHaveLength(3);
  });
});

describe('trimming the audit in Redis', () => {
  test('drops the oldest part in one step with the entry that says so', async () => {
    await write(30);
    const { chain } = stores();
    const trim = (keep: number) => trimAudit({ chain, keep, isMirrored: false, atMs: 1 });
    expect(await trim(29)).toBe('short');
    expect(await trim(10)).toBe('trimmed');
    expect((await chain.records(1, 99)).map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 11 }, (_, index) => index + 21),
    );
    const verified = await verifyAudit({ chain, files: [] });
    expect(verified.fault).toBeUndefined();
    expect(verified.notes[0]).toBe('Entries 1 to 20 were trimmed; the check begins after them.');
    await redis.xtrim(stream(), 'MINID', '23-0');
    expect(await faultOf()).toMatchObject({ kind: 'missing', sequence: 21 });
  });

  test('waits for the mirror, but not until Redis is full', async () => {
    await write(18);
    const { chain } = stores();
    const trim = (keep: number) => trimAudit({ chain, keep, isMirrored: true, atMs: 1 });
    expect(await trim(10)).toBe('waits-for-mirror');
    await chain.setMirrored({ sequence: 5, hash: '', file: 'f' });
    expect(await trim(10)).toBe('trimmed');
    expect((await chain.records(1, 1))[0]?.sequence).toBe(5);
    expect(await trim(5)).toBe('trimmed');
    expect(await faultOf()).toBeUndefined();
  });
});

describe('the keeper', () => {
  const key = 'a key that Redis does not hold';
  const context = (file: string) => {
    const config = { audit: { keep: 1_000, key, file } };
    return { config, stores: stores(), clock: systemClock, log: pino({ level: 'silent' }) };
  };
  /** Looks until it is so. */
  const until = (what: string, isSo: () => Promise<boolean>) =>
    waitFor(what, isSo, { withinMs: 25_000, everyMs: 20 });

  test('of three replicas one copies and seals; another takes over when it stops', async () => {
    const file = await newFile();
    await write(5);
    const linesIn = async () => (await readFile(file, 'utf8').catch(() => '')).split('\n').length - 1;
    const keepers = [1, 2, 3].map(() => keepAudit(context(file)));
    await until('six lines in the mirror', async () => (await linesIn()) >= 6);
    const busy = keepers.filter((keeper) => keeper.mirror()?.kind === 'ok');
    expect(busy).toHaveLength(1);
    await busy[0]?.stop();
    await write(5);
    await until('eleven lines in the mirror', async () => (await linesIn()) >= 11);
    await Promise.all(keepers.map((keeper) => keeper.stop()));
    const verified = await verifyAudit({ chain: stores().chain, files: [file], key });
    expect(verified.fault).toBeUndefined();
    expect(verified.redis?.sealedTo).toBeGreaterThanOrEqual(5);
  });

  test('tells of a mirror that cannot be written, and the audit goes on', async () => {
    const keeper = keepAudit(context('/proc/no/such/place.jsonl'));
    await until('the mirror to fail', async () => keeper.mirror()?.kind === 'failing');
    expect(keeper.mirror()).toMatchObject({ problem: expect.stringContaining('ENOENT') });
    await write(1);
    await keeper.stop();
    expect(await faultOf()).toBeUndefined();
  });
});

test('a mirror whose bot was killed between the file and Redis has each entry once', async () => {
  const file = await newFile();
  await write(3);
  const dying = { ...stores().chain, setMirrored: () => Promise.reject(new Error('killed')) };
  const noFork = async () => {};
  const first = createMirror({ path: file, chain: dying, onFork: noFork });
  await expect(first.catchUp(() => true)).rejects.toThrow('killed');
  await write(2);
  const second = createMirror({ path: file, chain: stores().chain, onFork: noFork });
  await second.catchUp(() => true);
  await second.close();
  expect(await verifyAudit({ chain: stores().chain, files: [file] })).toMatchObject({
    redis: { entries: 5 },
    file: { entries: 5 },
  });
  expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(6);
});
