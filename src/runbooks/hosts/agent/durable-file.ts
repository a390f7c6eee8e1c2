import { constants } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A text file that only grows, line by line. What `append` has returned from survives a crash. */
export interface DurableFile {
  /** Length, bytes. */
  readonly bytes: number;
  /** Rejects when the line is not safely on the disk; then it is not in the file either. */
  append(line: string): Promise<void>;
  /** Another content in one step: after a crash it is the old one or the new one. */
  replace(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens it with what it holds; its folder must be there. A last line that was cut off in the middle is taken away. */
export async function openDurableFile(
  path: string,
): Promise<{ readonly file: DurableFile; readonly text: string }> {
  let handle = await openAt(path);
  await syncFolder(path);
  const whole = await handle.readFile();
  // Nothing was done on the strength of a line whose end is missing: its writer never heard that it was safe.
  let bytes = whole.lastIndexOf(0x0a) + 1;
  if (bytes < whole.length) {
    await cutAt(handle, bytes);
  }
  let broken: Error | undefined;
  const unwritable = (cause: unknown): Error =>
    new Error(`${path} cannot be written any more; restart the agent`, { cause });

  const file: DurableFile = {
    get bytes() {
      return bytes;
    },
    async append(line) {
      if (broken) {
        throw broken;
      }
      const content = Buffer.from(line);
      try {
        await writeAll(handle, content, bytes);
        await handle.datasync();
        bytes += content.length;
      } catch (error) {
        // Half a line must not become the beginning of the next one.
        await cutAt(handle, bytes).catch((cause: unknown) => {
          broken = unwritable(cause);
        });
        throw error;
      }
    },
    async replace(text) {
      const content = Buffer.from(text);
      const next = await openAt(`${path}.new`);
      try {
        await next.truncate(0);
        await writeAll(next, content, 0);
        await next.sync();
        await rename(`${path}.new`, path);
      } catch (error) {
        await next.close();
        throw error;
      }
      // From here on the name means the new file: what went on into the old one would be lost with it.
      const old = handle;
      handle = next;
      bytes = content.length;
      await old.close();
      await syncFolder(path).catch((cause: unknown) => {
        // After a crash it might be the old one again, without what is written from here on.
        broken = unwritable(cause);
        throw broken;
      });
    },
    close: () => handle.close(),
  };
  return { file, text: whole.subarray(0, bytes).toString('utf8') };
}

const openAt = (path: string): Promise<FileHandle> =>
  open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);

async function writeAll(handle: FileHandle, content: Buffer, at: number): Promise<void> {
  for (let done = 0; done < content.length; ) {
    const { bytesWritten } = await handle.write(content, done, content.length - done, at + done);
    done += bytesWritten;
  }
}

async function cutAt(handle: FileHandle, bytes: number): Promise<void> {
  await handle.truncate(bytes);
  await handle.sync();
}

/** A new name in a folder is safe only once the folder is. */
async function syncFolder(path: string): Promise<void> {
  await using folder = await open(dirname(path), constants.O_RDONLY);
  await folder.sync();
}
