import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { killListed, readPidList, writePidList } from '../../sandbox/pid-list.ts';
import { startOf } from '../../sandbox/process-identity.ts';
import { openSupervisor } from '../../sandbox/supervisor.ts';

let folder: string;
let started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watership-processes-'));
});
afterEach(() => {
  for (const child of started) {
    child.kill('SIGKILL');
  }
  started = [];
  rmSync(folder, { recursive: true, force: true });
});

/** A process that does nothing until it is ended. */
function idler(): { readonly pid: number; readonly ended: Promise<unknown> } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { detached: true });
  started.push(child);
  return { pid: child.pid ?? 0, ended: new Promise((resolve) => child.once('exit', resolve)) };
}

test('what an earlier sandbox left is ended', async () => {
  const { pid, ended } = idler();
  const list = join(folder, 'pids.json');
  writePidList(list, [{ name: 'idler', pid, startedAt: startOf(pid) ?? '' }]);
  expect(await killListed(list)).toEqual(['idler']);
  await ended;
  expect(startOf(pid)).toBeUndefined();
});

test('a pid that has been given to another process since is left alone', async () => {
  const { pid } = idler();
  const list = join(folder, 'pids.json');
  writePidList(list, [{ name: 'somebody', pid, startedAt: '1' }]);
  expect(await killListed(list)).toEqual([]);
  expect(startOf(pid)).toBeDefined();
});

test('a list that is missing or damaged names nobody', () => {
  expect(readPidList(join(folder, 'none.json'))).toEqual([]);
  writePidList(join(folder, 'odd.json'), JSON.parse('[{"pid":1},7,null]'));
  expect(readPidList(join(folder, 'odd.json'))).toEqual([]);
});

test('a supervisor lists what runs, and leaves nothing behind', async () => {
  const list = join(folder, 'pids.json');
  const supervisor = openSupervisor(list);
  const argv = [process.execPath, '-e', 'setInterval(() => {}, 1e6)'];
  const child = supervisor.start({ name: 'idler', argv, logFile: join(folder, 'idler.log') });
  expect(readPidList(list).map(({ name }) => name)).toEqual(['idler']);
  await supervisor.stopAll();
  expect(startOf(child.pid)).toBeUndefined();
  expect(readPidList(list)).toEqual([]);
  expect(() => supervisor.start({ name: 'late', argv, logFile: join(folder, 'late.log') })).toThrow(/ending/);
});

test('a program that cannot be started says so, with the place of its output', async () => {
  const supervisor = openSupervisor(join(folder, 'pids.json'));
  const child = supervisor.start({
    name: 'nothing',
    argv: [join(folder, 'no-such-program')],
    logFile: join(folder, 'nothing.log'),
  });
  expect(await child.ended).toMatch(/nothing could not be started: .*ENOENT.*nothing\.log/);
  await supervisor.stopAll();
});
