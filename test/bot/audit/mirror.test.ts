import { appendFile, mkdtemp, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { createMirror, mirrorName } from '../../../src/bot/audit/mirror.ts';
import { lineOf } from '../../../src/bot/audit/mirror-line.ts';
import { verifyAudit } from '../../../src/bot/audit/verify.ts';
import type { AuditRecord } from '../../../src/bot/record/link.ts';
import { chainOf } from './chain-of.ts';
import { type MemoryChain, memoryChain, plainEntry } from './memory-chain.ts';

let path = '';
let forks: string[] = [];
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'watership-mirror-')), 'audit.jsonl');
  forks = [];
});

const mirrorOf = (chain: MemoryChain) =>
  createMirror({ path, chain, onFork: async (text) => void forks.push(text) });
const always = () => true;
const textOf = (records: readonly AuditRecord[]): string => records.map((one) => `${lineOf(one)}\n`).join('');
const written = () => readFile(path, 'utf8');

/** One life of a bot: it copies what there is, and dies. */
async function live(chain: MemoryChain): Promise<void> {
  const mirror = mirrorOf(chain);
  await mirror.catchUp(always);
  await mirror.close();
}

describe('the mirror', () => {
  test('copies each entry once, for its owner alone to read, and goes on with what is new', async () => {
    const chain = memoryChain(1_201);
    const mirror = mirrorOf(chain);
    await mirror.catchUp(always);
    expect(await written()).toBe(textOf(chain.stored));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    chain.write(3);
    await mirror.catchUp(always);
    await mirror.catchUp(always);
    expect(await written()).toBe(textOf(chain.stored));
    expect(chain.place).toEqual({ sequence: 1_204, hash: chain.stored.at(-1)?.hash, file: mirrorName(path) });
    await mirror.close();
  });

  test('of a bot that died between the file and Redis writes nothing twice', async () => {
    const chain = memoryChain(3);
    chain.setMirrored = () => Promise.reject(new Error('Redis is away'));
    await expect(live(chain)).rejects.toThrow('Redis is away');
    expect(await written()).toBe(textOf(chain.stored));
    await live(memoryChain(5));
    expect(await written()).toBe(textOf(memoryChain(5).stored));
  });

  test.each([1, 7, 150])('of a bot that died %i bytes into a line completes it', async (bytes) => {
    const chain = memoryChain(4);
    const whole = textOf(chain.stored);
    const kept = Buffer.byteLength(textOf(chain.stored.slice(0, 2))) + bytes;
    await writeFile(path, Buffer.from(whole).subarray(0, kept));
    await live(chain);
    expect(await written()).toBe(whole);
  });

  test('of a bot that died before the end of a line ends it', async () => {
    const chain = memoryChain(4);
    await writeFile(path, textOf(chain.stored.slice(0, 2)).trimEnd());
    await live(chain);
    expect(await written()).toBe(textOf(chain.stored));
  });

  test('goes on in a new file when the old one was rotated, also across a restart', async () => {
    const chain = memoryChain(2);
    const mirror = mirrorOf(chain);
    await mirror.catchUp(always);
    await rename(path, `${path}.1`);
    chain.write(2);
    await mirror.catchUp(always);
    await mirror.close();
    expect(await written()).toBe(textOf(chain.stored.slice(2)));

    await rename(path, `${path}.2`);
    await live(chain);
    expect(await written()).toBe('');
    chain.write(1);
    await live(chain);
    expect(await written()).toBe(textOf(chain.stored.slice(4)));
    const files = [`${path}.1`, `${path}.2`, path];
    expect(await verifyAudit({ chain, files })).toMatchObject({ file: { entries: 5, last: 5 } });
  });

  test('writes nothing once another replica may be writing', async () => {
    const chain = memoryChain(2);
    const mirror = mirrorOf(chain);
    await mirror.catchUp(() => false);
    await mirror.close();
    expect(await written()).toBe('');
  });

  test('tells when Redis was set back, keeps what was lost, and goes on with the new chain', async () => {
    const chain = memoryChain(5);
    await live(chain);
    const lost = await written();
    chain.entries = [...chain.entries.slice(0, 3), plainEntry('after the failover')];
    chain.stored = chainOf(chain.entries);
    await live(chain);
    expect(await written()).toBe(lost + textOf(chain.stored.slice(3)));
    expect(forks).toEqual([
      'Redis was reset to an older state: the mirror has entries up to 5, and Redis them up to 3. What Redis lost is only in the mirror.',
    ]);
    const { fault } = await verifyAudit({ chain, files: [path] });
    expect(fault).toMatchObject({ where: 'file', kind: 'out-of-order', sequence: 4 });
  });

  test('goes on after a gap that trimming has made', async () => {
    const chain = memoryChain(5);
    await live(chain);
    chain.write(5);
    chain.stored = chain.stored.slice(7);
    await live(chain);
    expect((await verifyAudit({ files: [path] })).fault?.text).toBe('Entries 6 to 7 are missing.');
    expect(forks).toEqual([]);
  });
});

describe('verifying both copies', () => {
  test('finds nothing in sound ones', async () => {
    const chain = memoryChain(5);
    await live(chain);
    chain.write(1);
    expect(await verifyAudit({ chain, files: [path] })).toMatchObject({
      redis: { entries: 6 },
      file: { entries: 5 },
      notes: ['The mirror is 1 entry behind.', expect.stringContaining('No key is configured')],
    });
  });

  test('finds a tail that was cut off Redis, with its numbers', async () => {
    const chain = memoryChain(5);
    await live(chain);
    chain.stored = chain.stored.slice(0, 3);
    chain.given = async () => 3;
    expect((await verifyAudit({ chain, files: [path] })).fault).toMatchObject({
      where: 'redis',
      kind: 'truncated',
      sequence: 4,
      text: 'Redis ends with entry 3; the mirror goes on to 5.',
    });
  });

  test('finds a chain that was written anew in Redis with all its hashes', async () => {
    const chain = memoryChain(5);
    await live(chain);
    chain.entries = chain.entries.map((entry, index) => (index === 2 ? plainEntry('never happened') : entry));
    chain.stored = chainOf(chain.entries);
    expect((await verifyAudit({ chain, files: [] })).fault).toBeUndefined();
    expect((await verifyAudit({ chain, files: [path] })).fault).toMatchObject({
      kind: 'differs',
      sequence: 3,
    });
  });

  test('finds a mirror that was cut off, and a line that was edited', async () => {
    const chain = memoryChain(5);
    await live(chain);
    const whole = await written();
    await truncate(path, Buffer.byteLength(textOf(chain.stored.slice(0, 3))));
    expect((await verifyAudit({ chain, files: [path] })).fault).toMatchObject({
      where: 'file',
      kind: 'truncated',
      sequence: 4,
    });
    await writeFile(path, whole.replace('step 2', 'step 9'));
    expect((await verifyAudit({ files: [path] })).fault).toMatchObject({ kind: 'edited', sequence: 2 });
    await writeFile(path, whole.replace('{"actor"', '{ "actor"'));
    expect((await verifyAudit({ files: [path] })).fault?.text).toBe(
      `Line 1 of ${path} was edited: it is not what the bot wrote.`,
    );
  });

  test('takes a line that is being written for unfinished, not for broken', async () => {
    const chain = memoryChain(2);
    await live(chain);
    await appendFile(path, '{"sequence":3,"bef');
    expect((await verifyAudit({ chain, files: [path] })).fault).toBeUndefined();
  });
});
