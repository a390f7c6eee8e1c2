import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { holdAlone } from '../../../../src/runbooks/hosts/agent/sole-holder.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
});
afterEach(async () => await rm(folder, { recursive: true }));

const taken = 'one agent at a time';

async function taker(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'lock-taker.ts'), { execArgv: ['--import', 'tsx'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

async function ask(child: ChildProcess, path: string): Promise<unknown> {
  const answered = once(child, 'message');
  child.send(path);
  return (await answered)[0];
}

describe('a lock', () => {
  test('is never held by two, also when several take over from a dead one at the same moment', async () => {
    const takers = await Promise.all([taker(), taker(), taker()]);
    for (let round = 0; round < 100; round += 1) {
      const path = join(folder, `${round}`, 'lock');
      await mkdir(join(folder, `${round}`));
      await writeFile(path, '');
      const said = await Promise.all(takers.map((child) => ask(child, path)));
      const others = said.filter((each) => each !== 'holds it');
      expect(others.length).toBeGreaterThanOrEqual(takers.length - 1);
      for (const each of others) {
        expect(each).toContain(taken);
      }
    }
  });

  test('of a killed process is free, and that of a stopped one is not', async () => {
    const [one, other] = await Promise.all([taker(), taker()]);
    const path = join(folder, 'lock');
    expect(await ask(one, path)).toBe('holds it');
    one.kill('SIGSTOP');
    expect(await ask(other, path)).toContain(taken);
    const ended = once(one, 'exit');
    one.kill('SIGKILL');
    await ended;
    expect(await ask(other, path)).toBe('holds it');
  });

  test('leaves nothing behind when it is given back, or was refused', async () => {
    const path = join(folder, 'lock');
    const { release } = await holdAlone(path);
    await expect(holdAlone(path)).rejects.toThrow(taken);
    expect(await readdir(folder)).toHaveLength(1);
    await release();
    expect(await readdir(folder)).toEqual([]);
  });

  test('whose path the kernel would cut off is refused', async () => {
    await expect(holdAlone(join(folder, 'x'.repeat(100), 'lock'))).rejects.toThrow('choose a shorter folder');
  });
});
