import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inheritedEnvironment } from './environment.ts';
import { writePidList } from './pid-list.ts';
import { kill, type ProcessIdentity, startOf } from './process-identity.ts';

/** A program to run. */
export interface ChildSpec {
  readonly name: string;
  /** Program and arguments. */
  readonly argv: readonly string[];
  /** Added to the few variables that every child gets. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Standard output and error are added to this file. */
  readonly logFile: string;
  /** Open a message channel to it. @default false */
  readonly talks?: boolean;
}

/** A running program. */
export interface Child extends ProcessIdentity {
  /** Resolves with a sentence when it has ended. */
  readonly ended: Promise<string>;
  readonly hasEnded: () => boolean;
  signal(signal: NodeJS.Signals): void;
  /** Sends the signal, and SIGKILL when it has not ended after the grace. */
  stop(signal: NodeJS.Signals, graceMs: number): Promise<void>;
  send(message: object): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** Owns every process that the sandbox starts. */
export interface Supervisor {
  start(spec: ChildSpec): Child;
  /** Everything that runs now. */
  running(): readonly Child[];
  /** Called after every start and every end. */
  onChange(listener: () => void): void;
  /** Ends everything, newest first. Nothing can be started afterwards. */
  stopAll(): Promise<void>;
}

/** A supervisor with its guard: when this process dies in whatever way, the guard ends what is on the list. */
export function openSupervisor(pidList: string): Supervisor {
  const running = new Set<Child>();
  const listeners: (() => void)[] = [];
  let isClosed = false;
  const changed = (): void => {
    writePidList(
      pidList,
      [...running].map(({ name, pid, startedAt }) => ({ name, pid, startedAt })),
    );
    for (const listener of listeners) {
      listener();
    }
  };
  changed();
  const guard = startGuard(pidList);

  return {
    start(spec) {
      if (isClosed) {
        throw new Error(`${spec.name} is not started: the sandbox is ending`);
      }
      const child = startChild(spec);
      running.add(child);
      changed();
      void child.ended.then(() => {
        running.delete(child);
        changed();
      });
      return child;
    },
    running: () => [...running],
    onChange: (listener) => {
      listeners.push(listener);
    },
    async stopAll() {
      isClosed = true;
      // Whatever they hold is thrown away with the folder, so there is nothing to shut down in good order.
      for (const child of [...running].toReversed()) {
        child.signal('SIGKILL');
      }
      await Promise.all([...running].map(({ ended }) => ended));
      guard.stdin?.end();
      await new Promise((done) => (guard.exitCode === null ? guard.once('exit', done) : done(undefined)));
    },
  };
}

function startGuard(pidList: string): ChildProcess {
  const script = fileURLToPath(new URL('./guard.ts', import.meta.url));
  const guard = spawn(process.execPath, ['--import', 'tsx', script, pidList], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // A session of its own: Ctrl-C and a closed terminal must not reach it.
    detached: true,
    env: inheritedEnvironment,
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  });
  guard.stdin?.on('error', () => undefined);
  return guard;
}

function startChild(spec: ChildSpec): Child {
  const [program = '', ...args] = spec.argv;
  mkdirSync(dirname(spec.logFile), { recursive: true });
  const log = openSync(spec.logFile, 'a');
  const child = spawn(program, args, {
    stdio: ['ignore', log, log, ...(spec.talks === true ? (['ipc'] as const) : [])],
    // Its own process group: Ctrl-C is for us, and we end the children in our own order.
    detached: true,
    env: { ...inheritedEnvironment, ...spec.env },
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
  });
  closeSync(log);
  let hasEnded = false;
  const ended = new Promise<string>((resolve) => {
    const end = (how: string): void => {
      hasEnded = true;
      resolve(`${spec.name} ${how}. Its output is in ${spec.logFile}${lastLines(spec.logFile)}`);
    };
    child.once('error', (error) => end(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      end(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
    );
  });
  const pid = child.pid ?? 0;
  const identity: ProcessIdentity = { name: spec.name, pid, startedAt: startOf(pid) ?? '' };
  const signal = (name: NodeJS.Signals): void => {
    kill(identity, name);
  };
  return {
    ...identity,
    ended,
    hasEnded: () => hasEnded,
    signal,
    async stop(name, graceMs) {
      signal(name);
      const timer = setTimeout(() => signal('SIGKILL'), graceMs);
      await ended;
      clearTimeout(timer);
    },
    send: (message) => {
      if (child.connected) {
        child.send(message);
      }
    },
    onMessage: (listener) => {
      child.on('message', listener);
    },
  };
}

/** The end of a log, for the reason why a program ended. */
function lastLines(path: string): string {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-LINES_TOLD);
  return lines.join('') === '' ? '' : `, which ends with:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

const LINES_TOLD = 8;
