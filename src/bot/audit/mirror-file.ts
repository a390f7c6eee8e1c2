import { type FileHandle, open, stat } from 'node:fs/promises';
import type { AuditRecord } from '../record/link.ts';
import { lineOf, recordOfLine } from './mirror-line.ts';

/** An open mirror file: lines are only ever added, and each is on the disk before it counts as written. */
export interface MirrorFile {
  /** The last whole entry in it. */
  readonly last: AuditRecord | undefined;
  append(records: readonly AuditRecord[]): Promise<void>;
  /** False once the path leads to another file, or to none: it was rotated. */
  isInPlace(): Promise<boolean>;
  close(): Promise<void>;
}

/** Enough for the longest entry, several times. */
const TAIL_BYTES = 256 * 1_024;
const NEWLINE = 0x0a;

/** Opens it for adding, and makes it where there is none: for its owner alone. */
export async function openMirrorFile(path: string): Promise<MirrorFile> {
  const handle = await open(path, 'a+', 0o600);
  try {
    const { whole, torn } = await readTail(handle);
    // A line that only lacks its end is a line.
    const unended = recordOfLine(torn.toString('utf8'));
    return mirrorFile(path, handle, unended ?? whole, torn);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function mirrorFile(
  path: string,
  handle: FileHandle,
  last: AuditRecord | undefined,
  torn: Buffer,
): MirrorFile {
  let unfinished = torn;
  return {
    last,
    async append(records) {
      const bytes = Buffer.from(records.map((record) => `${lineOf(record)}\n`).join(''));
      await handle.appendFile(finish(unfinished, bytes));
      await handle.datasync();
      unfinished = Buffer.alloc(0);
    },
    async isInPlace() {
      const [own, there] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)]);
      return there !== undefined && there.ino === own.ino && there.dev === own.dev;
    },
    close: () => handle.close(),
  };
}

/** What a bot that died in the middle of a line left behind is completed; anything else is left as it is, on its own line. */
function finish(torn: Buffer, bytes: Buffer): Buffer {
  if (torn.length === 0) {
    return bytes;
  }
  const isBeginning = torn.length < bytes.length && bytes.subarray(0, torn.length).equals(torn);
  return isBeginning ? bytes.subarray(torn.length) : Buffer.concat([Buffer.of(NEWLINE), bytes]);
}

async function readTail(
  handle: FileHandle,
): Promise<{ readonly whole: AuditRecord | undefined; readonly torn: Buffer }> {
  const { size } = await handle.stat();
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  await handle.read(tail, 0, tail.length, size - tail.length);
  const end = tail.lastIndexOf(NEWLINE);
  const lines = tail.subarray(0, Math.max(0, end)).toString('utf8').split('\n');
  const whole = lines
    .toReversed()
    .map(recordOfLine)
    .find((record) => record !== undefined);
  return { whole, torn: tail.subarray(end + 1) };
}
