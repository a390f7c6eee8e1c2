import { definite } from '../../rpc/index.ts';
import { detectionDefaults, type ReachedBy, type Tier } from '../../runbooks/index.ts';
import type { Environment } from '../process/environment.ts';
import type { BotConfig, ClusterConfig, ClusterTls, NodeConfig, RedisConfig } from './config.ts';
import type { ConfigFile } from './schema/schema.ts';
import { shapeHosts } from './shape-hosts.ts';

type ClusterFile = ConfigFile['clusters'][number];
type NodeFile = ClusterFile['nodes'][number];

const EPMD_PORT = 4369;
const selfApprovalDefaults: Readonly<Record<Tier, boolean>> = {
  read: true,
  reversible: true,
  destructive: false,
  node: false,
  mass: false,
};
const approvalDefaults: Readonly<Record<Tier, number>> = {
  read: 0,
  reversible: 1,
  destructive: 1,
  node: 2,
  mass: 2,
};

/** The checked file in the form that the bot uses, with every default in place. */
export function shape(file: ConfigFile, environment: Environment): BotConfig {
  const { slack, people, schedule } = file;
  return {
    slack: {
      mode: slack.mode,
      botToken: slack.botToken,
      ...definite({
        appToken: slack.appToken,
        signingSecrets: listOf(slack.signingSecret),
        port: slack.port,
      }),
      channel: slack.channel,
      apiUrl: slack.apiUrl,
    },
    redis: shapeRedis(file.redis),
    clusters: file.clusters.map((cluster) => shapeCluster(cluster, slack.channel)),
    hosts: shapeHosts(file.hosts, environment),
    ...definite({ agents: file.agents }),
    people: {
      approvers: people.approvers,
      adminApprovers: people.adminApprovers,
      selfApproval: { ...selfApprovalDefaults, ...definite(people.selfApproval) },
      approvals: { ...approvalDefaults, ...definite(people.approvals) },
      typedConfirmation: definite(people.typedConfirmation),
      planExpiresMs: people.planExpires,
      onCall: people.onCall ?? people.approvers,
      owners: people.owners ?? people.adminApprovers,
      cli: people.cli,
      businessHours: {
        days: people.businessHours.days,
        fromMinute: minuteOf(people.businessHours.from),
        untilMinute: minuteOf(people.businessHours.until),
        timezone: people.businessHours.timezone,
      },
    },
    limits: file.limits,
    halt: definite({ file: file.halt.file, always: environment.read('WATERSHIP_HALT') || undefined }),
    maintenance: file.maintenance.map(({ cron, timezone, duration, clusters }) => ({
      cron,
      timezone,
      durationMs: duration,
      ...definite({ clusters }),
    })),
    schedule: {
      sweepMs: schedule.sweep,
      probeMs: schedule.probe,
      ...definite({ digest: schedule.digest }),
    },
    ...(file.notify === undefined
      ? {}
      : { notify: { webhook: file.notify.webhook, afterMs: file.notify.after } }),
    ...definite({ health: file.health, sandbox: file.sandbox }),
    audit: { keep: file.audit.keep, ...definite({ file: file.audit.file, key: file.audit.key }) },
    log: file.log,
  };
}

const listOf = (value: string | readonly string[] | undefined): readonly string[] | undefined =>
  typeof value === 'string' ? [value] : value;

function shapeRedis({ url, prefix, copies, sentinels, name, ...rest }: ConfigFile['redis']): RedisConfig {
  const { database = 0, tls, username, password, sentinelPassword } = rest;
  const common = {
    ...{ url: url ?? 'redis://127.0.0.1:6379/0', prefix },
    ...(tls === undefined ? {} : { tls: definite(tls) }),
  };
  if (sentinels === undefined || name === undefined) {
    return { ...common, ...definite({ copies }) };
  }
  const secrets = definite({ username, password, sentinelPassword });
  return { ...common, copies: copies ?? 1, sentinel: { sentinels, name, database, ...secrets } };
}

const minuteOf = (clockTime: string): number => {
  const [hour = 0, minute = 0] = clockTime.split(':').map(Number);
  return hour * 60 + minute;
};

function shapeCluster(cluster: ClusterFile, defaultChannel: string): ClusterConfig {
  const nodes = cluster.nodes.map((node) => shapeNode(node, cluster.tls !== undefined));
  const { zombieAfter, looksApart, ...detection } = cluster.detection ?? {};
  return {
    settings: {
      name: cluster.name,
      nodes: nodes.map(({ name, host, amqp }) => {
        const url = new URL(amqp);
        return {
          name,
          ...definite({ host }),
          amqpHost: bareHost(url),
          amqpPort: Number(url.port) || (url.protocol === 'amqps:' ? 5671 : 5672),
        };
      }),
      detection: {
        ...detectionDefaults,
        ...definite(detection),
        ...definite({ zombieAfterMs: zombieAfter, looksApartMs: looksApart }),
      },
      services: cluster.services.map(({ name, queues, host, unit, exchange, probe, rpcVersion }) => ({
        name,
        queues,
        host,
        ...definite({ unit, exchange, probe, rpcVersion }),
      })),
      ...definite({ partitionHandling: cluster.partitionHandling, protect: cluster.protect }),
      reachedBy: shapeReachedBy(cluster.reachedBy),
    },
    channel: cluster.channel ?? defaultChannel,
    vhost: cluster.vhost,
    username: cluster.username,
    password: cluster.password,
    ...(cluster.tls === undefined ? {} : { tls: shapeTls(cluster.tls) }),
    nodes,
  };
}

const shapeTls = ({ login, ...texts }: NonNullable<ClusterFile['tls']>): ClusterTls => ({
  login,
  ...definite(texts),
});

function shapeNode(node: NodeFile, hasTls: boolean): NodeConfig {
  const url = new URL(node.management);
  const management = bareHost(url);
  const amqp = hasTls ? `amqps://${url.hostname}:5671` : `amqp://${url.hostname}:5672`;
  const epmd = node.epmd === false ? undefined : (node.epmd ?? `${management}:${EPMD_PORT}`);
  return {
    name: node.name,
    management: node.management.replace(/\/+$/, ''),
    amqp: node.amqp ?? amqp,
    ...definite({ epmd, host: node.host, prometheus: node.prometheus?.replace(/\/+$/, '') }),
  };
}

function shapeReachedBy(reachedBy: ClusterFile['reachedBy']): ReachedBy {
  if (reachedBy === undefined) {
    return { kind: 'unknown' };
  }
  if ('haproxy' in reachedBy) {
    return { kind: 'haproxy', ...reachedBy.haproxy };
  }
  return { kind: 'transport-url', hosts: hostsOf(reachedBy.transportUrl) };
}

/** `rabbit://u:p@one:5672,u:p@two:5672/vhost` → one:5672, two:5672. Names and passwords are left behind. */
export function hostsOf(transportUrl: string): readonly string[] {
  const [authority = ''] = transportUrl.replace(/^[a-z+]+:\/\//, '').split(/[/?]/);
  return authority
    .split(',')
    .map((part) => part.slice(part.lastIndexOf('@') + 1))
    .filter((part) => part !== '');
}

/** URL keeps the brackets of an IPv6 address; nobody who dials wants them. */
const bareHost = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');
