import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portsOfCluster, startCluster } from '../../sandbox/cluster.ts';
import { freePorts } from '../../sandbox/ports.ts';
import { openSupervisor } from '../../sandbox/supervisor.ts';
import { removeFolder } from '../support/remove-folder.ts';

/** A RabbitMQ node that a test may break, and that goes with it. */
export interface ChaosBroker {
  /** With user and password. */
  readonly amqpUrl: string;
  manage(method: 'GET' | 'DELETE', path: string): Promise<unknown>;
  ctl(...args: string[]): Promise<void>;
  /** Stops it in good order and starts it again. */
  restart(): Promise<void>;
  /** Kills it as a power failure does, and starts it again. */
  crash(): Promise<void>;
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/** Starts one on free ports, in a folder of its own. */
export async function startChaosBroker(): Promise<ChaosBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'watership-chaos-'));
  mkdirSync(join(folder, 'logs'));
  const supervisor = openSupervisor(join(folder, 'pids.json'));
  const close = async (): Promise<void> => {
    await supervisor.stopAll();
    removeFolder(folder);
  };
  try {
    const ports = await freePorts(portsOfCluster(1));
    const names = ['rabbit@localhost'];
    const cluster = await startCluster({ folder: join(folder, 'rabbitmq'), names, ports, supervisor });
    const { username, password } = cluster.setup;
    const [node] = cluster.nodes;
    if (!node) throw new Error('the cluster has no node');
    const signal = (name: NodeJS.Signals): void => {
      const pid = node.pid();
      if (pid !== undefined) process.kill(pid, name);
    };
    return {
      amqpUrl: `amqp://${username}:${password}@127.0.0.1:${node.setup.amqpPort}`,
      async manage(method, path) {
        const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
        const url = `http://127.0.0.1:${node.setup.managementPort}/api${path}`;
        const answer = await fetch(url, { method, headers: { authorization } });
        if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
        const text = await answer.text();
        return text === '' ? undefined : JSON.parse(text);
      },
      async ctl(...args) {
        const { exitCode, output } = await node.ctl(args);
        if (exitCode !== 0) throw new Error(`rabbitmqctl ${args.join(' ')}: ${output}`);
      },
      async restart() {
        await node.stop();
        await node.start();
      },
      async crash() {
        await node.crash();
        await node.start();
      },
      freeze: () => signal('SIGSTOP'),
      thaw: () => signal('SIGCONT'),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
