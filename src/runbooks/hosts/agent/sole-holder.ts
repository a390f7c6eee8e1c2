import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, rename, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';

/** What the kernel takes as the path of a socket; libuv cuts a longer one off without a word. */
const LONGEST_PATH_BYTES = 107;

/**
 * Holds a name in the file system as long as the process lives. Throws when another living process holds it.
 *
 * Every process shows a socket of its own, `<path>.<random>`, and then looks whether a process lives at another. So of two
 * that come at the same moment at least one sees the other; both may give up, and never do both hold it. A name is used
 * once: what does not answer is dead for ever, and can be taken away without asking whose it was.
 */
export async function holdAlone(path: string): Promise<{ readonly release: () => Promise<void> }> {
  const own = `${path}.${randomBytes(8).toString('hex')}`;
  const hidden = `${own}.new`;
  if (Buffer.byteLength(hidden) > LONGEST_PATH_BYTES) {
    throw new Error(`the path ${path} is too long for a lock; choose a shorter folder for the journal`);
  }
  const server = createServer();
  // A peer that connects only wants to know whether a process lives here.
  server.on('connection', (socket) => socket.destroy());
  server.listen(hidden);
  await once(server, 'listening');
  server.unref();
  const release = async (): Promise<void> => {
    await Promise.all([own, hidden].map((name) => rm(name, { force: true })));
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  try {
    // Between its beginning and its listening a socket refuses as a dead one does: no process sees it before.
    await rename(hidden, own);
    await refuseOthers(path, own);
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

async function refuseOthers(path: string, own: string): Promise<void> {
  const folder = dirname(path);
  const name = basename(path);
  for (const each of await readdir(folder)) {
    const other = join(folder, each);
    // The name alone was the socket of earlier versions.
    const isLock =
      each === name || (each.startsWith(`${name}.`) && /^[0-9a-f]{16}$/.test(each.slice(name.length + 1)));
    if (!isLock || other === own) {
      continue;
    }
    if (await isAnyProcessAt(other)) {
      throw new Error(
        `another process holds ${path}: only one agent at a time may use a journal; stop the other one`,
      );
    }
    await rm(other, { force: true });
  }
}

/** Whether a process lives at this socket. Only a refusal says that none does: a peer that is not let in, or has to wait, has found one. */
function isAnyProcessAt(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => resolve(!('code' in error && absentCodes.includes(error.code))));
  });
}

/** `ENOTSOCK` and `EPROTOTYPE` of something that is no such socket. */
const absentCodes: readonly unknown[] = ['ECONNREFUSED', 'ENOENT', 'ENOTSOCK', 'EPROTOTYPE'];
