import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inheritedEnvironment } from '../../sandbox/environment.ts';
import { projectFolder } from '../../sandbox/layout.ts';
import type { SandboxReport } from '../../sandbox/report.ts';
import { removeFolder } from './remove-folder.ts';

/** What a program said, and how it ended. */
export interface Ran {
  readonly exitCode: number;
  readonly output: string;
}

/** One line of the sandbox's log of what the bot had it do. */
export interface OperationEntry {
  readonly startedAt: string;
  readonly endedAt: string;
  readonly operation: string;
  readonly node?: string;
  readonly service?: string;
  readonly ok: boolean;
  readonly text: string;
}

/** A sandbox of a test's own, started as a user starts it. */
export interface TestSandbox {
  /** What `sandbox.json` says now. */
  report(): SandboxReport;
  /** `npm run sandbox -- <words>` from a second terminal. */
  say(...words: string[]): Promise<Ran>;
  /** `rabbitmqctl` against one node. */
  ctl(node: string, ...args: string[]): Promise<Ran>;
  /** By RabbitMQ's own command, asked of every node: all run together and none lists a partition. */
  isWhole(): Promise<boolean>;
  /** The bot's own command line, against this sandbox's configuration. */
  watership(...words: string[]): Promise<Ran>;
  /** What the bot had the sandbox do, oldest first. */
  operations(): readonly OperationEntry[];
  /** Pids of what runs under this name. */
  pids(name: string): readonly number[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a sandbox in a folder of its own, with its bot unless told otherwise, and waits for READY. The signal ends it. */
export async function openSandbox(
  options: { readonly withoutBot?: boolean; readonly signal?: AbortSignal } = {},
): Promise<TestSandbox> {
  const folder = mkdtempSync(join(tmpdir(), 'watership-sandbox-'));
  const main = join(projectFolder, 'sandbox', 'main.ts');
  const start = ['--import', 'tsx', main, '--dir', folder];
  const without = options.withoutBot === true ? ['start', '--without-bot'] : [];
  const child = spawn(process.execPath, [...start, ...without], {
    cwd: projectFolder,
    // Its channel to us: when the tests die in whatever way, it ends.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: inheritedEnvironment,
  });
  options.signal?.addEventListener('abort', () => child.kill('SIGTERM'));
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) {
        continue;
      }
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        if (line === 'READY') {
          resolve();
        }
      });
    }
    child.once('exit', (code) => reject(new Error(`The sandbox ended with ${code}:\n${said.join('\n')}`)));
  }).catch((error: unknown) => {
    removeFolder(folder);
    throw error;
  });

  const report = (): SandboxReport =>
    // Our own program's file, written as a whole.
    JSON.parse(readFileSync(join(folder, 'sandbox.json'), 'utf8')) as SandboxReport;
  const nodes = () => report().clusters.flatMap((cluster) => cluster.nodes);
  const ctl = (name: string, ...args: string[]): Promise<Ran> => {
    const node = nodes().find((candidate) => candidate.name.startsWith(`${name}@`));
    if (node === undefined) {
      throw new Error(`No node ${name}`);
    }
    return run([...node.ctl.argv, ...args], node.ctl.env);
  };
  return {
    report,
    ctl,
    say: (...words) => run([process.execPath, ...start, ...words], {}),
    watership: (...words) => {
      const bot = join(projectFolder, 'src', 'bot', 'main.ts');
      return run([process.execPath, '--import', 'tsx', bot, ...words, '--config', report().config], {});
    },
    async isWhole() {
      const names = nodes().map(({ name }) => name);
      const views = await Promise.all(
        names.map((name) => ctl(name.split('@')[0] ?? name, '-q', 'cluster_status', '--formatter', 'json')),
      );
      return views.every(({ exitCode, output }) => exitCode === 0 && sees(output, names));
    },
    operations() {
      const log = report().operationsLog;
      if (!existsSync(log)) {
        return [];
      }
      const lines = readFileSync(log, 'utf8').split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line) as OperationEntry);
    },
    pids: (name) =>
      report()
        .processes.filter((process) => process.name === name)
        .map(({ pid }) => pid),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await ended;
      }
      removeFolder(folder);
    },
  };
}

function sees(clusterStatus: string, names: readonly string[]): boolean {
  const status = JSON.parse(clusterStatus) as {
    readonly running_nodes: readonly string[];
    readonly partitions: Readonly<Record<string, unknown>>;
  };
  return (
    names.every((name) => status.running_nodes.includes(name)) && Object.keys(status.partitions).length === 0
  );
}

function run(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { cwd: projectFolder, env: { ...inheritedEnvironment, ...env }, timeout: 120_000 },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ exitCode, output: `${stdout}${stderr}` });
      },
    );
  });
}
