import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { BrokerUnreachable } from '../../../src/rpc/errors.ts';
import {
  getRpcClient,
  getTransport,
  probeService,
  Target,
  type TransportEvent,
} from '../../../src/rpc/index.ts';

const opened: { close: () => Promise<void> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) {
    await each.close();
  }
});

/** A peer on loopback that does with each connection what it is told. */
async function peer(onConnection: (socket: Socket) => void): Promise<{ port: number; seen: () => number }> {
  const sockets = new Set<Socket>();
  let seen = 0;
  const server: Server = createServer((socket) => {
    seen += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push({
    close: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  });
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, seen: () => seen };
}

/** A port nobody listens on. */
async function closedPort(): Promise<number> {
  const { port } = await peer(() => {});
  await opened.pop()?.close();
  return port;
}

describe('when no broker answers', () => {
  test('a probe says unreachable after one round over the hosts, with the reason and no password', async () => {
    const [first, second] = [await closedPort(), await closedPort()];
    const events: TransportEvent[] = [];
    await using transport = getTransport(
      `rabbit://u:hunter2@127.0.0.1:${first},u:hunter2@127.0.0.1:${second}/`,
      {
        onEvent: (event) => events.push(event),
      },
    );
    const result = await probeService(transport, new Target({ topic: 'compute' }), { timeoutMs: 20_000 });
    expect(result.verdict).toBe('unreachable');
    expect(result.how).toContain('ECONNREFUSED');
    expect(events.map(({ kind }) => kind)).toEqual(['connect-failed', 'connect-failed']);
    expect(JSON.stringify([result, events])).not.toContain('hunter2');
  });

  test('a call waits for the connection until its own timeout and then says why', async () => {
    const port = await closedPort();
    await using transport = getTransport(`rabbit://127.0.0.1:${port}/`, { reconnect: { initialDelayMs: 5 } });
    const call = getRpcClient(transport, new Target({ topic: 'compute' }), { timeoutMs: 60 }).call(
      {},
      'echo',
    );
    await expect(call).rejects.toThrow(BrokerUnreachable);
    await expect(call).rejects.toThrow('ECONNREFUSED');
  });

  test.each([
    [0, 1],
    [2, 3],
  ])('with retry %i a call and a cast give up after %i rounds over the hosts', async (retry, rounds) => {
    const ports = [await closedPort(), await closedPort()];
    const hosts = ports.map((port) => `127.0.0.1:${port}`).join();
    const target = new Target({ topic: 'compute' });
    for (const send of ['call', 'cast'] as const) {
      const events: TransportEvent[] = [];
      await using transport = getTransport(`rabbit://${hosts}/`, {
        reconnect: { initialDelayMs: 5 },
        onEvent: (event) => events.push(event),
      });
      const client = getRpcClient(transport, target, { retry });
      await expect(client[send]({}, 'echo')).rejects.toThrow(BrokerUnreachable);
      expect(events).toHaveLength(rounds * hosts.split(',').length);
    }
  });

  test('cleanup ends a call that waits for the connection', async () => {
    const port = await closedPort();
    const transport = getTransport(`rabbit://127.0.0.1:${port}/`);
    const call = getRpcClient(transport, new Target({ topic: 'compute' })).call({}, 'echo');
    const refused = expect(call).rejects.toThrow('cleaned up');
    await transport.cleanup();
    await refused;
  });
});

describe('when a peer is no broker', () => {
  test('one that accepts and never speaks is given up after the connect timeout, and the next host is tried', async () => {
    const frozen = await peer(() => {});
    const rude = await peer((socket) => socket.destroy());
    await using transport = getTransport(`rabbit://127.0.0.1:${frozen.port},127.0.0.1:${rude.port}/`, {
      connectTimeoutMs: 50,
    });
    await expect(transport.connect(5_000)).rejects.toThrow(BrokerUnreachable);
    expect([frozen.seen(), rude.seen()]).toEqual([1, 1]);
  });

  test('one that sends rubbish is a failed attempt, not a crash', async () => {
    const web = await peer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await using transport = getTransport(`rabbit://127.0.0.1:${web.port}/`, { connectTimeoutMs: 500 });
    await expect(transport.connect(5_000)).rejects.toThrow(BrokerUnreachable);
  });

  test('pauses between rounds grow, with chance in the upper half', async () => {
    const port = await closedPort();
    const failed: number[] = [];
    const enough = new Promise<void>((resolve) => {
      const transport = getTransport(`rabbit://127.0.0.1:${port}/`, {
        reconnect: { initialDelayMs: 40, maxDelayMs: 80 },
        random: () => 0.5,
        onEvent: () => {
          failed.push(performance.now());
          if (failed.length === 4) {
            resolve();
          }
        },
      });
      opened.push({ close: () => transport.cleanup() });
      transport.connect(5_000).catch(() => {});
    });
    await enough;
    const [first = 0, second = 0, third = 0, fourth = 0] = failed;
    expect(second - first).toBeGreaterThanOrEqual(29);
    expect(third - second).toBeGreaterThanOrEqual(59);
    expect(fourth - third).toBeGreaterThanOrEqual(59);
  });
});

test('a connection is named as oslo names it', async () => {
  await using transport = getTransport('rabbit://h/', { connectionName: 'nova-compute', pid: 77 });
  expect(transport.connectionName).toMatch(/^nova-compute:77:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});
