import {
  formatTransportUrl,
  getTransport,
  type ManagementEndpoint,
  type TlsOptions,
  type Transport,
  type TransportOptions,
} from '../../rpc/index.ts';
import type { ClusterConfig, NodeConfig } from '../config/config.ts';

/** A transport to all nodes of a cluster, in one vhost, as the bot's own user. Nothing is connected yet. */
export function clusterTransport(config: ClusterConfig, vhost: string = config.vhost): Transport {
  return transportTo(config, config.nodes, { vhost, connectionName: 'watership' });
}

/** The same to some of its nodes. */
export function transportTo(
  config: ClusterConfig,
  nodes: readonly NodeConfig[],
  { vhost, connectionName }: { readonly vhost: string; readonly connectionName: string },
): Transport {
  const names = nodes.map(({ name }) => name);
  const url = formatTransportUrl({
    transport: 'rabbit',
    virtualHost: vhost === '/' ? '' : vhost,
    hosts: config.settings.nodes
      .filter(({ name }) => names.includes(name))
      .map(({ amqpHost, amqpPort }) => ({
        hostname: amqpHost,
        port: amqpPort,
        username: config.username,
        password: config.password,
      })),
    query: {},
  });
  const isEncrypted = nodes.some(({ amqp }) => amqp.startsWith('amqps:'));
  return getTransport(url, { connectionName, ...(isEncrypted ? encrypted(config) : {}) });
}

const encrypted = (config: ClusterConfig): TransportOptions => ({
  tls: { ...tlsOf(config), enabled: true },
  ...(config.tls?.login === 'certificate' && { login: 'EXTERNAL' }),
});

/** The management API of a node, as `openManagement` wants it. */
export const managementOf = (config: ClusterConfig, node: NodeConfig): ManagementEndpoint => ({
  node: node.name,
  url: node.management,
  username: config.username,
  password: config.password,
  tls: tlsOf(config),
});

/** What the addresses of a cluster with TLS have in common. */
export function tlsOf({ tls }: Pick<ClusterConfig, 'tls'>): TlsOptions {
  if (tls === undefined) {
    return {};
  }
  const { login: _, ...texts } = tls;
  return texts;
}
