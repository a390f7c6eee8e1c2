import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../sandbox/ports.ts';
import { readManagement } from '../sandbox/rabbitmq-node.ts';
import { findRabbitmq } from '../sandbox/rabbitmq-programs.ts';
import {
  type ClusterSetup,
  type NodeSetup,
  nodeEnvironment,
  nodeFolders,
  writeNodeSettings,
} from '../sandbox/rabbitmq-settings.ts';
import { type Child, openSupervisor, type Supervisor } from '../sandbox/supervisor.ts';
import { waitFor } from '../sandbox/wait.ts';

/** A throwaway broker with RabbitMQ's own defaults: the sandbox's nodes have fewer schedulers and quicker statistics. */
export interface BenchBroker {
  readonly node: string;
  readonly pid: number;
  readonly amqpUrl: string;
  readonly managementPort: number;
  readonly metricsPort: number;
  readonly username: string;
  readonly password: string;
  /** The program and the environment of a `rabbitmqctl` that finds this node. */
  readonly ctl: { readonly program: string; readonly env: Readonly<Record<string, string>> };
  /** Runs a program beside it; it ends with the broker. */
  program(name: string, argv: readonly string[]): Child;
  /** Runs one of the bench's own programs beside it, and waits until it sends a message. */
  helper(script: string, args: readonly string[]): Promise<Child>;
  close(): Promise<void>;
}

/** Starts epmd and one node on free ports, with everything in a folder that is thrown away at the end. */
export async function openBroker(): Promise<BenchBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'watership-bench-'));
  const supervisor = openSupervisor(join(folder, 'pids.json'));
  const close = async (): Promise<void> => {
    await supervisor.stopAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    return { ...(await start(folder, supervisor)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(folder: string, supervisor: Supervisor): Promise<Omit<BenchBroker, 'close'>> {
  const programs = findRabbitmq();
  const [epmdPort = 0, amqpPort = 0, managementPort = 0, metricsPort = 0, distPort = 0] = await freePorts(5);
  const access = { username: 'bench', password: 'bench' };
  const cluster: ClusterSetup = { programs, folder, home: folder, epmdPort, ...access };
  // The Nagios checks know no other name than rabbit@….
  const setup: NodeSetup = { name: 'rabbit@localhost', amqpPort, managementPort, metricsPort, distPort };
  writeNodeSettings(cluster, setup, []);
  writeFileSync(nodeFolders(cluster, setup).config, configuration(cluster, setup));
  const env = {
    ...nodeEnvironment(cluster, setup),
    // Without a terminal the Erlang shell would read the end of its input, and end the machine.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-noinput -kernel inet_dist_use_interface {127,0,0,1}',
  };
  const run = (name: string, argv: readonly string[]) =>
    supervisor.start({ name, argv, env, cwd: folder, logFile: join(folder, `${name}.log`) });

  run('epmd', [programs.epmd, '-port', String(epmdPort), '-address', '127.0.0.1']);
  const broker = run('rabbitmq', [programs.server]);
  const serves = () => readManagement(cluster, setup, '/api/whoami').then(() => true);
  await Promise.race([
    waitFor('the broker to serve', serves, { withinMs: 90_000 }),
    broker.ended.then((how) => {
      throw new Error(how);
    }),
  ]);

  const program = (name: string, argv: readonly string[]): Child =>
    supervisor.start({
      name,
      argv,
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      logFile: join(folder, 'helper.log'),
      talks: true,
    });
  return {
    node: setup.name,
    pid: broker.pid,
    amqpUrl: `amqp://${access.username}:${access.password}@127.0.0.1:${amqpPort}`,
    managementPort,
    metricsPort,
    ...access,
    ctl: { program: programs.ctl, env },
    program,
    async helper(script, args) {
      const path = fileURLToPath(new URL(script, import.meta.url));
      const child = program(script, [process.execPath, '--import', 'tsx', path, ...args]);
      await firstMessage(child);
      return child;
    },
  };
}

/** RabbitMQ's own defaults for everything that costs time or memory. */
const configuration = (cluster: ClusterSetup, node: NodeSetup): string =>
  [
    `listeners.tcp.1 = 127.0.0.1:${node.amqpPort}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${node.managementPort}`,
    'prometheus.tcp.ip = 127.0.0.1',
    `prometheus.tcp.port = ${node.metricsPort}`,
    `default_user = ${cluster.username}`,
    `default_pass = ${cluster.password}`,
    'disk_free_limit.absolute = 50MB',
    '',
  ].join('\n');

/** Waits for a program's first message. */
async function firstMessage(child: Child): Promise<void> {
  const ready = new Promise<void>((resolve) => child.onMessage(() => resolve()));
  await Promise.race([
    ready,
    child.ended.then((how) => {
      throw new Error(how);
    }),
  ]);
}
