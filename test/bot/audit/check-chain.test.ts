import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkChain } from '../../../src/bot/audit/check-chain.ts';
import { lineOf, recordOfLine } from '../../../src/bot/audit/mirror-line.ts';
import { sealEntry, sealTrim } from '../../../src/bot/audit/seal.ts';
import { trimAudit } from '../../../src/bot/audit/trim.ts';
import { verifyAudit } from '../../../src/bot/audit/verify.ts';
import type { AuditEntry } from '../../../src/bot/record/entry.ts';
import { entriesArgument, entryOf, entryText } from '../../../src/bot/record/entry-text.ts';
import type { AuditRecord } from '../../../src/bot/record/link.ts';
import { chainOf } from './chain-of.ts';
import { type MemoryChain, memoryChain, plainEntry } from './memory-chain.ts';

const key = 'a key that Redis does not hold';

function verdict(
  records: readonly AuditRecord[],
  options: {
    readonly given?: number;
    readonly key?: string;
    readonly keep?: number;
    readonly mayBegin?: boolean;
  } = {},
) {
  const { given, mayBegin = false, ...rest } = options;
  const check = checkChain({ mayBegin, ...rest });
  for (const record of records) {
    check.take(record);
  }
  return check.end(given);
}

/** The entry at a place; there is one. */
function at(records: readonly AuditRecord[], index: number): AuditRecord {
  const record = records[index];
  if (record === undefined) {
    throw new Error(`there is no entry at ${index}`);
  }
  return record;
}

const entryArbitrary: fc.Arbitrary<AuditEntry> = fc.record({
  atMs: fc.nat(),
  actor: fc.string({ unit: 'binary' }),
  event: fc.constantFrom('run.voted', 'run.item.applied'),
  text: fc.string({ unit: 'binary' }),
});
const chainArbitrary = fc.array(entryArbitrary, { minLength: 2, maxLength: 8 }).map(chainOf);
const withPlace = chainArbitrary.chain((records) =>
  fc.tuple(fc.constant(records), fc.nat({ max: records.length - 1 })),
);

describe('a chain', () => {
  test('as it was written is sound, in Redis and in the file', () => {
    fc.assert(
      fc.property(chainArbitrary, (records) => {
        expect(verdict(records, { given: records.length }).fault).toBeUndefined();
        const read = records.map(lineOf).map(recordOfLine);
        expect(read).toEqual(records);
      }),
    );
  });

  test('with any character of any entry changed names that entry', () => {
    const field = fc.constantFrom('text', 'before', 'hash');
    fc.assert(
      fc.property(
        withPlace,
        field,
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1 }),
        (place, name, where, put) => {
          const [records, index] = place;
          const old = records[index]?.[name] ?? '';
          const cut = where % old.length;
          const edited = old.slice(0, cut) + put + old.slice(cut + 1);
          fc.pre(edited !== old);
          const changed = records.map((record, own) =>
            own === index ? { ...record, [name]: edited } : record,
          );
          expect(verdict(changed).fault).toMatchObject({ kind: 'edited', sequence: index + 1 });
        },
      ),
    );
  });

  test('with any byte of a line changed is no line that the bot wrote, or breaks the chain', () => {
    fc.assert(
      fc.property(withPlace, fc.nat(), fc.nat({ max: 255 }), ([records, index], where, byte) => {
        const lines = records.map((record) => Buffer.from(lineOf(record)));
        const line = lines[index] ?? Buffer.alloc(0);
        const place = where % line.length;
        fc.pre(line[place] !== byte);
        line[place] = byte;
        const read = lines.flatMap((bytes) => recordOfLine(bytes.toString('utf8')) ?? []);
        const isFound = read.length < lines.length || verdict(read, { mayBegin: true }).fault !== undefined;
        // Bytes that are no text all read as the same sign; where that sign stood already, nothing was changed for a reader.
        expect(isFound || line.toString('utf8') === lineOf(at(records, index))).toBe(true);
      }),
    );
  });

  test('without any one entry misses exactly that one', () => {
    fc.assert(
      fc.property(withPlace, ([records, index]) => {
        const left = records.filter((_, own) => own !== index);
        const kind = index === records.length - 1 ? 'truncated' : 'missing';
        expect(verdict(left, { given: records.length }).fault).toMatchObject({ kind, sequence: index + 1 });
      }),
    );
  });

  test('with any two entries exchanged is broken at the first of them', () => {
    fc.assert(
      fc.property(withPlace, fc.nat(), ([records, index], other) => {
        const second = other % records.length;
        fc.pre(second !== index);
        const first = Math.min(index, second);
        const places = records.map((_, own) => (own === index ? second : own === second ? index : own));
        const exchanged = places.map((place) => at(records, place));
        // In Redis the number is the place; in a file it stands in the line.
        const inRedis = exchanged.map((record, own) => ({ ...record, sequence: own + 1 }));
        expect(verdict(inRedis).fault).toMatchObject({ sequence: first + 1 });
        const inFile = verdict(exchanged, { mayBegin: true }).fault;
        expect(inFile?.kind).toMatch(/missing|out-of-order/);
      }),
    );
  });

  test('cut off at its end is short of a number that was given', () => {
    fc.assert(
      fc.property(withPlace, ([records, kept]) => {
        expect(verdict(records.slice(0, kept), { given: records.length }).fault).toMatchObject({
          kind: 'truncated',
          sequence: kept + 1,
        });
      }),
    );
  });

  test('an entry that stands twice is named', () => {
    const records = chainOf([plainEntry('one'), plainEntry('two')]);
    const [first, second] = records;
    if (first === undefined || second === undefined) {
      throw new Error('two were written');
    }
    expect(verdict([first, second, second]).fault?.text).toBe('Entry 2 appears again after entry 2.');
  });

  test('written anew from some entry on does not follow what stands before it', () => {
    const told = chainOf(['one', 'two', 'three'].map(plainEntry));
    const anew = chainOf(['one', 'another two', 'three'].map(plainEntry));
    expect(verdict([...told.slice(0, 2), ...anew.slice(2)]).fault).toMatchObject({
      kind: 'replaced',
      sequence: 3,
    });
  });
});

describe('trimming a chain', () => {
  const all = chainOf([
    ...['one', 'two', 'three'].map(plainEntry),
    {
      ...plainEntry('trimmed'),
      trimmed: { firstKept: 3, before: chainOf(['one', 'two'].map(plainEntry))[1]?.hash ?? '' },
    },
  ]);

  test('is sound when the chain itself says where it begins', () => {
    expect(verdict(all.slice(2))).toMatchObject({ entries: 2, first: 3, trimmedTo: 2 });
    expect(verdict(all.slice(2)).fault).toBeUndefined();
  });

  test('that nobody recorded is a gap, also one entry beyond what was recorded', () => {
    const plainChain = chainOf(['one', 'two', 'three'].map(plainEntry));
    expect(verdict(plainChain.slice(1)).fault?.text).toBe('Entry 1 is missing.');
    expect(verdict(all.slice(3)).fault?.text).toBe('Entry 3 is missing.');
  });

  test('that kept less than is configured was not the bot’s', () => {
    expect(verdict(all.slice(2), { keep: 1 }).fault).toBeUndefined();
    expect(verdict(all.slice(2), { keep: 1_000 }).fault).toMatchObject({
      kind: 'forged-trim',
      sequence: 4,
      text: 'Entry 4 says that the entries before 3 were trimmed, but it kept only 1 entry, not the 1000 of audit.keep.',
    });
    // Nothing is missing at its beginning: what a trim says does not matter.
    expect(verdict(all, { keep: 1_000, key }).fault).toBeUndefined();
  });

  test.each<[string, string | undefined, string]>([
    ['no key', undefined, 'that was not sealed: it was written before'],
    ['another key', 'another key, also long', 'that was sealed with another key'],
  ])('is believed with the key that is configured, and not with %s', (_, withKey, told) => {
    const three = ['one', 'two', 'three'].map(plainEntry);
    const before = chainOf(three)[1]?.hash ?? '';
    const trimmedWith = (sealedWith: string | undefined, change: object = {}) =>
      chainOf([
        ...three,
        {
          ...plainEntry('trimmed'),
          trimmed: { ...sealTrim(sealedWith, { firstKept: 3, before }), ...change },
        },
      ]).slice(2);
    expect(verdict(trimmedWith(key), { key, keep: 1_000 }).fault).toBeUndefined();
    expect(verdict(trimmedWith(withKey), { key, keep: 1 }).fault).toMatchObject({
      kind: 'forged-trim',
      text: expect.stringContaining(told),
    });
    expect(verdict(trimmedWith(key, { mac: 'f'.repeat(64) }), { key }).fault?.text).toContain(
      'that was not sealed with the key',
    );
  });

  test('is sealed by the bot where a key is configured', async () => {
    const chain = memoryChain(30);
    expect(await trimAudit({ chain, keep: 10, isMirrored: false, atMs: 1, key })).toBe('trimmed');
    const verified = await verifyAudit({ chain, files: [], key, keep: 10 });
    expect(verified.fault).toBeUndefined();
    expect(verified.redis).toMatchObject({ first: 21, last: 31 });
  });
});

describe('a chain that was deleted', () => {
  const hourMs = 3_600_000;
  const verified = async (chain: MemoryChain, oldestMs: number | undefined) =>
    (await verifyAudit({ chain, files: [], oldestWorkMs: async () => oldestMs })).fault;

  test('is missed when there are runs or incidents, and not in a new installation', async () => {
    expect(await verified(memoryChain(0), undefined)).toBeUndefined();
    expect(await verified(memoryChain(0), 5)).toMatchObject({
      kind: 'truncated',
      sequence: 1,
      where: 'redis',
    });
  });

  test('is missed although a new one has begun', async () => {
    const chain = memoryChain(0);
    chain.stored = chainOf([{ ...plainEntry('bot started'), atMs: 9 * hourMs }]);
    expect(await verified(chain, 9 * hourMs)).toBeUndefined();
    expect(await verified(chain, 7 * hourMs)).toMatchObject({ kind: 'truncated', sequence: 1 });
  });
});

describe('seals of the audit', () => {
  const begin = ['one', 'two'].map(plainEntry);
  const tip = chainOf(begin)[1];
  if (tip === undefined) {
    throw new Error('two were written');
  }
  const sealed = [...begin, sealEntry(key, tip, 1_000), plainEntry('after')];

  test('vouch for what stands before them', () => {
    expect(verdict(chainOf(sealed), { key })).toMatchObject({ sealedTo: 2 });
    expect(verdict(chainOf(sealed), { key }).fault).toBeUndefined();
  });

  test('find a chain that was written anew with all its hashes', () => {
    const anew = chainOf([plainEntry('one'), plainEntry('forged'), ...sealed.slice(2)]);
    expect(verdict(anew).fault).toBeUndefined();
    expect(verdict(anew, { key }).fault).toMatchObject({ kind: 'replaced', sequence: 2 });
  });

  test('of another key are counted, and forged ones are named', () => {
    expect(verdict(chainOf(sealed), { key: 'another key, also long' })).toMatchObject({ otherSeals: 1 });
    const own = sealEntry(key, tip, 1_000);
    const forged = {
      ...own,
      seal: { sequence: 2, hash: tip.hash, key: own.seal?.key ?? '', mac: 'f'.repeat(64) },
    };
    expect(verdict(chainOf([...begin, forged]), { key }).fault).toMatchObject({
      kind: 'forged-seal',
      sequence: 3,
    });
  });

  test('that were taken out are missed', () => {
    const long = chainOf(Array.from({ length: 1_002 }, (_, index) => plainEntry(`${index}`)));
    expect(verdict(long, { key }).fault).toMatchObject({ kind: 'unsealed', sequence: 2 });
    expect(verdict(long).fault).toBeUndefined();
  });
});

describe('an entry', () => {
  test('is kept without secrets, and not longer than is read', () => {
    const text = entryText(plainEntry(`see amqp://nova:hunter2@10.0.0.1 ${'x'.repeat(9_000)}`));
    expect(text).not.toContain('hunter2');
    expect(text.length).toBeLessThan(4_200);
  });

  test('is packed with its length in bytes', () => {
    const [one, two] = [plainEntry('é'), plainEntry('🐇')];
    const packed = Buffer.from(entriesArgument([one, two]));
    const size = Number(packed.subarray(64, 72).toString());
    expect(packed.subarray(72, 72 + size).toString()).toBe(entryText(one));
  });

  test('that was spoiled hides no other', () => {
    const spoiled = entryOf({ sequence: 3, before: '', hash: '', text: '{"atMs":' });
    expect(spoiled).toMatchObject({ sequence: 3, event: 'audit.unreadable' });
  });

  test('of a version that named its events otherwise is read as it stands, in a sound chain', () => {
    const chain = chainOf([
      { ...plainEntry('halt of house'), event: 'cluster.halt', actor: 'cli:alice' },
      { ...plainEntry('resume of house'), event: 'halt.cleared', actor: 'cli:alice' },
    ]);
    expect(chain.map((record) => entryOf(record).event)).toEqual(['cluster.halt', 'halt.cleared']);
    expect(verdict(chain).fault).toBeUndefined();
  });
});
