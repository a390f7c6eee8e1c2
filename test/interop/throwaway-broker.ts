import { readManagement } from '../../sandbox/rabbitmq-node.ts';
import { startOwnBroker } from '../support/own-broker.ts';
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
export const startThrowawayBroker = (
  root?: string,
): Promise<ThrowawayBroker & { readonly close: () => Promise<void> }> =>
  startOwnBroker(
    {
      name: 'interop',
      ...(root !== undefined && { programs: (folder: string) => rabbitmqInside(root, folder) }),
    },
    async ({ setup, node }): Promise<ThrowawayBroker> => {
      const about = await readManagement(setup, node.setup, '/api/overview?columns=rabbitmq_version');
      const user = `${setup.username}:${setup.password}`;
      return {
        version: versionOf(about),
        amqpUrl: `amqp://${user}@127.0.0.1:${node.setup.amqpPort}`,
        managementUrl: `http://${user}@127.0.0.1:${node.setup.managementPort}`,
      };
    },
  );

function versionOf(about: unknown): string {
  if (typeof about === 'object' && about !== null && 'rabbitmq_version' in about) {
    return String(about.rabbitmq_version);
  }
  throw new Error('RabbitMQ does not tell its version.');
}
