import { createServer, type Server } from 'node:net';

// Below the range from which Linux takes ports for outgoing connections (32768 and up), so that a port stays ours
// while its node is down.
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;

/** As many different free ports as asked for, all of them held at once before they are given away. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  try {
    for (let tries = 0; ports.length < count; tries += 1) {
      if (tries > 2_000) {
        throw new Error(`No ${count} free ports between ${LOWEST_PORT} and ${HIGHEST_PORT}`);
      }
      const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));
      const server = await hold(port);
      if (server === undefined) {
        continue;
      }
      held.push(server);
      ports.push(port);
    }
    return ports;
  } finally {
    await Promise.all(held.map((server) => new Promise((done) => server.close(done))));
  }
}

// Held on all addresses: a port that is free on loopback alone is not free for a program that listens on all.
function hold(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => resolve(server));
  });
}
