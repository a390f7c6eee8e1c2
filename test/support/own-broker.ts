import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { portsOfCluster, startCluster } from '../../sandbox/cluster.ts';
import { freePorts } from '../../sandbox/ports.ts';
import type { RabbitmqNode } from '../../sandbox/rabbitmq-node.ts';
import type { RabbitmqPrograms } from '../../sandbox/rabbitmq-programs.ts';
import type { ClusterSetup, MoreSettings } from '../../sandbox/rabbitmq-settings.ts';
import { openSupervisor } from '../../sandbox/supervisor.ts';
import { removeFolder } from './remove-folder.ts';

/** One RabbitMQ node, its user and password. */
export interface OwnBroker {
  readonly setup: ClusterSetup;
  readonly node: RabbitmqNode;
}

/**
 * Starts a RabbitMQ node in a folder of its own that goes with it. `open` makes of it what a test needs; where that
 * fails, the node goes at once.
 */
export async function startOwnBroker<Opened>(
  options: {
    /** Of the folder: `watership-<name>-…`. */
    readonly name: string;
    /** As many as a cluster of one node wants. @default free ones */
    readonly ports?: readonly number[];
    /** Made in the broker's folder. @default the system's */
    readonly programs?: (folder: string) => RabbitmqPrograms;
    readonly more?: MoreSettings;
  },
  open: (broker: OwnBroker) => Opened | Promise<Opened>,
): Promise<Opened & { readonly close: () => Promise<void> }> {
  // In /tmp itself, wherever temporary files go otherwise: a system in a folder sees that and nothing else, and the
  // sockets of Erlang's tools have short paths.
  const folder = mkdtempSync(`/tmp/watership-${options.name}-`);
  mkdirSync(join(folder, 'logs'));
  const supervisor = openSupervisor(join(folder, 'pids.json'));
  const close = async (): Promise<void> => {
    await supervisor.stopAll();
    removeFolder(folder);
  };
  try {
    const { setup, nodes } = await startCluster({
      folder: join(folder, 'rabbitmq'),
      names: ['rabbit@localhost'],
      ports: options.ports ?? (await freePorts(portsOfCluster(1))),
      supervisor,
      ...(options.programs !== undefined && { programs: options.programs(join(folder, 'programs')) }),
      ...(options.more !== undefined && { more: options.more }),
    });
    const [node] = nodes;
    if (node === undefined) {
      throw new Error('A cluster without a node.');
    }
    return { ...(await open({ setup, node })), close };
  } catch (error) {
    await close();
    throw error;
  }
}
