import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portsOfCluster, startCluster } from '../../sandbox/cluster.ts';
import { freePorts } from '../../sandbox/ports.ts';
import { openSupervisor } from '../../sandbox/supervisor.ts';

/** A RabbitMQ node that goes with the test. */
export interface ThrowawayBroker {
  /** With user and password. */
  readonly amqpUrl: string;
  close(): Promise<void>;
}

/** Starts one on free ports, in a folder of its own. */
export async function startThrowawayBroker(): Promise<ThrowawayBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'watership-interop-'));
  mkdirSync(join(folder, 'logs'));
  const supervisor = openSupervisor(join(folder, 'pids.json'));
  const close = async (): Promise<void> => {
    await supervisor.stopAll();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const ports = await freePorts(portsOfCluster(1));
    const names = ['rabbit@localhost'];
    const cluster = await startCluster({ folder: join(folder, 'rabbitmq'), names, ports, supervisor });
    const { username, password } = cluster.setup;
    const [node] = cluster.nodes;
    return { amqpUrl: `amqp://${username}:${password}@127.0.0.1:${node?.setup.amqpPort}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}
