import { type ChannelModel, connect } from 'amqplib';
import { z } from 'zod';
import type { SandboxReport } from '../../../sandbox/report.ts';

type NodeReport = SandboxReport['clusters'][number]['nodes'][number];

/** The sandbox's cluster, asked and used without the bot. */
export interface Broker {
  readonly nodes: readonly NodeReport[];
  /** True as soon as one node knows the queue; undefined when too few could be asked. */
  hasQueue(name: string): Promise<boolean | undefined>;
  /** The same of a client's connection, by the name that it gives itself. */
  hasClient(clientName: string): Promise<boolean | undefined>;
  /** Every node answers that all run, and none tells a partition. */
  isWhole(): Promise<boolean>;
  /** A client of a node. */
  client(node: NodeReport, clientName: string): Promise<ChannelModel>;
}

const ASK_MS = 5_000;
const named = z.array(z.looseObject({ name: z.string() }));
const members = z.array(z.looseObject({ running: z.boolean(), partitions: z.array(z.string()).default([]) }));
const clients = z.array(
  z.looseObject({ client_properties: z.looseObject({ connection_name: z.string().optional() }).optional() }),
);

/** Opens one for a sandbox; `report` is read anew each time, for pids change. */
export function openBroker(report: () => SandboxReport): Broker {
  const cluster = () => {
    const [first] = report().clusters;
    if (first === undefined) {
      throw new Error('the sandbox has no cluster');
    }
    return first;
  };

  async function read(node: NodeReport, path: string): Promise<unknown> {
    const { username, password } = cluster();
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const answer = await fetch(`http://127.0.0.1:${node.managementPort}${path}`, {
      headers: { authorization },
      signal: AbortSignal.timeout(ASK_MS),
    });
    if (!answer.ok) {
      throw new Error(`GET ${path}: ${answer.status}`);
    }
    return await answer.json();
  }

  async function anywhere(path: string, isIn: (rows: unknown) => boolean): Promise<boolean | undefined> {
    const answers = await Promise.all(
      cluster().nodes.map((node) => read(node, path).then(isIn, () => undefined)),
    );
    if (answers.includes(true)) {
      return true;
    }
    return answers.filter((answer) => answer === false).length >= 2 ? false : undefined;
  }

  return {
    get nodes() {
      return cluster().nodes;
    },
    hasQueue: (name) =>
      anywhere('/api/queues?columns=name', (rows) => named.parse(rows).some((row) => row.name === name)),
    hasClient: (clientName) =>
      anywhere('/api/connections?columns=client_properties', (rows) =>
        clients.parse(rows).some((row) => row.client_properties?.connection_name === clientName),
      ),
    async isWhole() {
      const { nodes } = cluster();
      const views = await Promise.all(nodes.map((node) => read(node, '/api/nodes').catch(() => [])));
      return views
        .map((view) => members.parse(view))
        .every(
          (view) =>
            view.length === nodes.length &&
            view.every(({ running, partitions }) => running && partitions.length === 0),
        );
    },
    async client(node, clientName) {
      const { username, password } = cluster();
      const client = await connect(`amqp://${username}:${password}@127.0.0.1:${node.amqpPort}?heartbeat=60`, {
        clientProperties: { connection_name: clientName },
      });
      // That the broker closes it is the very thing that is wanted.
      client.on('error', () => undefined);
      return client;
    },
  };
}
