import { startOwnBroker } from '../support/own-broker.ts';

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
export const startChaosBroker = (): Promise<ChaosBroker> =>
  startOwnBroker({ name: 'chaos' }, ({ setup: { username, password }, node }) => {
    const signal = (name: NodeJS.Signals): void => {
      const pid = node.pid();
      if (pid !== undefined) {
        process.kill(pid, name);
      }
    };
    return {
      amqpUrl: `amqp://${username}:${password}@127.0.0.1:${node.setup.amqpPort}`,
      async manage(method, path) {
        const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
        const url = `http://127.0.0.1:${node.setup.managementPort}/api${path}`;
        const answer = await fetch(url, { method, headers: { authorization } });
        if (!answer.ok) {
          throw new Error(`${method} ${path}: ${answer.status}`);
        }
        const text = await answer.text();
        return text === '' ? undefined : JSON.parse(text);
      },
      async ctl(...args) {
        const { exitCode, output } = await node.ctl(args);
        if (exitCode !== 0) {
          throw new Error(`rabbitmqctl ${args.join(' ')}: ${output}`);
        }
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
    };
  });
