import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { portsOfCluster, startCluster } from '../../sandbox/cluster.ts';
import { freePorts } from '../../sandbox/ports.ts';
import { readManagement } from '../../sandbox/rabbitmq-node.ts';
import { openSupervisor } from '../../sandbox/supervisor.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { rabbitmqInside } from '../support/trixie/enter.ts';

/** A RabbitMQ node that goes with the tests. */
export interface ThrowawayBroker {
  /** Of RabbitMQ, such as `3.10.8`. */
  readonly version: string;
  /** With user and password. */
  readonly amqpUrl: string;
  /** With user and password. */
  readonly managementUrl: string;
}

/** Starts one on free ports, in a folder of its own: the system's RabbitMQ, or that of a system in a folder. */
export async function startThrowawayBroker(
  root?: string,
): Promise<ThrowawayBroker & { readonly close: () => Promise<void> }> {
  // In /tmp itself, wherever temporary files go otherwise: a system in a folder sees that and nothing else.
  const folder = mkdtempSync('/tmp/watership-interop-');
  mkdirSync(join(folder, 'logs'));
  const supervisor = openSupervisor(join(folder, 'pids.json'));
  const close = async (): Promise<void> => {
    await supervisor.stopAll();
    removeFolder(folder);
  };
  try {
    const cluster = await startCluster({
      folder: join(folder, 'rabbitmq'),
      names: ['rabbit@localhost'],
      ports: await freePorts(portsOfCluster(1)),
      supervisor,
      ...(root !== undefined && { programs: rabbitmqInside(root, join(folder, 'programs')) }),
    });
    const { username, password } = cluster.setup;
    const [node] = cluster.nodes;
    if (node === undefined) throw new Error('A cluster without a node.');
    const about = await readManagement(cluster.setup, node.setup, '/api/overview?columns=rabbitmq_version');
    const user = `${username}:${password}`;
    return {
      version: versionOf(about),
      amqpUrl: `amqp://${user}@127.0.0.1:${node.setup.amqpPort}`,
      managementUrl: `http://${user}@127.0.0.1:${node.setup.managementPort}`,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function versionOf(about: unknown): string {
  if (typeof about === 'object' && about !== null && 'rabbitmq_version' in about)
    return String(about.rabbitmq_version);
  throw new Error('RabbitMQ does not tell its version.');
}
