import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { homedir } from 'node:os';
import type { Readable } from 'node:stream';
import { span } from '../../wording/words.ts';
import type { HostAnswer, HostLimits } from '../common/host.ts';
import { tailOf } from '../common/tail.ts';
import { searchedFolders } from './local-programs.ts';

/** Output kept of a command, bytes; the end of it, because the reason of a failure stands last. */
const OUTPUT_BYTES = 64 * 1024;
/** Between asking a command to end and ending it. */
const KILL_AFTER_MS = 2_000;
/** After the exit: a daemon that the command left behind may hold its output open for ever. */
const DRAIN_MS = 500;

/**
 * What a command gets as environment. The bot's own holds its secrets and stays with the bot.
 */
const environment = (): Readonly<Record<string, string>> => ({
  PATH: searchedFolders.join(':'),
  HOME: homedir(),
  LANG: 'C.UTF-8',
});

/** Runs a program on this machine: no shell, a process group of its own, bounded in time and output. Never rejects. */
export function runLocally(argv: readonly string[], limits: HostLimits): Promise<HostAnswer> {
  const [program, ...args] = argv;
  if (program === undefined) {
    return Promise.resolve({ kind: 'not-started', because: 'the command is empty' });
  }
  if (limits.signal?.aborted) {
    return Promise.resolve({ kind: 'not-started', because: 'it was cancelled before it started' });
  }
  return new Promise((resolve) => {
    const child = begin(program, args);
    if (child instanceof Error) {
      return resolve({ kind: 'not-started', because: `${program} could not be started: ${codeOf(child)}` });
    }
    const output = tailOf(OUTPUT_BYTES);
    child.stdout.on('data', output.add);
    child.stderr.on('data', output.add);

    let stopped: string | undefined;
    let killTimer: NodeJS.Timeout | undefined;
    let drainTimer: NodeJS.Timeout | undefined;
    const stop = (because: string): void => {
      if (stopped !== undefined) {
        return;
      }
      stopped = because;
      signalGroup(child, 'SIGTERM');
      killTimer = setTimeout(() => {
        signalGroup(child, 'SIGKILL');
        // A process stuck in the kernel outlives even this; we do not wait for it.
        drainTimer = setTimeout(() => settle({ kind: 'unknown', because }), DRAIN_MS);
      }, KILL_AFTER_MS);
    };
    const timer = setTimeout(
      () => stop(`${program} did not end within ${span(limits.timeoutMs)} and was stopped`),
      limits.timeoutMs,
    );
    const onAbort = (): void => stop(`${program} was cancelled while it ran`);
    limits.signal?.addEventListener('abort', onAbort, { once: true });

    const settle = (answer: HostAnswer): void => {
      clearTimeout(timer);
      clearTimeout(drainTimer);
      limits.signal?.removeEventListener('abort', onAbort);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(answer);
    };
    const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
      // The leader is gone, but what it started may have ignored the first request.
      if (stopped !== undefined) {
        signalGroup(child, 'SIGKILL');
      }
      clearTimeout(killTimer);
      settle(answerOf(program, stopped, code, signal, output.text()));
    };
    child.once('error', (error) => {
      if (child.pid === undefined) {
        settle({ kind: 'not-started', because: `${program} could not be started: ${codeOf(error)}` });
      }
    });
    child.once('exit', (code, signal) => {
      clearTimeout(drainTimer);
      drainTimer = setTimeout(() => ended(code, signal), DRAIN_MS);
      child.once('close', () => ended(code, signal));
    });
  });
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Most of what is wrong comes as an event, but not all: no memory, too long a command, a NUL in it. */
function begin(program: string, args: readonly string[]): Child | Error {
  try {
    return spawn(program, args, {
      shell: false,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment(),
      cwd: '/',
    });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function answerOf(
  program: string,
  stopped: string | undefined,
  code: number | null,
  signal: NodeJS.Signals | null,
  output: string,
): HostAnswer {
  if (stopped !== undefined) {
    return { kind: 'unknown', because: stopped };
  }
  if (code === null) {
    return { kind: 'unknown', because: `${program} was ended by ${signal ?? 'a signal'}` };
  }
  return code === 0 ? { kind: 'done', exitCode: 0, output } : { kind: 'failed', exitCode: code, output };
}

/** The whole group: a command's own children must not go on after it was given up. */
function signalGroup(child: Child, signal: NodeJS.Signals): void {
  if (child.pid === undefined) {
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // ESRCH: the group is already gone, which is what was wanted.
  }
}

const codeOf = (error: Error): string =>
  'code' in error && error.code === 'ENOENT' ? 'there is no such program' : error.message;
