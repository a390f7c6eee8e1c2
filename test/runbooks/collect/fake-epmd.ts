import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

export interface FakeEpmd extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
}

/** A TCP server on loopback that hands each request to `respond`. */
export async function openFakeEpmd(respond: (request: Buffer, socket: Socket) => void): Promise<FakeEpmd> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (request) => respond(request, socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('The fake epmd has no port');
  }
  return {
    address: `127.0.0.1:${address.port}`,
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) {
        socket.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}

/** Knows these nodes, and says so as epmd does. */
export const knowing =
  (...names: readonly string[]) =>
  (_: Buffer, socket: Socket): void => {
    const lines = names.map((name, index) => `name ${name} at port ${25_672 + index}\n`);
    socket.end(Buffer.concat([Buffer.from([0, 0, 0x11, 0x11]), Buffer.from(lines.join(''))]));
  };
