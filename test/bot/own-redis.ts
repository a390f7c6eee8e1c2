import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Redis of one test, that may be killed and brought back. Its data survives, as with an append-only file. */
export interface OwnRedis extends AsyncDisposable {
  readonly url: string;
  kill(): Promise<void>;
  bringBack(): Promise<void>;
}

/** @param tls - Settings by which it speaks TLS; without them it does not. */
export async function ownRedis(tls: readonly string[] = []): Promise<OwnRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'watership-redis-'));
  const port = await freePort();
  const listen = tls.length === 0 ? ['--port', `${port}`] : ['--port', '0', '--tls-port', `${port}`, ...tls];
  let server = await start(listen, folder);
  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) {
      return;
    }
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  return {
    url: `${tls.length === 0 ? 'redis' : 'rediss'}://127.0.0.1:${port}/0`,
    kill,
    async bringBack() {
      server = await start(listen, folder);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function start(listen: readonly string[], folder: string): Promise<ChildProcess> {
  const args = [...listen, '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const server = spawn('redis-server', [...args, '--appendonly', 'yes', '--appendfsync', 'always'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise<void>((resolve, reject) => {
    let told = '';
    server.stdout?.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      if (told.includes('Ready to accept connections')) {
        resolve();
      }
    });
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`redis-server ended: ${told}`)));
  });
  return server;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) {
    throw new Error('no port');
  }
  return address.port;
}
