import { presets } from '../../../runbooks/index.ts';
import { listed } from '../../wording/words.ts';
import { allNearest } from '../file/nearest.ts';
import type { ConfigPath, CrossProblem } from '../file/problem.ts';
import type { CrossHost, CrossNode, CrossView } from './cross-view.ts';

/** Hosts that nodes, services and balancers name, and nodes that share one. */
export function* hostsOfNodes(file: CrossView): Iterable<CrossProblem> {
  yield* hostNames(file);
  yield* sharedHosts(file);
}

function* hostNames({ clusters, hosts }: CrossView): Iterable<CrossProblem> {
  if (hosts === undefined) {
    return;
  }
  const known = Object.keys(hosts);
  for (const [index, cluster] of clusters.entries()) {
    for (const [at, node] of cluster.nodes.entries()) {
      if (node.host === undefined || known.includes(node.host)) {
        continue;
      }
      const own = hostsOfNode(node, hosts);
      yield unknownHost(node.host, {
        near: own.length > 0 ? own : allNearest(node.host, known),
        path: ['clusters', index, 'nodes', at, 'host'],
        expected: 'an entry of hosts',
        because: own.length > 0 ? `where ${node.name} is` : `the one where ${node.name ?? 'the node'} is`,
      });
    }
    for (const [at, service] of cluster.services.entries()) {
      const path = ['clusters', index, 'services', at];
      const { host, restart } = service;
      if (host === undefined || host === 'from-connection') {
        continue;
      }
      if (!known.includes(host)) {
        yield unknownHost(host, {
          near: allNearest(host, known),
          path: [...path, 'host'],
          expected: 'an entry of hosts, or from-connection',
        });
      }
      const preset = hosts[host]?.preset;
      if (restart !== undefined && preset !== undefined && preset !== restart) {
        yield {
          path: [...path, 'restart'],
          expected: `${JSON.stringify(preset)}, the preset of host ${host}`,
          came: JSON.stringify(restart),
          cure: `remove restart, or change hosts.${host}.preset`,
        };
      }
    }
    const balancer = cluster.reachedBy?.haproxy.host;
    if (balancer !== undefined && !known.includes(balancer)) {
      yield unknownHost(balancer, {
        near: allNearest(balancer, known),
        path: ['clusters', index, 'reachedBy', 'haproxy', 'host'],
        expected: 'an entry of hosts',
      });
    }
  }
}

/** The hosts that have the node's name or one of its addresses: a node's commands must run where the node is. */
function hostsOfNode(node: CrossNode, hosts: Readonly<Record<string, CrossHost>>): readonly string[] {
  const full = node.name?.replace(/^.*@/, '');
  const own = [full, full?.replace(/\..*$/, ''), hostnameOf(node.management), hostnameOf(node.amqp)];
  return Object.entries(hosts)
    .filter(([name, { addresses }]) =>
      own.some((each) => each === name || addresses.some((it) => it === each)),
    )
    .map(([name]) => name);
}

const hostnameOf = (url: string | undefined): string | undefined =>
  url !== undefined && URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : undefined;

function unknownHost(
  host: string,
  {
    near,
    path,
    expected,
    because,
  }: {
    readonly near: readonly string[];
    readonly path: ConfigPath;
    readonly expected: string;
    readonly because?: string;
  },
): CrossProblem {
  const why = because === undefined ? '' : `, ${because}`;
  return {
    path,
    expected,
    came: JSON.stringify(host),
    cure:
      near.length > 0
        ? `write ${listed(near, 'or')}${why}`
        : `add hosts.${host}, for example { via: local, preset: systemd }`,
  };
}

/** Two nodes on one host are right only if its commands say which of them they mean. */
function* sharedHosts({ clusters, hosts }: CrossView): Iterable<CrossProblem> {
  const first = new Map<string, string>();
  for (const [index, { nodes }] of clusters.entries()) {
    for (const [at, { name, host }] of nodes.entries()) {
      if (name === undefined || host === undefined) {
        continue;
      }
      const other = first.get(host) ?? name;
      first.set(host, other);
      const vague = vagueOperations(hosts?.[host]);
      if (other === name || vague.length === 0) {
        continue;
      }
      yield {
        path: ['clusters', index, 'nodes', at, 'host'],
        expected: `a host that ${other} does not use, because ${vague.join(', ')} of ${host} would not say which node is meant`,
        came: JSON.stringify(host),
        cure: `write the host where ${name} is; if both are there, put {node} into these operations of hosts.${host}`,
      };
    }
  }
}

function vagueOperations(host: CrossHost | undefined): readonly string[] {
  if (host?.preset === undefined) {
    return [];
  }
  return Object.entries({ ...presets[host.preset], ...host.operations })
    .filter(
      ([operation, argv]) =>
        operation.startsWith('node.') && !argv.some((part) => /\{(?:node|pod)\}/.test(part)),
    )
    .map(([operation]) => operation);
}
