import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { type KeptAlive, keepAlive } from './keep-alive.ts';
import { projectFolder } from './layout.ts';
import type { ServiceOrder } from './services/order.ts';
import { serviceTable } from './services/table.ts';
import type { Supervisor } from './supervisor.ts';

/** One process of an OpenStack-like service. */
export interface Service {
  readonly name: string;
  readonly host: string;
  pid(): number;
  /** Asks it to end, as systemd would, and starts it again. Returns the new pid. */
  restart(): Promise<number>;
  /** Kills it; it comes back as a new process, and what it had on the broker stays. Returns the new pid. */
  crash(): Promise<number>;
  /** Tells it to misbehave. */
  order(order: ServiceOrder): void;
  /** Resolves when the present process has said that it serves. */
  ready(): Promise<void>;
}

// The clients are spread, and most of them are on the first node: in a partition there is one to keep.
const FIRST_NODES = [0, 1, 0, 2];

/** Starts every service of the table. */
export function startServices(options: {
  readonly cluster: Cluster;
  readonly logs: string;
  readonly supervisor: Supervisor;
}): readonly Service[] {
  const allPorts = options.cluster.nodes.map(({ setup }) => setup.amqpPort);
  return serviceTable
    .flatMap(({ name, hosts }) => hosts.map((host) => ({ name, host })))
    .map(({ name, host }, index) => {
      const ports = rotate(allPorts, FIRST_NODES[index % FIRST_NODES.length] ?? 0);
      return service(name, host, { ...options, ports });
    });
}

function service(
  name: string,
  host: string,
  options: {
    readonly cluster: Pick<Cluster, 'setup'>;
    readonly ports: readonly number[];
    readonly logs: string;
    readonly supervisor: Supervisor;
  },
): Service {
  let ready: Promise<void> = Promise.resolve();
  const kept: KeptAlive = keepAlive(
    options.supervisor,
    {
      name,
      argv: [
        process.execPath,
        ...['--import', 'tsx', join(projectFolder, 'sandbox', 'services', 'service.ts')],
        ...[name, host, transportUrl(options.cluster, options.ports)],
      ],
      cwd: projectFolder,
      logFile: join(options.logs, `${name}-${host}.log`),
      talks: true,
    },
    {
      restartAfterMs: 1_000,
      started: (child) => {
        ready = new Promise((resolve) => child.onMessage(() => resolve()));
      },
    },
  );
  return {
    name,
    host,
    pid: () => kept.current().pid,
    restart: async () => (await kept.restart('SIGTERM')).pid,
    crash: async () => (await kept.restart('SIGKILL')).pid,
    order: (order) => kept.current().send(order),
    ready: () => ready,
  };
}

/** As nova.conf has it: every node, so that a client finds another when its own goes. */
function transportUrl({ setup }: Pick<Cluster, 'setup'>, ports: readonly number[]): string {
  const hosts = ports.map((port) => `${setup.username}:${setup.password}@127.0.0.1:${port}`);
  return `rabbit://${hosts.join(',')}/`;
}

function rotate<T>(list: readonly T[], start: number): readonly T[] {
  return [...list.slice(start), ...list.slice(0, start)];
}
