import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Child } from '../../sandbox/supervisor.ts';
import type { BenchBroker } from '../broker.ts';
import { cpuMs } from '../sweep/measure.ts';
import type { Work, Worked } from './work.ts';

/** Who can stand on either side. `bare` and `unconfirmed` are amqplib alone, with and without publisher confirms. */
export type Side = 'ours' | 'python' | 'bare' | 'unconfirmed';

/** What a client did, and what processor time both ends took for it, milliseconds. */
export interface Measured extends Worked {
  readonly clientCpuMs: number;
  readonly serverCpuMs: number;
}

/** A client and a server that are connected, and nobody else on that topic. */
export interface Pair {
  readonly client: Child;
  readonly server: Child;
  drive(work: Work): Promise<Measured>;
  stop(): Promise<void>;
}

/** Starts a server and a client of their own. */
export async function startPair(broker: BenchBroker, clientSide: Side, serverSide: Side): Promise<Pair> {
  const server = await start(broker, serverSide, 'serve');
  const client = await start(broker, clientSide, 'drive');
  return {
    client,
    server,
    async drive(work) {
      const before = [cpuMs(client.pid), cpuMs(server.pid)] as const;
      const answered = nextMessage(client);
      client.send(work);
      const worked = await answered;
      return {
        ...(worked as Worked), // our own program's message
        clientCpuMs: cpuMs(client.pid) - before[0],
        serverCpuMs: cpuMs(server.pid) - before[1],
      };
    },
    async stop() {
      await Promise.all([client.stop('SIGKILL', 0), server.stop('SIGKILL', 0)]);
    },
  };
}

async function start(broker: BenchBroker, side: Side, role: 'serve' | 'drive'): Promise<Child> {
  const url = `${broker.amqpUrl.replace('amqp:', 'rabbit:')}/`;
  switch (side) {
    case 'ours':
      return broker.helper('rpc/ours.ts', [role, url]);
    case 'bare':
      return broker.helper('rpc/bare.ts', [role, broker.amqpUrl, 'confirmed']);
    case 'unconfirmed':
      return broker.helper('rpc/bare.ts', [role, broker.amqpUrl, 'unconfirmed']);
    case 'python': {
      const script = fileURLToPath(new URL('oslo.py', import.meta.url));
      const child = broker.program(`python-${role}`, ['/usr/bin/python3', script, role, url]);
      await nextMessage(child);
      return child;
    }
  }
}

function nextMessage(child: Child): Promise<unknown> {
  return Promise.race([
    new Promise<unknown>((resolve) => {
      let isTaken = false;
      child.onMessage((message) => {
        if (!isTaken) resolve(message);
        isTaken = true;
      });
    }),
    child.ended.then((how) => {
      throw new Error(how);
    }),
  ]);
}

/** Compiles the package, which `ours` runs. */
export function buildPackage(): void {
  execFileSync('npm', ['run', '--silent', 'build'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: 'inherit',
  });
}
