import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, open, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { openJournal } from '../../../src/runbooks/index.ts';

const root = resolve(import.meta.dirname, '../../..');

/** `watership agent` as a process of its own, with a harmless program for a service. */
export interface AgentProcess {
  readonly folder: string;
  /** How often the program was begun and ended, in order. */
  runs(): readonly string[];
  /** Starts it and waits until it listens. */
  start(): Promise<void>;
  /** Waits until the program of the service `slow` has begun. */
  begun(): Promise<void>;
  /** Lets the program of the service `slow` end. */
  release(): Promise<void>;
  /** Answers with its exit code, or the signal that it died of. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string | null>;
  /** Waits until this stands in its log. */
  says(text: string): Promise<void>;
  /** What it has written to its log so far. */
  log(): string;
  /** Lets go of a program that a killed agent left behind. */
  letGo(): Promise<void>;
}

/** The argv template of the program: it notes its beginning and its end, and waits in between for `slow`. */
export const templateOf = (folder: string): readonly string[] => [
  process.execPath,
  join(folder, 'service.mjs'),
  '{service}',
];

const program = (folder: string): string => `
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
const [, , service] = process.argv;
appendFileSync('${folder}/runs', \`begun \${service}\\n\`);
if (service === 'slow') {
  writeFileSync('${folder}/begun', 'x');
  readFileSync('${folder}/release');
}
appendFileSync('${folder}/runs', \`ended \${service}\\n\`);
console.log(\`restarted \${service}\`);
`;

/** Prepares everything in a folder; starts nothing. */
export async function agentIn(
  folder: string,
  options: {
    readonly host: string;
    readonly transportUrl: string;
    readonly key: string;
    readonly files: readonly string[];
  },
): Promise<AgentProcess> {
  const { host, transportUrl, key, files } = options;
  await writeFile(join(folder, 'service.mjs'), program(folder));
  await writeFile(join(folder, 'runs'), '');
  spawnSync('mkfifo', [join(folder, 'begun'), join(folder, 'release')]);
  await writeFile(join(folder, 'key'), `${key}\n`);
  await chmod(join(folder, 'key'), 0o644);
  await writeFile(join(folder, 'url'), transportUrl, { mode: 0o600 });
  const config = {
    host,
    transportUrl: `\${file:${folder}/url}`,
    keys: [`\${file:${folder}/key}`],
    preset: 'custom',
    operations: {
      'service.restart': templateOf(folder),
      'service.status': [process.execPath, '-p', '"active"'],
    },
    allow: { restart: ['quick', 'slow'], read: files },
    journal: { folder: join(folder, 'journal') },
  };
  await writeFile(join(folder, 'agent.yaml'), stringify(config));
  // A journal that has just begun refuses what was signed in the seconds around its beginning.
  const journal = await openJournal({ folder: config.journal.folder, now: () => Date.now() - 3_600_000 });
  await journal.close();

  let child: ChildProcess | undefined;
  let said = '';
  const heard = new EventEmitter();
  /** Resolves once the text stands in the log behind a place; rejects when the process ends before. */
  const says = (text: string, from = 0): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!said.slice(from).includes(text)) {
          return;
        }
        heard.off('more', look);
        resolve();
      };
      heard.on('more', look);
      child?.once('exit', () => reject(new Error(`the agent ended: ${said.slice(from)}`)));
      look();
    });

  return {
    folder,
    runs: () => readFileSync(join(folder, 'runs'), 'utf8').split('\n').filter(Boolean),
    async start() {
      const main = join(root, 'src/bot/main.ts');
      const args = ['--import', 'tsx', main, 'agent', '--config', join(folder, 'agent.yaml')];
      const from = said.length;
      const started = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
      const hear = (chunk: Buffer): void => {
        said += chunk.toString();
        heard.emit('more');
      };
      started.stdout.on('data', hear);
      started.stderr.on('data', hear);
      child = started;
      await says('The agent is ready', from);
    },
    begun: () => touch(join(folder, 'begun'), 'r'),
    release: () => touch(join(folder, 'release'), 'w'),
    async end(signal) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
        return null;
      }
      const ended = once(child, 'exit');
      child.kill(signal);
      const [code, by] = await ended;
      return code ?? by;
    },
    says: (text) => says(text),
    log: () => said,
    letGo: () => touch(join(folder, 'release'), 'r+'),
  };
}

/** Opening a pipe for one of both waits until the other side opens it too. */
async function touch(fifo: string, flags: 'r' | 'w' | 'r+'): Promise<void> {
  await using file = await open(fifo, flags);
  if (flags === 'r') {
    await file.readFile();
  } else {
    await file.writeFile('x');
  }
}
