import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeFolder } from './remove-folder.ts';

/** Gives everything that a run of the tests writes one temporary folder, and removes it at the end. */
export function setup(): () => void {
  const environment: { TMPDIR?: string } = process.env;
  const before = environment.TMPDIR;
  const folder = mkdtempSync(join(tmpdir(), 'watership-'));
  environment.TMPDIR = folder;
  return () => {
    if (before === undefined) {
      delete environment.TMPDIR;
    } else {
      environment.TMPDIR = before;
    }
    removeFolder(folder);
  };
}
