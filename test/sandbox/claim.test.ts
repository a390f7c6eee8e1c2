import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimFolder } from '../../sandbox/claim.ts';
import { layoutOf } from '../../sandbox/layout.ts';
import { startOf } from '../../sandbox/process-identity.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watership-claim-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('an empty folder is claimed, and a second sandbox is told who has it', async () => {
  const layout = layoutOf(folder);
  expect(await claimFolder(layout)).toEqual({ kind: 'claimed', leftOver: [] });
  expect(existsSync(layout.logs)).toBe(true);
  expect(await claimFolder(layout)).toEqual({ kind: 'taken', pid: process.pid });
});

test('what a sandbox that is gone has left is cleared away', async () => {
  const layout = layoutOf(folder);
  writeFileSync(layout.claim, JSON.stringify({ pid: process.pid, startedAt: `not ${startOf(process.pid)}` }));
  writeFileSync(layout.config, 'old');
  expect(await claimFolder(layout)).toEqual({ kind: 'claimed', leftOver: [] });
  expect(existsSync(layout.config)).toBe(false);
});

test('a folder with files of somebody else is left as it is', async () => {
  const thesis = join(folder, 'thesis.txt');
  writeFileSync(thesis, 'years of work');
  expect(await claimFolder(layoutOf(folder))).toEqual({ kind: 'foreign' });
  expect(existsSync(thesis)).toBe(true);
});
