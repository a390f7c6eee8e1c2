import {
  formatTransportUrl,
  getTransport,
  type ManagementApi,
  probeService,
  Target,
  type Transport,
} from '../rpc/index.ts';
import type { ClusterPorts } from '../runbooks/index.ts';
import type { ClusterConfig } from './config/config.ts';

/** RPC probes of one cluster: a connection for each vhost, opened when it is first asked for. */
export interface Prober {
  readonly probe: ClusterPorts['probe'];
  close(): Promise<void>;
}

/** A living service answers in milliseconds: who is silent for this long is taken for deaf. */
const LONGEST_PROBE_MS = 5_000;
/** Of a probe's time, for finding out which exchange leads to the queue. */
const EXCHANGE_SHARE = 0.25;

export function openProber(config: ClusterConfig, management: readonly ManagementApi[]): Prober {
  const transports = new Map<string, Transport>();
  const transportFor = (vhost: string): Transport => {
    const known = transports.get(vhost);
    if (known) return known;
    const opened = getTransport(urlOf(config, vhost), {
      connectionName: 'watership',
      ...(config.nodes.some(({ amqp }) => amqp.startsWith('amqps:')) ? { tls: { enabled: true } } : {}),
    });
    transports.set(vhost, opened);
    return opened;
  };
  return {
    async probe({ topic, server, vhost = config.vhost, timeoutMs: allowedMs }) {
      const timeoutMs = Math.min(LONGEST_PROBE_MS / (1 - EXCHANGE_SHARE), allowedMs);
      const queue = server === undefined ? topic : `${topic}.${server}`;
      const exchange = await exchangeOf(management, vhost, queue, timeoutMs * EXCHANGE_SHARE);
      const target = new Target({
        topic,
        ...(server === undefined ? {} : { server }),
        ...(exchange === undefined ? {} : { exchange }),
      });
      const { verdict, tookMs, how } = await probeService(transportFor(vhost), target, {
        timeoutMs: timeoutMs * (1 - EXCHANGE_SHARE),
      });
      return { verdict, tookMs, how };
    },
    async close() {
      await Promise.all([...transports.values()].map((transport) => transport.cleanup()));
    },
  };
}

/** Each OpenStack project has its own exchange (nova, cinder, …); the queue's own binding knows which. */
async function exchangeOf(
  management: readonly ManagementApi[],
  vhost: string,
  queue: string,
  timeoutMs: number,
): Promise<string | undefined> {
  const asked = management.map(async (api) => {
    const bindings = await api.bindingsOfQueue(vhost, queue, { timeoutMs });
    const bound = bindings.find(({ source, routingKey }) => source !== '' && routingKey === queue);
    if (bound === undefined) throw new Error(`${api.node} knows no binding of ${queue}`);
    return bound.source;
  });
  // Nobody knows: then the default exchange of OpenStack is as good a guess as any, and the probe tells.
  return Promise.any(asked).catch(() => undefined);
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
