import { span } from '../../wording/words.ts';
import type { HostAnswer } from '../common/host.ts';
import type { ProgramsFound, Reach } from '../common/reach.ts';
import { type CommandLimits, runCommand } from './command.ts';
import type { Connections, Leased } from './connections.ts';
import { shellLine } from './shell-line.ts';

/** Output kept of a command, bytes; the end of it, because the reason of a failure stands last. */
const OUTPUT_BYTES = 64 * 1024;
/** A configuration file is small; anything larger is a mistake in the path. */
const FILE_BYTES = 1024 * 1024;

/** Runs commands on one host over SSH. */
export function reachOverSsh(connections: Connections, host: string): Reach {
  /** Until the command is asked for, nothing was started; from then on it may have been. */
  const run = async (
    line: string,
    program: string,
    limits: { readonly timeoutMs: number; readonly signal?: AbortSignal },
    output: Pick<CommandLimits, 'outputBytes' | 'streams'>,
  ): Promise<HostAnswer> => {
    if (limits.signal?.aborted) {
      return notStarted('it was cancelled before it started');
    }
    const { signal: over, done } = endOf(limits);
    try {
      const leased = await unlessOver(connections.lease(host), over);
      if (leased.kind === 'refused') {
        return notStarted(leased.because);
      }
      const answer = await runCommand(leased.link, line, program, { ...output, over });
      // A host that does not answer in time may be half dead: the next command dials anew.
      leased.giveBack(over.aborted ? 'broken' : undefined);
      return answer;
    } finally {
      done();
    }
  };
  const runArgv = async (
    argv: readonly string[],
    limits: Parameters<Reach['run']>[1],
    output: Parameters<typeof run>[3],
  ): Promise<HostAnswer> => {
    const quoted = shellLine(argv);
    if (quoted.kind === 'refused') {
      return notStarted(quoted.because);
    }
    // In the place of the shell: so its end by a signal is told as that, and not as an exit code.
    return await run(`exec ${quoted.line}`, argv[0] ?? '', limits, output);
  };
  return {
    run: async (argv, limits) =>
      await runArgv(argv, limits, { outputBytes: OUTPUT_BYTES, streams: 'joined' }),
    readFile: async (path, limits) => {
      // One byte more than is allowed, and the other end stops by itself.
      const answer = await runArgv(['head', '-c', String(FILE_BYTES + 1), '--', path], limits, {
        outputBytes: FILE_BYTES + 1,
        streams: 'split',
      });
      const isTooLarge = answer.kind === 'done' && Buffer.byteLength(answer.output) > FILE_BYTES;
      return isTooLarge
        ? { kind: 'failed', exitCode: 1, output: `${path} is larger than ${FILE_BYTES} bytes` }
        : answer;
    },
    find: async (programs, limits) => {
      const missing: string[] = [];
      const reached = await run(':', ':', limits, { outputBytes: OUTPUT_BYTES, streams: 'joined' });
      if (reached.kind !== 'done') {
        return { kind: 'unseen', because: tellUnusable(reached) };
      }
      for (const { program, isPrivileged } of programs) {
        const quoted = shellLine(['command', '-v', program]);
        if (quoted.kind === 'refused') {
          return { kind: 'unseen', because: quoted.because };
        }
        const line = isPrivileged ? `${ROOT_PATH}; ${quoted.line}` : quoted.line;
        const found = foundBy(
          await run(line, 'command -v', limits, { outputBytes: OUTPUT_BYTES, streams: 'joined' }),
        );
        if (found === undefined) {
          missing.push(program);
        } else if (found !== 'there') {
          return found;
        }
      }
      return { kind: 'looked', missing };
    },
  };
}

/** Where `sudo` looks: an ordinary user's path lacks the folders of the system's programs. */
const ROOT_PATH = 'PATH="$PATH":/usr/local/sbin:/usr/sbin:/sbin';

/** `:` does nothing, in every shell that reads our quoting. */
const tellUnusable = (answer: Exclude<HostAnswer, { kind: 'done' }>): string =>
  answer.kind === 'failed'
    ? `the login works, but the host runs no command (exit code ${answer.exitCode}): ${answer.output.trim().slice(-200)}`
    : answer.because;

function foundBy(answer: HostAnswer): ProgramsFound | 'there' | undefined {
  switch (answer.kind) {
    case 'done':
      return 'there';
    case 'failed':
      return undefined;
    case 'unknown':
    case 'not-started':
      return { kind: 'unseen', because: answer.because };
  }
}

const notStarted = (because: string): HostAnswer => ({ kind: 'not-started', because });

/** Signal that joins both limits, with the reason as a clause. */
function endOf({ timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal }) {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(`the time limit of ${span(timeoutMs)} ran out`), timeoutMs);
  const onAbort = (): void => over.abort('the request was cancelled');
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: over.signal,
    done: (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

/** The connection is shared: one who gives up leaves it to the others, and hands back what comes too late. */
function unlessOver(leasing: Promise<Leased>, over: AbortSignal): Promise<Leased> {
  return new Promise((resolve) => {
    const giveUp = (): void =>
      resolve({
        kind: 'refused',
        because: `${over.reason} before the connection to the host was ready`,
      });
    over.addEventListener('abort', giveUp, { once: true });
    void leasing.then((leased) => {
      over.removeEventListener('abort', giveUp);
      if (over.aborted && leased.kind === 'leased') {
        leased.giveBack();
      }
      resolve(leased);
    });
  });
}
