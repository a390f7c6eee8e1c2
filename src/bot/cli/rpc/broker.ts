import { formatTransportUrl, getTransport, parseTransportUrl, type Transport } from '../../../rpc/index.ts';
import type { HostExecutor } from '../../../runbooks/index.ts';
import { clusterTransport } from '../../cluster/cluster-transport.ts';
import { type OpenCluster, openCluster } from '../../cluster/clusters.ts';
import type { BotConfig, ClusterConfig } from '../../config/config.ts';
import { systemClock } from '../../process/system-clock.ts';
import { type CommonOptions, type Console, noCluster, URL_VARIABLE } from '../common/console.ts';
import { readConfig } from '../common/read-config.ts';

/** Options of the commands that talk to a broker. */
export interface BrokerOptions extends CommonOptions {
  readonly url?: string;
  readonly cluster?: string;
  readonly vhost?: string;
}

/** Where a command's messages go. */
export type Broker =
  /** A configured cluster: its management API says which exchange leads to a queue, and which queues there are. */
  | {
      readonly kind: 'cluster';
      readonly config: ClusterConfig;
      readonly handle: OpenCluster;
      readonly vhost: string;
    }
  /** A transport URL and nothing else. */
  | { readonly kind: 'url'; readonly url: string };

/**
 * The brokers that the options mean: `--url` before `--config` before the variable before the default files. Undefined
 * after the problems of the configuration have been printed; throws with the cure when a cluster is not there.
 */
export function brokersOf(console: Console, options: BrokerOptions): readonly Broker[] | undefined {
  const fromVariable = options.config === undefined ? console.environment.read(URL_VARIABLE) : undefined;
  const url = options.url ?? fromVariable;
  if (url !== undefined) {
    return [{ kind: 'url', url: urlWith(url, options) }];
  }
  const config = readConfig(console, options);
  if (config === undefined) {
    if (options.json !== true) {
      console.err(`Without a configuration, give --url rabbit://user@host:5672/ or set ${URL_VARIABLE}.\n`);
    }
    return undefined;
  }
  return clustersOf(config, options.cluster).map((cluster) => ({
    kind: 'cluster',
    config: cluster,
    handle: open(cluster, config),
    vhost: options.vhost ?? cluster.vhost,
  }));
}

/** The one broker that the options mean. Throws when they mean several. */
export function brokerOf(console: Console, options: BrokerOptions): Broker | undefined {
  const brokers = brokersOf(console, options);
  if (brokers === undefined) {
    return undefined;
  }
  const [broker, another] = brokers;
  if (broker === undefined || another !== undefined) {
    const names = brokers.flatMap((each) => (each.kind === 'cluster' ? [each.config.settings.name] : []));
    throw new Error(`--cluster: expected one of the clusters ${names.join(', ')}, got nothing. Name one.`);
  }
  return broker;
}

/** A transport to the broker; nothing is connected yet. Whoever opens it cleans it up. */
export const transportOf = (broker: Broker): Transport =>
  broker.kind === 'url'
    ? getTransport(broker.url, { connectionName: 'watership' })
    : clusterTransport(broker.config, broker.vhost);

function urlWith(url: string, { vhost, cluster }: BrokerOptions): string {
  if (cluster !== undefined) {
    throw new Error(
      '--cluster: expected none with a URL, because the URL names the broker. Leave out one of them.',
    );
  }
  // Throws what is wrong with it, without repeating it: it may hold a password.
  const parsed = parseTransportUrl(url);
  if (parsed.hosts.length === 0) {
    throw new Error('--url: expected rabbit://user:…@host:port/vhost, got a URL without a host. Add one.');
  }
  return vhost === undefined
    ? url
    : formatTransportUrl({ ...parsed, virtualHost: vhost === '/' ? '' : vhost });
}

function clustersOf({ clusters }: BotConfig, wanted: string | undefined): readonly ClusterConfig[] {
  const found = clusters.filter(({ settings }) => wanted === undefined || settings.name === wanted);
  if (found.length > 0) {
    return found;
  }
  throw new Error(noCluster(wanted, { clusters }));
}

/** These commands talk to services and act on no host. */
const noHosts: HostExecutor = {
  argvOf: () => undefined,
  run: async () => ({ kind: 'not-started', because: 'this command runs nothing on hosts' }),
};

const open = (config: ClusterConfig, { schedule }: BotConfig): OpenCluster =>
  openCluster({
    config,
    hosts: noHosts,
    clock: systemClock,
    sweepMs: schedule.sweepMs,
    history: async () => undefined,
  });
