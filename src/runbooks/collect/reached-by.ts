import type { ClusterPorts } from '../actions/common/ports.ts';
import type { Answers, Unseen } from '../look.ts';
import type { ClusterSettings, NodeSettings, ReachedBy } from '../snapshot/observation.ts';
import { listed } from '../wording/words.ts';
import type { Limits } from './collect-node.ts';
import { hostAndPort } from './epmd.ts';
import { activeServers, type HaproxySection, type HaproxyServer, parseHaproxy } from './haproxy.ts';

type Reached = Answers['reached-by'];

/** How the services reach the broker: step 1 of choosing which node to keep (handbook, section 8). */
export async function lookReachedBy(ports: ClusterPorts, limits: Limits): Promise<Reached | Unseen> {
  const { reachedBy } = ports.settings;
  switch (reachedBy.kind) {
    case 'unknown':
      return {
        kind: 'reached-by',
        nodes: [],
        how: 'the configuration does not say how the services reach the broker',
      };
    case 'transport-url':
      return reachedByTransportUrl(ports.settings, reachedBy.hosts);
    case 'haproxy':
      return lookAtHaproxy(ports, reachedBy, limits);
  }
}

/** Nodes named in the services' `transport_url`, in its order. */
export function reachedByTransportUrl(settings: ClusterSettings, hosts: readonly string[]): Reached {
  const found = hosts.map((address) => {
    const { host, port } = hostAndPort(address);
    const asked = /:\d+$/.test(address) ? port : undefined;
    return { address, nodes: nodesAt(settings.nodes, host, asked) };
  });
  const strangers = found.filter(({ nodes }) => nodes.length === 0).map(({ address }) => address);
  const nodes = [...new Set(found.flatMap((each) => each.nodes))];
  const rest =
    strangers.length === 0 ? '' : `; no configured node has the address ${listed(strangers, 'or')}`;
  return {
    kind: 'reached-by',
    nodes,
    how: `the services' transport URL names ${listed(nodes) || 'none of the nodes'}${rest}`,
  };
}

async function lookAtHaproxy(
  ports: ClusterPorts,
  { host, path }: Extract<ReachedBy, { kind: 'haproxy' }>,
  limits: Limits,
): Promise<Reached | Unseen> {
  const answer = await ports.hosts.run({ host, operation: 'file.read', args: { path } }, limits);
  switch (answer.kind) {
    case 'done':
      return reachedByHaproxy(ports.settings, answer.output, `${path} on ${host}`);
    case 'failed':
      return unseen(`reading ${path} on ${host} failed: ${answer.output.trim().slice(0, 200)}`);
    case 'unknown':
    case 'not-started':
      return unseen(`reading ${path} on ${host} failed: ${answer.because}`);
  }
}

/** The nodes that haproxy's back-end really forwards to: not its backups, not the disabled ones. */
function reachedByHaproxy(settings: ClusterSettings, file: string, source: string): Reached | Unseen {
  const section = brokerSection(settings, parseHaproxy(file));
  if (section === undefined) {
    return unseen(`${source} has no listen or backend section with these nodes`);
  }
  const nodes = [...new Set(activeServers(section).flatMap((server) => nodesOf(settings, server)))];
  const what = `${section.kind} ${section.name} in ${source}`;
  return {
    kind: 'reached-by',
    nodes,
    how:
      nodes.length === 0
        ? `${what} has no active server among these nodes`
        : `${what} forwards to ${listed(nodes)}`,
  };
}

/** The section with the most of this cluster's nodes; one file balances databases and web services too. */
function brokerSection(
  settings: ClusterSettings,
  sections: readonly HaproxySection[],
): HaproxySection | undefined {
  const nodesIn = (section: HaproxySection): number =>
    new Set(section.servers.flatMap((server) => nodesOf(settings, server))).size;
  const [best] = sections.toSorted((one, other) => nodesIn(other) - nodesIn(one));
  return best !== undefined && nodesIn(best) > 0 ? best : undefined;
}

const nodesOf = (settings: ClusterSettings, server: HaproxyServer): readonly string[] => {
  const exact = nodesAt(settings.nodes, server.host, server.port);
  // Many files name their servers after the hosts and give addresses that the configuration does not know.
  return exact.length > 0 ? exact : nodesAt(settings.nodes, server.name, server.port);
};

/** By AMQP address, or by the host part of the node's own name. Without a port, any port will do. */
function nodesAt(nodes: readonly NodeSettings[], host: string, port: number | undefined): readonly string[] {
  const wanted = host.toLowerCase();
  return nodes
    .filter((node) => port === undefined || node.amqpPort === port)
    .filter((node) =>
      [node.amqpHost, node.name.replace(/^.*@/, '')].some((own) => own.toLowerCase() === wanted),
    )
    .map(({ name }) => name);
}

const unseen = (because: string): Unseen => ({ kind: 'unseen', because });
