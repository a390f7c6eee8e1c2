import { appendFile, mkdir, mkdtemp, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type JournalLimits, openJournal } from '../../../../src/runbooks/hosts/agent/journal.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
let folder = '';
let nowMs = 0;
const troubles: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'));
  nowMs = 1_800_000_000_000;
  troubles.length = 0;
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const open = (limits: JournalLimits = {}) =>
  openJournal({ folder, now: () => nowMs, onTrouble: (what) => troubles.push(what), ...limits });
const path = () => join(folder, 'journal');
const act = (id: string) => ({ id, nonce: `nonce of ${id}`, digest: 'd', operation: 'service.restart' });
const done = { kind: 'done', exitCode: 0, output: 'ok' } as const;

describe('a journal', () => {
  test('remembers over a restart what was seen, intended and answered', async () => {
    const first = await open();
    await first.see('n1');
    await first.intend(act('one'));
    await first.apply('one', done);
    await first.intend(act('two'));
    expect(first.find('two')?.state).toBe('running');
    await first.close();

    const second = await open();
    expect(second.isSeen('n1')).toBe(true);
    expect(second.isSeen('nonce of two')).toBe(true);
    expect(second.isSeen('n2')).toBe(false);
    expect(second.find('one')).toMatchObject({ state: 'answered', answer: done });
    expect(second.find('two')).toMatchObject({ state: 'interrupted' });
    expect(second.find('three')).toBeUndefined();
    expect(second.sinceMs).toBe(nowMs);
    await second.close();
    expect(troubles).toEqual([]);
  });

  test('has it in memory before it is on disk, so that a second one meets it', async () => {
    const journal = await open();
    const writing = journal.intend(act('one'));
    expect(journal.find('one')?.state).toBe('running');
    await writing;
    expect(await readFile(path(), 'utf8')).toContain('"line":"intended","id":"one"');
    await journal.close();
  });

  test('without its last line’s end takes the line for not written', async () => {
    const first = await open();
    await first.intend(act('one'));
    await first.apply('one', done);
    await first.close();
    const whole = await readFile(path(), 'utf8');
    // Everywhere within the last line, and right behind it without its end.
    const lastBegins = whole.slice(0, -1).lastIndexOf('\n') + 1;
    for (const length of [lastBegins + 1, lastBegins + 20, whole.length - 1]) {
      await writeFile(path(), whole.slice(0, length));
      const journal = await open();
      expect(journal.find('one')?.state).toBe('interrupted');
      expect(journal.sinceMs).toBe(first.sinceMs);
      await journal.see(`n${length}`);
      await journal.close();
      const again = await open();
      expect(again.isSeen(`n${length}`)).toBe(true);
      await again.close();
    }
    expect(troubles).toEqual([]);
  });

  test('that was damaged keeps what can be read and owns that it does not know the rest', async () => {
    const first = await open();
    await first.see('n1');
    await first.close();
    await appendFile(path(), '{"line":"inten\0\0\0\n{"line":"seen","nonce":"n2","atMs":1800000000000}\n');
    nowMs += HOUR_MS;
    const second = await open();
    expect(second.sinceMs).toBe(nowMs);
    expect(troubles[0]).toContain('1 lines');
    await second.close();
    nowMs += HOUR_MS;
    const third = await open();
    expect(third.sinceMs).toBe(nowMs - HOUR_MS);
    await third.close();
  });

  test('that is gone owns that it knows nothing of before', async () => {
    await (await open()).close();
    await rm(path());
    nowMs += MINUTE_MS;
    const journal = await open();
    expect(journal.sinceMs).toBe(nowMs);
    await journal.close();
  });

  test('is used by one agent at a time, and by the next after a kill', async () => {
    const first = await open();
    await expect(open()).rejects.toThrow('one agent at a time');
    await first.close();
    // What a killed process leaves behind: a socket that nobody listens at.
    await writeFile(join(folder, 'lock'), '');
    const next = await open();
    await next.close();
  });

  test('that cannot be written says so, and is not held after that', async () => {
    await mkdir(join(folder, 'journal.new'));
    await expect(open()).rejects.toThrow(`the journal in ${folder} cannot be written: EISDIR`);
    await rmdir(join(folder, 'journal.new'));
    await (await open()).close();
  });

  test('forgets nonces after a quarter of an hour and requests after a day, and says so', async () => {
    const first = await open();
    await first.see('n1');
    await first.intend(act('one'));
    await first.apply('one', done);
    await first.close();
    const intendedMs = nowMs;
    nowMs += 14 * MINUTE_MS;
    const early = await open();
    expect(early.isSeen('n1'), 'nothing that could still be fresh is forgotten').toBe(true);
    await early.close();
    nowMs += 2 * MINUTE_MS;
    const second = await open();
    expect(second.isSeen('n1')).toBe(false);
    expect(second.find('one')?.state).toBe('answered');
    expect(second.sinceMs).toBe(intendedMs);
    await second.close();
    nowMs += 24 * HOUR_MS;
    const third = await open();
    expect(third.find('one')).toBeUndefined();
    expect(third.sinceMs).toBe(intendedMs + 1);
    await third.close();
  });

  test('stays small, and drops nothing that could still come again', async () => {
    const journal = await open({ entries: 10, rewriteBytes: 2_000 });
    for (let number = 0; number < 200; number += 1) {
      nowMs += MINUTE_MS;
      await journal.intend(act(`act-${number}`));
      await journal.apply(`act-${number}`, { ...done, output: 'x'.repeat(10_000) });
      expect(journal.find(`act-${number - 1}`)?.state ?? number === 0).toBeTruthy();
    }
    expect((await stat(path())).size).toBeLessThan(200_000);
    expect(journal.find('act-100')).toBeUndefined();
    expect(journal.sinceMs).toBeGreaterThan(nowMs - 12 * MINUTE_MS);
    await journal.close();
  });

  test('that is full of young requests takes no more', async () => {
    const journal = await open({ entries: 2, nonces: 2 });
    await journal.intend(act('one'));
    await journal.intend(act('two'));
    await expect(journal.intend(act('three'))).rejects.toThrow('full');
    expect(journal.find('three')).toBeUndefined();
    nowMs += 3 * MINUTE_MS;
    // Those that run are kept, however old they are.
    await expect(journal.intend(act('three'))).rejects.toThrow('full');
    await journal.apply('one', done);
    await journal.intend(act('three'));
    await journal.close();
  });

  test('drops what is answered to make room, but not while it could still come again', async () => {
    const journal = await open({ entries: 2 });
    for (const id of ['one', 'two']) {
      await journal.intend(act(id));
      await journal.apply(id, done);
    }
    nowMs += MINUTE_MS;
    await expect(journal.intend(act('three'))).rejects.toThrow('full');
    expect(journal.find('one')?.state).toBe('answered');
    nowMs += 2 * MINUTE_MS;
    await journal.intend(act('three'));
    await journal.close();
  });

  test('keeps the end of a long answer', async () => {
    const journal = await open();
    await journal.intend(act('one'));
    await journal.apply('one', { kind: 'failed', exitCode: 1, output: `${'x'.repeat(9_000)} the reason` });
    const answer = journal.find('one')?.answer;
    expect(answer).toMatchObject({ output: expect.stringMatching(/^… x+ the reason$/) });
    expect(JSON.stringify(answer).length).toBeLessThan(5_000);
    await journal.close();
  });

  test('lies in a file that only its owner reads', async () => {
    const journal = await open();
    expect((await stat(path())).mode & 0o777).toBe(0o600);
    await journal.close();
  });
});
