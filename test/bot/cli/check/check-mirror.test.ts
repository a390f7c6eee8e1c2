import { chmod, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { lineOf } from '../../../../src/bot/audit/mirror-line.ts';
import { checkMirror, mirrorCure } from '../../../../src/bot/cli/check/check-mirror.ts';
import { chainOf } from '../../audit/chain-of.ts';
import { plainEntry } from '../../audit/memory-chain.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watership-check-'));
});

const inFolder = (name = 'audit.jsonl') => join(folder, name);
const lines = chainOf([plainEntry('one'), plainEntry('two')])
  .map((record) => `${lineOf(record)}\n`)
  .join('');

describe('the check of the mirror', () => {
  test('says up to where it is written, and leaves it as it was', async () => {
    await writeFile(inFolder(), lines, { mode: 0o600 });
    expect(await checkMirror(inFolder())).toEqual({
      state: 'ok',
      text: 'it holds entries up to 2, and the bot can write to it',
    });
    expect(await readFile(inFolder(), 'utf8')).toBe(lines);
  });

  test('of a file that is not there yet makes none', async () => {
    expect(await checkMirror(inFolder())).toEqual({
      state: 'ok',
      text: `not created yet; the bot can create it in ${folder}`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('of an empty file that others may read tells how to close it', async () => {
    await writeFile(inFolder(), '');
    await chmod(inFolder(), 0o644);
    expect(await checkMirror(inFolder())).toEqual({
      state: 'warning',
      text: `it is empty, and the bot can write to it; but every user may read it (mode 644); chmod 640 ${inFolder()}`,
    });
  });

  test('of a file with something else in it warns', async () => {
    await writeFile(inFolder(), 'Dear diary\n', { mode: 0o600 });
    expect(await checkMirror(inFolder())).toMatchObject({
      state: 'warning',
      text: expect.stringContaining('other data than the audit'),
    });
  });

  test('without its folder says how to make it', async () => {
    expect(await checkMirror(inFolder('no/audit.jsonl'))).toEqual({
      state: 'bad',
      text: `there is no folder ${folder}/no; create it: install -d -m 0700 -o <the bot's user> ${folder}/no`,
    });
  });

  test('of a folder, or of what lies below a file, is bad', async () => {
    await mkdir(inFolder('logs'));
    await writeFile(inFolder('file'), '');
    expect(await checkMirror(inFolder('logs'))).toEqual({
      state: 'bad',
      text: 'it cannot be written (EISDIR); that is a folder: name a file in it as audit.file',
    });
    expect(await checkMirror(inFolder('file/audit.jsonl'))).toMatchObject({
      state: 'bad',
      text: expect.stringMatching(/^it cannot be written \(ENOTDIR\); a part of its path is a file/),
    });
  });

  test.each([
    ['EACCES', "give /var/log/w and what is in it to the bot's user, and run this check as that user"],
    ['EROFS', 'its file system is read-only here; in a systemd unit, ReadWritePaths=/var/log/w opens it'],
    ['ELOOP', 'name a file that the bot may write as audit.file'],
  ])('knows a cure for %s', (code, cure) => {
    expect(mirrorCure(code, '/var/log/w/audit.jsonl')).toBe(cure);
  });
});
