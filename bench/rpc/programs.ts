import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Child } from '../../sandbox/supervisor.ts';
import type { BenchBroker } from '../broker.ts';
import { cpuMs } from '../sweep/measure.ts';
import type { Work, Worked } from './work.ts';

const IDLE_MS = 150;

/** Who can stand on either side. `bare` and `unconfirmed` are amqplib alone, with and without publisher confirms. */
export type Side = 'ours' | 'python' | 'bare' | 'unconfirmed';

/** What a client did, and what processor time both ends took for it, milliseconds. */
export interface Measured extends Worked {
  readonly clientCpuMs: number;
  readonly serverCpuMs: number;
}

/** A client and a server that are connected, and nobody else on their topic. */
export interface Pair {
  readonly client: Child;
  readonly server: Child;
  /** Done when the server has taken all of it too. */
  drive(work: Work): Promise<Measured>;
}

/** Starts a server and a client of their own. */
export async function startPair(broker: BenchBroker, clientSide: Side, serverSide: Side): Promise<Pair> {
  const topic = `${clientSide}-${serverSide}`;
  const server = await start(broker, serverSide, 'serve', topic);
  const client = await start(broker, clientSide, 'drive', topic);
  const next = messagesOf(client);
  return {
    client,
    server,
    async drive(work) {
      const before = [cpuMs(client.pid), cpuMs(server.pid)] as const;
      const answered = next();
      client.send(work);
      const worked = await answered;
      await idle(server.pid);
      return {
        ...(worked as Worked), // our own program's message
        clientCpuMs: cpuMs(client.pid) - before[0],
        serverCpuMs: cpuMs(server.pid) - before[1],
      };
    },
  };
}

/** Casts may still wait when all are confirmed: they belong to this measurement, not to the next one. */
async function idle(pid: number): Promise<void> {
  for (let spentMs = Number.NaN; spentMs !== cpuMs(pid); await sleep(IDLE_MS)) {
    spentMs = cpuMs(pid);
  }
}

async function start(
  broker: BenchBroker,
  side: Side,
  role: 'serve' | 'drive',
  topic: string,
): Promise<Child> {
  const url = `${broker.amqpUrl.replace('amqp:', 'rabbit:')}/`;
  switch (side) {
    case 'ours':
      return broker.helper('rpc/ours.ts', [role, url, topic]);
    case 'bare':
      return broker.helper('rpc/bare.ts', [role, broker.amqpUrl, topic, 'confirmed']);
    case 'unconfirmed':
      return broker.helper('rpc/bare.ts', [role, broker.amqpUrl, topic, 'unconfirmed']);
    case 'python': {
      const script = fileURLToPath(new URL('oslo.py', import.meta.url));
      const child = broker.program(`python-${role}`, ['/usr/bin/python3', script, role, url, topic]);
      await messagesOf(child)();
      return child;
    }
  }
}

/** Each time it is asked: the message that comes next. */
function messagesOf(child: Child): () => Promise<unknown> {
  let take = (_message: unknown): void => {};
  child.onMessage((message) => take(message));
  const ended = child.ended.then((how) => {
    throw new Error(how);
  });
  ended.catch(() => {});
  return () =>
    Promise.race([
      new Promise<unknown>((resolve) => {
        take = resolve;
      }),
      ended,
    ]);
}

/** Compiles the package, which `ours` runs. */
export function buildPackage(): void {
  execFileSync('npm', ['run', '--silent', 'build'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: 'inherit',
  });
}
