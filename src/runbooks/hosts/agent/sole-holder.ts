import { once } from 'node:events';
import { unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';

/** Holds a name in the file system as long as the process lives. Throws when another living process holds it. */
export async function holdAlone(path: string): Promise<{ readonly release: () => Promise<void> }> {
  const server = (await listenAt(path)) ?? (await takeOver(path));
  // Whoever connects only wants to know whether somebody lives here.
  server.on('connection', (socket) => socket.destroy());
  server.unref();
  return {
    release: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

/** A socket whose process was killed stays in the file system, and refuses. */
async function takeOver(path: string): Promise<Server> {
  if (!(await isAnybodyAt(path))) {
    await unlink(path);
    const server = await listenAt(path);
    if (server !== undefined) return server;
  }
  throw new Error(`another process holds ${path}: one agent at a time may use a journal; stop the other one`);
}

async function listenAt(path: string): Promise<Server | undefined> {
  const server = createServer();
  server.listen(path);
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

function isAnybodyAt(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
