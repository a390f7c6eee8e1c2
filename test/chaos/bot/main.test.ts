import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { inheritedEnvironment } from '../../../sandbox/environment.ts';
import { removeFolder } from '../../support/remove-folder.ts';

const main = join(import.meta.dirname, 'main.ts');
const foldersIn = (folder: string): readonly string[] =>
  readdirSync(folder).filter((name) => name.startsWith('watership-'));

test.each(['SIGINT', 'SIGTERM'] as const)(
  'a campaign that %s ends leaves no folder behind',
  async (signal) => {
    const folder = mkdtempSync(join(tmpdir(), 'watership-chaos-'));
    onTestFinished(() => removeFolder(folder));
    const watched = watch(folder);
    const child = spawn(process.execPath, ['--import', 'tsx', main, '--runs', '1'], {
      stdio: 'ignore',
      env: { ...inheritedEnvironment, TMPDIR: folder },
    });
    const ended = once(child, 'exit');
    while (foldersIn(folder).length === 0 && child.exitCode === null) {
      await Promise.race([once(watched, 'change'), ended]);
    }
    watched.close();
    child.kill(signal);
    expect(await ended).toEqual([130, null]);
    expect(foldersIn(folder)).toEqual([]);
  },
);
