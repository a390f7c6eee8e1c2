import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type RabbitmqNode, rabbitmqNode, readManagement } from './rabbitmq-node.ts';
import { findRabbitmq, type RabbitmqPrograms } from './rabbitmq-programs.ts';
import {
  type ClusterSetup,
  type MoreSettings,
  type NodeSetup,
  writeNodeSettings,
} from './rabbitmq-settings.ts';
import type { Supervisor } from './supervisor.ts';
import { waitFor } from './wait.ts';
import { whileAlive } from './while-alive.ts';

/** A RabbitMQ cluster of our own. */
export interface Cluster {
  readonly setup: ClusterSetup;
  readonly nodes: readonly RabbitmqNode[];
  /** The node of that name, with or without `@localhost`. */
  node(name: string): RabbitmqNode | undefined;
}

/** How many ports `startCluster` wants for so many nodes. */
export const portsOfCluster = (nodes: number): number => 1 + 4 * nodes;

/**
 * Starts epmd and all nodes at once; they find each other. Resolves when every node sees every other.
 * `ports` are free ones, as many as `portsOfCluster` says.
 */
export async function startCluster(options: {
  readonly folder: string;
  readonly names: readonly string[];
  readonly ports: readonly number[];
  readonly supervisor: Supervisor;
  /** @default the system's */
  readonly programs?: RabbitmqPrograms;
  readonly more?: MoreSettings;
  readonly onNode?: (name: string) => void;
}): Promise<Cluster> {
  const [epmdPort = 0, ...nodePorts] = options.ports;
  const setup: ClusterSetup = {
    programs: options.programs ?? findRabbitmq(),
    folder: options.folder,
    home: join(options.folder, 'home'),
    epmdPort,
    username: 'watership',
    // No word that stands elsewhere: a password is taken out of every text.
    password: 'clover-and-dandelion',
  };
  writeCookie(setup.home);
  await startEpmd(setup, options.supervisor);

  const nodes = options.names.map((name, index) => {
    const [amqpPort = 0, managementPort = 0, metricsPort = 0, distPort = 0] = nodePorts.slice(index * 4);
    const node: NodeSetup = { name, amqpPort, managementPort, metricsPort, distPort };
    writeNodeSettings(setup, node, options.names.length > 1 ? options.names : [], options.more);
    return rabbitmqNode(setup, node, options.supervisor);
  });
  await Promise.all(
    nodes.map(async (node) => {
      await node.start({ withinMs: 180_000 });
      options.onNode?.(node.setup.name);
    }),
  );
  await allSeeAll({ setup, nodes }, 60_000);
  return {
    setup,
    nodes,
    node: (name) => nodes.find(({ setup: { name: full } }) => full === name || full.split('@')[0] === name),
  };
}

/** Resolves when every node that should run says that all of them run, without partitions. */
export async function allSeeAll(cluster: Pick<Cluster, 'setup' | 'nodes'>, withinMs: number): Promise<void> {
  await waitFor(
    'every node to see every other',
    async () => {
      const views = await Promise.all(
        cluster.nodes.map(({ setup }) =>
          readManagement(cluster.setup, setup, '/api/nodes?columns=name,running,partitions'),
        ),
      );
      const names = cluster.nodes.map(({ setup }) => setup.name);
      return views.every((view) => isWhole(view, names));
    },
    { withinMs, everyMs: 200 },
  );
}

function isWhole(view: unknown, names: readonly string[]): boolean {
  if (!Array.isArray(view)) {
    return false;
  }
  const rows: readonly { name?: unknown; running?: unknown; partitions?: unknown }[] = view;
  return names.every((name) => {
    const row = rows.find((candidate) => candidate.name === name);
    return row?.running === true && !(Array.isArray(row.partitions) && row.partitions.length > 0);
  });
}

function writeCookie(home: string): void {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, '.erlang.cookie'), randomBytes(15).toString('base64url').toUpperCase(), {
    mode: 0o400,
  });
}

/** Erlang's port mapper, ours alone: on its own port, in the foreground, so that it ends with us. */
async function startEpmd(setup: ClusterSetup, supervisor: Supervisor): Promise<void> {
  const epmd = supervisor.start({
    name: 'epmd',
    argv: [setup.programs.epmd, '-port', String(setup.epmdPort), '-address', '127.0.0.1'],
    env: { HOME: setup.home },
    logFile: join(setup.folder, 'epmd.log'),
  });
  await whileAlive(
    epmd,
    waitFor('epmd to listen', () => accepts(setup.epmdPort), { withinMs: 10_000, everyMs: 50 }),
  );
}

/** True when something accepts connections on this port of loopback. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
