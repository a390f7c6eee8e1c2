import { type ConfigPath, type CrossProblem, tellPath } from '../file/problem.ts';
import type { CrossView } from './cross-view.ts';

/**
 * A broker that two clusters name would have two turns, two halts and two limits at once: each cluster has its own. By the
 * addresses, because nodes of different clusters often have the same names.
 */
export function* sameBrokers({ clusters }: CrossView): Iterable<CrossProblem> {
  const known = new Map<string, { readonly cluster: number; readonly path: ConfigPath }>();
  for (const [cluster, { nodes }] of clusters.entries()) {
    for (const [at, node] of nodes.entries()) {
      const places = [
        ['management', node.management === undefined ? undefined : placeOf(node.management)],
        ['amqp', node.amqp === undefined ? undefined : placeOf(node.amqp)],
      ] as const;
      for (const [key, place] of places) {
        if (place === undefined) {
          continue;
        }
        const path: ConfigPath = ['clusters', cluster, 'nodes', at, key];
        const first = known.get(`${key} ${place}`);
        if (first === undefined) {
          known.set(`${key} ${place}`, { cluster, path });
        } else if (first.cluster !== cluster) {
          yield {
            path,
            expected: 'a node that is in no other cluster of this file',
            came: `the address of ${tellPath(first.path)}`,
            cure: `remove the node from one of the two clusters, or correct one of the two addresses`,
          };
        }
      }
    }
  }
}

const usualPorts: Readonly<Record<string, string>> = {
  'http:': '80',
  'https:': '443',
  'amqp:': '5672',
  'amqps:': '5671',
};

/** The same for `http://B:80/` and `http://b`; undefined for what is no URL, which is told elsewhere. */
function placeOf(address: string): string | undefined {
  if (!URL.canParse(address)) {
    return undefined;
  }
  const { hostname, port, protocol, pathname } = new URL(address);
  const actualPort = port || usualPorts[protocol];
  return `${hostname.toLowerCase().replace(/\.$/, '')}:${actualPort}${pathname.replace(/\/+$/, '')}`;
}
