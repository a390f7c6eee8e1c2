import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { projectFolder } from '../../../sandbox/layout.ts';
import { configFile } from './run-program.ts';

/** The program as it is installed: built, beside its manifest and its dependencies. */
let installed: string;

beforeAll(() => {
  installed = mkdtempSync(join(tmpdir(), 'watership-loads-'));
  const tsc = join(projectFolder, 'node_modules/.bin/tsc');
  const argv = ['-p', 'tsconfig.build.json', '--outDir', join(installed, 'dist')];
  const { status, stdout } = spawnSync(tsc, argv, { cwd: projectFolder, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(stdout);
  }
  for (const name of ['package.json', 'node_modules']) {
    symlinkSync(join(projectFolder, name), join(installed, name));
  }
}, 120_000);
afterAll(() => rmSync(installed, { recursive: true, force: true }));

const { origin, username, password } = new URL(inject('managementUrl'));

/** Runs a command in a process of its own, and answers with the packages that it loaded and with the names of our own files. */
async function loadedBy(...argv: readonly string[]) {
  const record = join(installed, 'loaded');
  rmSync(record, { force: true });
  const hook = join(import.meta.dirname, '../../support/record-loaded.mjs');
  const child = spawn(process.execPath, ['--import', hook, join(installed, 'dist/bot/main.js'), ...argv], {
    env: { LOADED_MODULES: record, BOT: 'xoxb-b', APP: 'xapp-a', RABBIT: password },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
  }
  const [exitCode] = await once(child, 'close');
  const modules = readFileSync(record, 'utf8').trimEnd().split('\n');
  // Without it the program was ended, and what it required is not on the list.
  expect(modules.pop()).toBe('whole');
  const packages = modules.flatMap((path) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  const own = modules.filter((path) => path.includes(`${installed}/dist/`)).map((path) => basename(path));
  return { exitCode, out, packages: [...new Set(packages)].toSorted(), own: own.toSorted() };
}

const own = [
  'command-tree.js',
  'console.js',
  'environment.js',
  'exit-codes.js',
  'main.js',
  'program.js',
  'redact.js',
  'searched.js',
  'version.js',
];

/** What a command that looks once has no need of. */
const heavy = /^(@slack\/.*|bullmq|ssh2|pino|undici)$/;

describe('the command line', () => {
  test.each([
    ['--version', /^\d+\.\d+\.\d+/],
    ['--help', /^Usage: watership/],
    ['sweep --help', /^Usage: watership sweep/],
    ['start --help', /^Usage: watership start/],
    ['swep', /Did you mean sweep\?/],
  ])('answers `watership %s` with the library of options and nine files of its own', async (line, said) => {
    const loaded = await loadedBy(...line.split(' '));
    expect(loaded.out).toMatch(said);
    expect(loaded.packages).toEqual(['commander']);
    expect(loaded.own).toEqual(own);
  });

  test.each([
    ['runbooks', /^link-down/m, ['amqplib', 'commander', 'zod']],
    ['runbooks --markdown', /^# Runbooks/, ['amqplib', 'commander', 'zod']],
    ['schema', /"\$schema"/, ['amqplib', 'commander', 'croner', 'zod']],
  ])('loads for `watership %s` only what checks and what speaks AMQP', async (line, said, packages) => {
    const loaded = await loadedBy(...line.split(' '));
    expect(loaded.out).toMatch(said);
    expect(loaded.packages).toEqual(packages);
  });

  test('loads for a sweep neither Slack nor the queue of jobs nor SSH, also where hosts are reached by SSH', async () => {
    const config = configFile(`slack: { botToken: \${BOT}, appToken: \${APP}, channel: C0ALERTS }
redis: { url: "${inject('redisUrl')}" }
people: { approvers: [U0ALICE] }
hosts:
  server-1: { via: ssh, preset: systemd, address: 127.0.0.1, user: ops, agent: /run/agent.sock }
clusters:
  - name: house
    username: ${username}
    password: \${RABBIT}
    nodes: [ { name: rabbit@localhost, management: "${origin}", amqp: "amqp://127.0.0.1:1", epmd: false } ]
`);
    const loaded = await loadedBy('sweep', '--config', config);
    expect(loaded.out).toMatch(/^house: 1 of 1 nodes answered/);
    // They are on the list: it is not short because something was not recorded.
    expect(loaded.packages).toEqual(expect.arrayContaining(['axios', 'ioredis', 'yaml', 'zod']));
    expect(loaded.packages.filter((name) => heavy.test(name))).toEqual([]);
  });
});
