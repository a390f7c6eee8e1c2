import type { Cluster } from './cluster.ts';
import { readManagement } from './rabbitmq-node.ts';
import type { Service } from './services.ts';
import type { LocalSlack } from './slack.ts';

/** How the sandbox is, for a person: each node with whom it sees, each service, the bot. */
export async function describeStatus(sandbox: {
  readonly cluster: Cluster;
  readonly services: readonly Service[];
  readonly healthPort: number;
  readonly slack: LocalSlack;
}): Promise<string> {
  const { cluster, services } = sandbox;
  const nodes = await Promise.all(
    cluster.nodes.map(async (node) => {
      const pid = node.pid();
      if (pid === undefined) {
        return `${node.setup.name}  down`;
      }
      const view = await readManagement(cluster.setup, node.setup, '/api/nodes').catch(() => undefined);
      return `${node.setup.name}  pid ${pid}  ${describeView(view)}`;
    }),
  );
  const bot = await fetch(`http://127.0.0.1:${sandbox.healthPort}/healthz`).then(
    (answer) => (answer.ok ? 'healthy' : `not healthy (${answer.status})`),
    () => 'no answer',
  );
  return [
    ...nodes,
    ...services.map(({ name, host, pid }) => `${name} (${host})  pid ${pid()}`),
    `bot  ${bot}`,
    `Slack page  ${sandbox.slack.url}`,
  ].join('\n');
}

function describeView(view: unknown): string {
  if (!Array.isArray(view)) {
    return 'its API does not answer';
  }
  const rows: readonly { name?: unknown; running?: unknown; partitions?: unknown }[] = view;
  const seen = rows.filter(({ running }) => running === true).map(({ name }) => String(name));
  const partitions = rows.flatMap((row) => (Array.isArray(row.partitions) ? row.partitions : []));
  const split = partitions.length > 0 ? `, PARTITIONED (${[...new Set(partitions)].join(', ')})` : '';
  return `sees ${seen.map((name) => name.split('@')[0]).join(', ') || 'nobody'}${split}`;
}
