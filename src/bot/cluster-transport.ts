import { formatTransportUrl, getTransport, type Transport } from '../rpc/index.ts';
import type { ClusterConfig } from './config/config.ts';

/** A transport to all nodes of a cluster, in one vhost, as the bot's own user. Nothing is connected yet. */
export function clusterTransport(config: ClusterConfig, vhost: string = config.vhost): Transport {
  const isEncrypted = config.nodes.some(({ amqp }) => amqp.startsWith('amqps:'));
  return getTransport(urlOf(config, vhost), {
    connectionName: 'watership',
    ...(isEncrypted ? { tls: { enabled: true } } : {}),
  });
}

function urlOf(config: ClusterConfig, vhost: string): string {
  return formatTransportUrl({
    transport: 'rabbit',
    virtualHost: vhost === '/' ? '' : vhost,
    hosts: config.settings.nodes.map(({ amqpHost, amqpPort }) => ({
      hostname: amqpHost,
      port: amqpPort,
      username: config.username,
      password: config.password,
    })),
    query: {},
  });
}
