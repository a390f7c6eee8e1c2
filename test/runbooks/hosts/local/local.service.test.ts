import { existsSync, readFileSync, watch } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { runLocally } from '../../../../src/runbooks/hosts/local/local.ts';

const node = (script: string): readonly string[] => [process.execPath, '-e', script];

/** Waits for a process to be gone, which the kernel tells at its own pace. */
async function isGone(pid: number): Promise<boolean> {
  const untilMs = performance.now() + 5_000;
  while (performance.now() < untilMs) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return false;
}

/** Waits until somebody has written that many pids. Reads at once whenever something changes: no change can be missed. */
function pidsIn(file: string, count: number): Promise<readonly number[]> {
  return new Promise((resolve) => {
    const watcher = watch(dirname(file), () => {
      const pids = existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ').map(Number) : [];
      if (pids.length < count) {
        return;
      }
      watcher.close();
      resolve(pids);
    });
  });
}

describe('a command on this machine', () => {
  test('that ends well gives its output, both streams', async () => {
    const answer = await runLocally(node('console.log("out"); console.error("err")'), { timeoutMs: 10_000 });
    expect(answer).toMatchObject({ kind: 'done', exitCode: 0 });
    expect(answer).toHaveProperty('output', expect.stringContaining('out\n'));
    expect(answer).toHaveProperty('output', expect.stringContaining('err\n'));
  });

  test('that fails gives its exit code and what it said', async () => {
    const answer = await runLocally(node('console.error("no such unit"); process.exit(5)'), {
      timeoutMs: 10_000,
    });
    expect(answer).toEqual({ kind: 'failed', exitCode: 5, output: 'no such unit\n' });
  });

  test('that is not there was never started', async () => {
    const answer = await runLocally(['no-such-program-anywhere', 'x'], { timeoutMs: 10_000 });
    expect(answer).toEqual({
      kind: 'not-started',
      because: 'no-such-program-anywhere could not be started: there is no such program',
    });
    expect((await runLocally(['/etc/passwd'], { timeoutMs: 10_000 })).kind).toBe('not-started');
    expect((await runLocally([], { timeoutMs: 10_000 })).kind).toBe('not-started');
  });

  test.each([
    ['with an argument that the kernel finds too long', ['true', 'x'.repeat(200_000)]],
    ['with a NUL in it', ['true', 'a\0b']],
    ['without a program', ['']],
  ])('%s was never started', async (_what, argv) => {
    expect(await runLocally(argv, { timeoutMs: 5_000 })).toMatchObject({ kind: 'not-started' });
  });

  test('gets its arguments as they are: no shell reads them', async () => {
    const strange = ['$(echo x)', '; echo y', '*', 'a b', '"'];
    const answer = await runLocally(
      [...node('console.log(JSON.stringify(process.argv.slice(1)))'), '--', ...strange],
      { timeoutMs: 10_000 },
    );
    expect(answer).toHaveProperty('output', `${JSON.stringify(strange)}\n`);
  });

  test('does not get the environment of the bot', async () => {
    vi.stubEnv('SLACK_BOT_TOKEN', 'xoxb-secret');
    try {
      const answer = await runLocally(node('console.log(Object.keys(process.env).sort().join())'), {
        timeoutMs: 10_000,
      });
      expect(answer).toHaveProperty('output', 'HOME,LANG,PATH\n');
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('that takes too long is stopped, and what it did is unknown', async () => {
    const answer = await runLocally(node('setInterval(() => {}, 1000)'), { timeoutMs: 300 });
    expect(answer).toMatchObject({ kind: 'unknown', because: expect.stringContaining('within 300 ms') });
  });

  test('that ignores the request to end is ended, with everything it started', async () => {
    // The command and its child both ignore SIGTERM; the abort comes once both are known to do so.
    const child = 'process.on("SIGTERM",()=>{});setInterval(()=>{},1000);console.log(process.pid)';
    const parent = `process.on("SIGTERM",()=>{});
      const {spawn} = require("node:child_process");
      const c = spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: ["ignore", "pipe", "inherit"] });
      c.stdout.on("data", (pid) => { require("node:fs").writeFileSync(process.argv[1], process.pid + " " + pid); });`;
    const folder = await mkdtemp(join(tmpdir(), 'group-'));
    const file = join(folder, 'pids');
    const stopping = new AbortController();
    const written = pidsIn(file, 2);
    const running = runLocally([...node(parent), file], { timeoutMs: 60_000, signal: stopping.signal });
    const pids = await written;
    stopping.abort();
    expect(await running).toMatchObject({
      kind: 'unknown',
      because: expect.stringContaining('was cancelled while it ran'),
    });
    for (const pid of pids) {
      expect(await isGone(pid)).toBe(true);
    }
    await rm(folder, { recursive: true });
  }, 20_000);

  test('that is ended by somebody else is unknown', async () => {
    const answer = await runLocally(node('process.kill(process.pid, "SIGKILL")'), { timeoutMs: 10_000 });
    expect(answer).toMatchObject({ kind: 'unknown', because: expect.stringContaining('SIGKILL') });
  });

  test('that was cancelled before it started is not started', async () => {
    const answer = await runLocally(node(''), { timeoutMs: 10_000, signal: AbortSignal.abort() });
    expect(answer.kind).toBe('not-started');
  });

  test('may leave a daemon behind that holds its output open', async () => {
    const answer = await runLocally(
      node(`const {spawn} = require("node:child_process");
        const c = spawn(process.execPath, ["-e", "setTimeout(()=>{}, 60000)"], { stdio: "inherit", detached: true });
        c.unref(); console.log(c.pid);`),
      { timeoutMs: 30_000 },
    );
    expect(answer.kind).toBe('done');
    const pid = Number('output' in answer ? answer.output : '');
    expect(process.kill(pid, 0), 'the daemon lives').toBe(true);
    process.kill(pid, 'SIGKILL');
    expect(await isGone(pid)).toBe(true);
  }, 20_000);

  test('may say more than is kept: the end is kept', async () => {
    const answer = await runLocally(
      node('process.stdout.write("x".repeat(1_000_000) + "the reason", () => process.exit(3))'),
      { timeoutMs: 10_000 },
    );
    if (answer.kind !== 'failed') {
      throw new Error(`it ended with ${answer.kind}`);
    }
    expect(Buffer.byteLength(answer.output)).toBeLessThanOrEqual(64 * 1024 + 8);
    expect(answer.output.startsWith('… x')).toBe(true);
    expect(answer.output.endsWith('the reason')).toBe(true);
  });
});
