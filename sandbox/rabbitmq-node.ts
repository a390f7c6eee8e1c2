import { setTimeout as sleep } from 'node:timers/promises';
import { type ClusterSetup, type NodeSetup, nodeEnvironment, nodeFolders } from './rabbitmq-settings.ts';
import { type CtlAnswer, rabbitmqctl } from './rabbitmqctl.ts';
import type { Child, Supervisor } from './supervisor.ts';
import { waitFor } from './wait.ts';
import { whileAlive } from './while-alive.ts';

/** One RabbitMQ node and what can be done to it. Operations on one node wait for each other. */
export interface RabbitmqNode {
  readonly setup: NodeSetup;
  /** Undefined while the node is down. */
  pid(): number | undefined;
  /** Resolves when the node serves. */
  start(options?: { readonly withinMs?: number }): Promise<void>;
  /** SIGTERM, which RabbitMQ takes as an orderly stop. */
  stop(): Promise<void>;
  /** SIGKILL: what a power failure does. */
  crash(): Promise<void>;
  ctl(args: readonly string[], options?: { readonly timeoutMs?: number }): Promise<CtlAnswer>;
  /** `rabbitmqctl force_boot`; a node that hangs in its start is stopped first. */
  forceBoot(): Promise<CtlAnswer>;
}

// A node that waits for peers it cannot find would wait for five minutes.
const START_WITHIN_MS = 60_000;
const STOP_GRACE_MS = 30_000;

/** Makes the handle; starts nothing. */
export function rabbitmqNode(cluster: ClusterSetup, setup: NodeSetup, supervisor: Supervisor): RabbitmqNode {
  let child: Child | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  const folders = nodeFolders(cluster, setup);
  const isUp = (): boolean => child !== undefined && !child.hasEnded();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = queue.then(work);
    queue = done.catch(() => undefined);
    return done;
  };

  async function start(withinMs: number): Promise<void> {
    if (child === undefined || child.hasEnded()) {
      child = supervisor.start({
        name: setup.name,
        // The switch replaces what the script leaves out when it is told to become the Erlang machine.
        argv: [cluster.programs.server, '-noinput'],
        env: nodeEnvironment(cluster, setup),
        cwd: folders.base,
        logFile: folders.output,
      });
    } else if (!(await serves(cluster, setup))) {
      // The machine runs and RabbitMQ on it does not: somebody has said stop_app.
      await rabbitmqctl(cluster, setup, ['start_app'], { timeoutMs: withinMs });
    }
    const serving = () => serves(cluster, setup);
    await whileAlive(child, waitFor(`${setup.name} to serve`, serving, { withinMs, everyMs: 200 }));
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    await child?.stop(signal, STOP_GRACE_MS);
    // Until epmd has noticed, a new node of this name would be refused.
    await sleep(200);
  }

  return {
    setup,
    pid: () => (isUp() ? child?.pid : undefined),
    start: (options = {}) => inTurn(() => start(options.withinMs ?? START_WITHIN_MS)),
    stop: () => inTurn(() => end('SIGTERM')),
    crash: () => inTurn(() => end('SIGKILL')),
    ctl: (args, options) => inTurn(() => rabbitmqctl(cluster, setup, args, options)),
    forceBoot: () =>
      inTurn(async () => {
        if (isUp() && !(await serves(cluster, setup))) {
          await end('SIGTERM');
        }
        return rabbitmqctl(cluster, setup, ['force_boot']);
      }),
  };
}

/** True when the node's own API says that the node runs. */
async function serves(cluster: ClusterSetup, setup: NodeSetup): Promise<boolean> {
  const rows = await readManagement(cluster, setup, '/api/nodes?columns=name,running').catch(() => undefined);
  return (
    Array.isArray(rows) &&
    rows.some((row: { name?: unknown; running?: unknown }) => row.name === setup.name && row.running === true)
  );
}

/** One read of a node's management API, for the sandbox's own waiting. */
export const readManagement = (
  cluster: Pick<ClusterSetup, 'username' | 'password'>,
  node: Pick<NodeSetup, 'managementPort'>,
  path: string,
): Promise<unknown> => askManagement(cluster, node, 'GET', path);

/** Asks one node's management API for anything; undefined where the answer has no body. */
export async function askManagement(
  cluster: Pick<ClusterSetup, 'username' | 'password'>,
  node: Pick<NodeSetup, 'managementPort'>,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: object,
): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${node.managementPort}${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${cluster.username}:${cluster.password}`).toString('base64')}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(5_000),
  });
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(`${method} ${path} of port ${node.managementPort}: ${answer.status}`);
  }
  return text === '' ? undefined : JSON.parse(text);
}
