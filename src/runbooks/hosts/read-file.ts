import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { HostAnswer } from './host.ts';

/** A configuration file is small; anything larger is a mistake in the path. */
const FILE_BYTES = 1024 * 1024;

/** Reads a whole regular file of this machine. Never rejects. */
export async function readLocalFile(path: string, signal?: AbortSignal): Promise<HostAnswer> {
  try {
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) return failed(`${path} is not a regular file`);
    if (stat.size > FILE_BYTES) return failed(`${path} is larger than ${FILE_BYTES} bytes`);
    const output = await file.readFile({ encoding: 'utf8', ...(signal !== undefined && { signal }) });
    return { kind: 'done', exitCode: 0, output };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

const failed = (output: string): HostAnswer => ({ kind: 'failed', exitCode: 1, output });
