import type { ClientChannel } from 'ssh2';
import { definite } from '../../../rpc/index.ts';
import type { HostAnswer } from '../common/host.ts';
import { tailOf } from '../common/tail.ts';
import type { SshLink } from './connect.ts';

/** After the exit: a daemon that the command left behind may hold its output open for ever. */
const DRAIN_MS = 500;

/** A command that asks a question must fail, not wait. Our end stays open: a signal can no longer be sent behind its end. */
const NO_INPUT = ' </dev/null';

export interface CommandLimits {
  /** Output kept, bytes; the end of it. */
  readonly outputBytes: number;
  /** `split` keeps what it says about errors apart, and gives it only when it fails. */
  readonly streams: 'joined' | 'split';
  /** Aborted with the reason as a clause when the caller no longer waits. */
  readonly over: AbortSignal;
}

/** Runs one line over a connection, without input, terminal or environment. Never rejects. */
export function runCommand(
  link: SshLink,
  line: string,
  program: string,
  { outputBytes, streams, over }: CommandLimits,
): Promise<HostAnswer> {
  if (over.aborted) {
    return Promise.resolve(notStarted(`${over.reason} before it started`));
  }
  return new Promise((resolve) => {
    const output = tailOf(outputBytes);
    const complaints = streams === 'joined' ? output : tailOf(outputBytes);
    let channel: ClientChannel | undefined;
    let exit: Exit | undefined;
    let drainTimer: NodeJS.Timeout | undefined;
    let isSettled = false;

    const settle = (answer: HostAnswer): void => {
      if (isSettled) {
        return;
      }
      isSettled = true;
      clearTimeout(drainTimer);
      over.removeEventListener('abort', giveUp);
      forget();
      channel?.close();
      resolve(answer);
    };
    const giveUp = (): void => {
      // A request, no more: it may run on at the other end, and so the outcome is unknown.
      channel?.signal('TERM');
      settle({ kind: 'unknown', because: `${over.reason}; ${program} may still be running` });
    };
    const ended = (): void =>
      settle(
        endOf(program, exit, {
          lost: link.lost(),
          needsAll: streams === 'split',
          output: output.text(),
          complaints: complaints.text(),
        }),
      );

    if (link.lost() !== undefined) {
      return resolve(notStarted(`${link.lost()} before ${program} was requested`));
    }
    over.addEventListener('abort', giveUp, { once: true });
    const forget = link.onLost(ended);
    link.client.exec(`${line}${NO_INPUT}`, (error, opened) => {
      if (error) {
        return settle(answerToRefusal(link, program, error));
      }
      // Came too late: the caller has been told that it is unknown.
      if (isSettled) {
        return opened.close();
      }
      channel = opened;
      opened.on('data', output.add);
      opened.stderr.on('data', complaints.add);
      opened.on('exit', (code: number | null, signal?: string) => {
        exit = { code, ...definite({ signal }) };
        // A file is read to its end, however slow the line.
        if (streams === 'joined') {
          drainTimer = setTimeout(ended, DRAIN_MS);
        }
      });
      return opened.once('close', ended);
    });
  });
}

interface Exit {
  readonly code: number | null;
  readonly signal?: string;
}

function endOf(
  program: string,
  exit: Exit | undefined,
  said: {
    readonly lost: string | undefined;
    readonly needsAll: boolean;
    readonly output: string;
    readonly complaints: string;
  },
): HostAnswer {
  const { lost, needsAll, output, complaints } = said;
  // Half a file that looks like a whole one would be worse than none.
  if (exit === undefined || (needsAll && lost !== undefined)) {
    return { kind: 'unknown', because: `${lost ?? 'the channel was closed'} while ${program} ran` };
  }
  if (exit.code === null) {
    return { kind: 'unknown', because: `${program} was ended by ${exit.signal ?? 'a signal'}` };
  }
  return exit.code === 0
    ? { kind: 'done', exitCode: 0, output }
    : { kind: 'failed', exitCode: exit.code, output: complaints };
}

/** The server's own no is sure. Anything else leaves open whether the request arrived before the channel or the connection broke. */
function answerToRefusal(link: SshLink, program: string, error: Error): HostAnswer {
  if (link.saysNo()) {
    return notStarted(`the host refused to run ${program}: ${error.message}`);
  }
  const what = link.lost() ?? 'the channel was closed';
  return { kind: 'unknown', because: `${what} while ${program} was being started` };
}

const notStarted = (because: string): HostAnswer => ({ kind: 'not-started', because });
