import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process and when it began: a pid alone may have been given to somebody else since. */
export interface ProcessIdentity {
  readonly name: string;
  readonly pid: number;
  /** Clock ticks since boot on Linux, the date that `ps` prints elsewhere. */
  readonly startedAt: string;
}

/** When the process began, or undefined when there is no such process (a zombie counts as none). */
export function startOf(pid: number): string | undefined {
  try {
    return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
  } catch {
    return undefined;
  }
}

export function isAlive(process: ProcessIdentity): boolean {
  return startOf(process.pid) === process.startedAt;
}

/** Kills the process, and the group that it leads, if it is still the same process. True when a signal was sent. */
export function kill(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) {
    return false;
  }
  for (const target of [-identity.pid, identity.pid]) {
    try {
      process.kill(target, signal);
      return true;
    } catch {
      // Not the leader of a group, or gone in the meantime.
    }
  }
  return false;
}

function startFromProc(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return state === 'Z' || state === 'X' ? undefined : fields[19];
}

function startFromPs(pid: number): string | undefined {
  return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
}
