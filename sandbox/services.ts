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
  /** Kills it at once; it is started again as a new process. */
  restart(): Promise<number>;
  /** Tells it to misbehave. */
  order(order: ServiceOrder): void;
  /** Resolves when the present process has said that it serves. */
  ready(): Promise<void>;
}

/** Starts every service of the table. */
export function startServices(options: {
  readonly cluster: Cluster;
  readonly logs: string;
  readonly supervisor: Supervisor;
}): readonly Service[] {
  const allPorts = options.cluster.nodes.map(({ setup }) => setup.amqpPort);
  let started = 0;
  return serviceTable.flatMap((description) =>
    description.hosts.map((host) => {
      const ports = rotate(allPorts, started);
      started += 1;
      return service(description.name, host, { ...options, ports });
    }),
  );
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
    restart: async () => (await kept.restart('SIGKILL')).pid,
    order: (order) => kept.current().send(order),
    ready: () => ready,
  };
}

/** As nova.conf has it: every node, so that a client finds another when its own goes. */
function transportUrl({ setup }: Pick<Cluster, 'setup'>, ports: readonly number[]): string {
  const hosts = ports.map((port) => `${setup.username}:${setup.password}@127.0.0.1:${port}`);
  return `rabbit://${hosts.join(',')}/`;
}

// Each service begins with another node, so that the clients are spread.
function rotate<T>(list: readonly T[], by: number): readonly T[] {
  const start = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
