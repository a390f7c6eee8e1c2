import { constants } from 'node:fs';
import { type FileHandle, open, readlink } from 'node:fs/promises';
import { reasonOf } from '../../../rpc/index.ts';
import type { HostAnswer } from '../common/host.ts';

/** A configuration file is small; anything larger is a mistake in the path. */
const FILE_BYTES = 1024 * 1024;

/** How far reading may go. */
export interface ReadLimits {
  readonly signal?: AbortSignal;
  /** @default 1 MiB */
  readonly limitBytes?: number;
  /** Refuse a path that leads anywhere else than it says; needs Linux's /proc. @default false */
  readonly isLiteral?: boolean;
}

/** Reads a whole regular file of this machine. Never rejects. */
export async function readLocalFile(path: string, limits: ReadLimits = {}): Promise<HostAnswer> {
  const { signal, limitBytes = FILE_BYTES, isLiteral = false } = limits;
  try {
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) {
      return failed(`${path} is not a regular file`);
    }
    if (isLiteral && !(await isTheFileAt(file, path))) {
      return failed(`${path} is a symbolic link, or its path contains one; name the file itself`);
    }
    // One byte more than allowed: a file that grows while it is read is noticed.
    const content = await readUpTo(file, limitBytes + 1, signal);
    if (content.length > limitBytes) {
      return failed(`${path} is larger than ${limitBytes} bytes`);
    }
    return { kind: 'done', exitCode: 0, output: content.toString('utf8') };
  } catch (error) {
    return failed(reasonOf(error));
  }
}

/** The kernel's own word on what was opened: a link that is put in place before or after makes no difference. */
const isTheFileAt = async (file: FileHandle, path: string): Promise<boolean> =>
  (await readlink(`/proc/self/fd/${file.fd}`)) === path;

async function readUpTo(file: FileHandle, limitBytes: number, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let held = 0;
  while (held < limitBytes) {
    signal?.throwIfAborted();
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, limitBytes - held));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) {
      break;
    }
    chunks.push(chunk.subarray(0, bytesRead));
    held += bytesRead;
  }
  return Buffer.concat(chunks);
}

const CHUNK_BYTES = 64 * 1024;

const failed = (output: string): HostAnswer => ({ kind: 'failed', exitCode: 1, output });
