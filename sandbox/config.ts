import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Cluster } from './cluster.ts';
import { projectFolder } from './layout.ts';
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
  readonly healthPort: number;
}

/** Writes the bot's configuration for this sandbox. */
export function writeBotConfig(input: ConfigInput): void {
  writeFileSync(input.path, `${HEAD}${stringify(botConfig(input), { lineWidth: 0 })}${FOOT}`);
}

function botConfig({ slack, redisUrl, cluster, controlUrl, healthPort }: ConfigInput) {
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
        // Much shorter than in a real cloud: nobody wants to wait ten minutes to see a zombie queue told.
        detection: { zombieAfter: '3s', resolveAfterSweeps: 2 },
      },
    ],
    hosts: {
      sandbox: {
        via: 'local',
        preset: 'custom',
        addresses: ['127.0.0.1'],
        operations: operations(controlUrl),
      },
    },
    people: {
      approvers: [people.alice, people.bob],
      adminApprovers: [people.carol],
      selfApproval: { reversible: true, destructive: true, node: true },
      approvals: { destructive: 1, node: 1 },
    },
    schedule: { sweep: '3s', probe: '30s', digest: { cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' } },
    health: { host: '127.0.0.1', port: healthPort },
    log: { level: 'info' },
    sandbox: { controlUrl },
  };
}

/** On a real host these are `systemctl` and `rabbitmqctl`; here the sandbox's own supervisor does it. */
function operations(controlUrl: string): Readonly<Record<string, readonly string[]>> {
  const client = [process.execPath, join(projectFolder, 'sandbox', 'host-command.mjs'), controlUrl];
  return {
    'node.stop': [...client, 'node.stop', '{node}'],
    'node.start': [...client, 'node.start', '{node}'],
    'node.force_boot': [...client, 'node.force_boot', '{node}'],
    'node.stop_app': [...client, 'node.stop_app', '{node}'],
    'node.start_app': [...client, 'node.start_app', '{node}'],
    'node.reset': [...client, 'node.reset', '{node}'],
    'node.join_cluster': [...client, 'node.join_cluster', '{node}', '{peer}'],
    'node.partition_handling': [...client, 'node.partition_handling', '{node}'],
    'service.restart': [...client, 'service.restart', '{service}', '{pid}'],
    'service.status': [...client, 'service.status', '{service}', '{pid}'],
  };
}

const HEAD = `# Written by the sandbox at each start; changes are lost. A real configuration: deploy/watership.example.yaml
`;

const FOOT = `
# One person may play the whole story here: who asks may also approve, and one yes is enough.
# To see four eyes at work, edit a copy of this file: people.approvals { node: 2, destructive: 1 } and
# people.selfApproval { reversible: true, destructive: false, node: false }, which are the defaults of a real bot.
`;
