import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { HostSettings } from '../../../../src/runbooks/index.ts';
import { openHosts } from '../../../../src/runbooks/index.ts';
import { sshKeyPair } from '../../../support/ssh-keys.ts';

const { private: key } = sshKeyPair();

describe('a host over SSH that cannot be reached', () => {
  const hostAt = (port: number, more: object = {}): HostSettings => ({
    via: 'ssh',
    preset: 'custom',
    operations: { 'service.status': ['true'] },
    addresses: [],
    ssh: {
      address: '127.0.0.1',
      port,
      user: 'nobody',
      key,
      trust: { kind: 'known-hosts', path: '/nonexistent/known_hosts' },
      connectTimeoutMs: 5_000,
      ...more,
    },
  });
  const ask = async (host: HostSettings, limits: { timeoutMs: number; signal?: AbortSignal }) => {
    const hosts = openHosts({ ctl1: host });
    try {
      return await hosts.run({ host: 'ctl1', operation: 'service.status', args: { service: 'x' } }, limits);
    } finally {
      await hosts.close();
    }
  };
  /** Takes connections, and says the first of these on each; then nothing. */
  async function listen(greeting: string) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      if (greeting !== '') {
        socket.end(greeting);
      }
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return { port, [Symbol.asyncDispose]: async () => void server.close() };
  }

  test('was never started: nobody listens', async () => {
    let port = 0;
    {
      await using gone = await listen('');
      port = gone.port;
    }
    expect(await ask(hostAt(port), { timeoutMs: 5_000 })).toMatchObject({
      kind: 'not-started',
      because: expect.stringMatching(
        /^ctl1 \(nobody@127\.0\.0\.1:\d+\) could not be reached: .*ECONNREFUSED/,
      ),
    });
  });

  test('was never started: what answers does not speak', async () => {
    await using silent = await listen('');
    expect(await ask(hostAt(silent.port, { connectTimeoutMs: 150 }), { timeoutMs: 5_000 })).toMatchObject({
      kind: 'not-started',
      because: expect.stringContaining('did not complete the login within 150 ms'),
    });
  });

  test('was never started: the command’s own time is over, or it was called off, while it was dialled', async () => {
    await using silent = await listen('');
    const host = hostAt(silent.port, { connectTimeoutMs: 500 });
    expect(await ask(host, { timeoutMs: 100 })).toMatchObject({
      kind: 'not-started',
      because: expect.stringContaining(
        'the time limit of 100 ms ran out before the connection to the host was ready',
      ),
    });
    const stopping = new AbortController();
    const asked = ask(host, { timeoutMs: 5_000, signal: stopping.signal });
    stopping.abort();
    expect(await asked).toMatchObject({
      kind: 'not-started',
      because: expect.stringContaining('the request was cancelled before the connection'),
    });
  });

  test('was never started: what answers is not SSH, or hangs up', async () => {
    for (const greeting of ['HTTP/1.1 400 Bad Request\r\n\r\n', 'SSH-2.0-gone\r\n']) {
      await using other = await listen(greeting);
      expect((await ask(hostAt(other.port), { timeoutMs: 5_000 })).kind).toBe('not-started');
    }
  });
});
