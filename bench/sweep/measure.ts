import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What one run of one contender cost. */
export interface Cost {
  readonly wallMs: number;
  /** Processor time (user and system) of the broker from the first request to the last answer. */
  readonly brokerCpuMs: number;
  /** Of that, what it would not have spent anyway. */
  readonly brokerExtraCpuMs: number;
  /** Only of our own sweeps. */
  readonly bytes?: number;
  readonly ownCpuMs?: number;
}

/** Linux counts processor time in hundredths of a second, whatever the kernel's own tick is. */
const MS_PER_TICK = 10;

/** User and system time of a process so far. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The program's name may hold spaces; the numbers come after its closing bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** Milliseconds that a process's main thread was ready to run so far and had to wait for a processor. */
export function waitedMs(pid: number): number {
  const [, waitedNs = '0'] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
  return Number(waitedNs) / 1e6;
}

/** What the broker spends in a second while nobody asks it anything. */
export async function idleCpuPerSecond(pid: number, seconds: number): Promise<number> {
  const before = cpuMs(pid);
  await sleep(seconds * 1_000);
  return (cpuMs(pid) - before) / seconds;
}

/** Runs one contender once. */
export async function costOf(pid: number, idlePerSecond: number, run: () => Promise<unknown>): Promise<Cost> {
  const cpuBefore = cpuMs(pid);
  const ownBefore = process.cpuUsage();
  const beganMs = performance.now();
  await run();
  const wallMs = performance.now() - beganMs;
  const own = process.cpuUsage(ownBefore);
  const brokerCpuMs = cpuMs(pid) - cpuBefore;
  const brokerExtraCpuMs = Math.max(0, brokerCpuMs - (idlePerSecond * wallMs) / 1_000);
  return { wallMs, brokerCpuMs, brokerExtraCpuMs, ownCpuMs: (own.user + own.system) / 1_000 };
}

/** Counts what passes over this process's sockets, both ways, without touching the code that is measured. */
export function countBytes(): { total(): number; stop(): void } {
  const sockets = new Set<Socket>();
  const added = (message: unknown): void => {
    if (typeof message !== 'object' || message === null || !('socket' in message)) {
      return;
    }
    if (message.socket instanceof Socket) {
      sockets.add(message.socket);
    }
  };
  subscribe('net.client.socket', added);
  return {
    total: () => [...sockets].reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0),
    stop: () => unsubscribe('net.client.socket', added),
  };
}

/** The most memory that this process held while `work` ran. The kernel keeps the mark: to look often would take time of its own. */
export async function peakMemory<T>(
  work: () => Promise<T>,
): Promise<{ readonly peakBytes: number; readonly value: T }> {
  // 5 sets the mark back to what is held now (proc_pid_clear_refs(5)).
  writeFileSync('/proc/self/clear_refs', '5');
  const value = await work();
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return { peakBytes: Number(kilobytes) * 1_024, value };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle) - 1] ?? Number.NaN)) / 2;
}
