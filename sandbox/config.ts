import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { stringify } from 'yaml';
import type { Cluster } from './cluster.ts';
import { serviceTable } from './services/table.ts';
import { type LocalSlack, workspace } from './slack.ts';

/** Name of the sandbox's cluster, as in the cards. */
export const CLUSTER_NAME = 'sandbox';

/** Where the bot's health port is, and who sends it what. */
export interface ConfigInput {
  readonly path: string;
  readonly slack: LocalSlack;
  readonly redisUrl: string;
  readonly cluster: Cluster;
  readonly controlUrl: string;
  /** The program that the bot runs to have something done to a node or service. */
  readonly hostCommand: string;
  readonly healthPort: number;
}

/** Writes the bot's configuration for this sandbox. */
export function writeBotConfig(input: ConfigInput): void {
  writeFileSync(input.path, `${HEAD}${stringify(botConfig(input), { lineWidth: 0 })}${FOOT}`);
}

function botConfig({ slack, redisUrl, cluster, controlUrl, hostCommand, healthPort }: ConfigInput) {
  const { people, channels } = workspace;
  const { setup } = cluster;
  return {
    slack: {
      mode: 'socket',
      botToken: workspace.botToken,
      appToken: workspace.appToken,
      channel: channels['rabbit-alerts'],
      apiUrl: slack.apiUrl,
    },
    redis: { url: redisUrl, prefix: 'watership' },
    clusters: [
      {
        name: CLUSTER_NAME,
        channel: channels['rabbit-alerts'],
        username: setup.username,
        password: setup.password,
        nodes: cluster.nodes.map(({ setup: node }) => ({
          name: node.name,
          management: `http://127.0.0.1:${node.managementPort}`,
          amqp: `amqp://127.0.0.1:${node.amqpPort}`,
          epmd: `127.0.0.1:${setup.epmdPort}`,
          prometheus: `http://127.0.0.1:${node.metricsPort}`,
          host: 'sandbox',
        })),
        services: serviceTable.map(({ name, queues }) => ({ name, queues, host: 'sandbox' })),
        partitionHandling: 'ignore',
        // Much shorter than in a real cloud: nobody wants to wait ten minutes until a zombie queue is reported. Not shorter than
        // the broker's own rates, which show a consumer for some seconds more.
        detection: { zombieAfter: '12s', looksApart: '1s', deafProbes: 2, resolveAfterSweeps: 2 },
      },
    ],
    hosts: {
      sandbox: {
        via: 'local',
        preset: 'custom',
        addresses: ['127.0.0.1'],
        operations: operations(hostCommand),
      },
    },
    people: {
      approvers: [people.alice, people.bob],
      adminApprovers: [people.carol],
      selfApproval: { reversible: true, destructive: true, node: true },
      approvals: { destructive: 1, node: 1 },
      // Whoever started the sandbox is Alice at the command line too.
      cli: { [userInfo().username]: people.alice },
    },
    schedule: { sweep: '3s', probe: '5s', digest: { cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' } },
    health: { host: '127.0.0.1', port: healthPort },
    log: { level: 'info' },
    sandbox: { controlUrl },
  };
}

/** On a real host these are `systemctl` and `rabbitmqctl`; here the sandbox's own supervisor does it. */
function operations(host: string): Readonly<Record<string, readonly string[]>> {
  const onNode = ['stop', 'start', 'force_boot', 'stop_app', 'start_app', 'reset', 'partition_handling'];
  return {
    ...Object.fromEntries(onNode.map((verb) => [`node.${verb}`, [host, `node.${verb}`, '{node}']])),
    'node.join_cluster': [host, 'node.join_cluster', '{node}', '{peer}'],
    'service.restart': [host, 'service.restart', '{service}', '{pid}'],
    'service.status': [host, 'service.status', '{service}', '{pid}'],
  };
}

const HEAD = `# Written by the sandbox at each start; changes are lost. A real configuration: deploy/watership.example.yaml
`;

const FOOT = `
# One person may play the whole story here: who asks may also approve, and one yes is enough.
# To see four eyes at work, edit a copy of this file: people.approvals { node: 2, destructive: 1 } and
# people.selfApproval { reversible: true, destructive: false, node: false }, which are the defaults of a real bot;
# without the entry "sandbox" a file may ask for more votes than these, and not for fewer.
`;
