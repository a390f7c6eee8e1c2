import type { CrossProblem } from '../file/problem.ts';
import type { CrossView } from './cross-view.ts';

/** What `via: agent` needs, and where it must not be. */
export function* agentHosts(file: CrossView): Iterable<CrossProblem> {
  yield* ownKeys(file);
  yield* brokerHosts(file);
}

function* ownKeys({ hosts = {}, agents }: CrossView): Iterable<CrossProblem> {
  const holders = new Map<string, string>();
  for (const [name, { via, keys }] of Object.entries(hosts)) {
    const path = ['hosts', name, 'keys'];
    if (via !== 'agent') {
      continue;
    }
    if (keys === undefined) {
      yield {
        path,
        expected: `the key of the agent on ${name}`,
        came: 'nothing',
        cure: `add keys: [ "\${file:/etc/watership/agents/${name}.key}" ], the same as in its agent.yaml`,
      };
    }
    for (const [index, key] of (keys ?? []).entries()) {
      const holder = holders.get(key);
      holders.set(key, name);
      if (holder === undefined) {
        continue;
      }
      yield {
        path: [...path, index],
        expected: 'a key of its own: whoever steals it from one host must not command another',
        came: `the key of ${holder === name ? 'the same host' : holder}`,
        cure: 'make another one: openssl rand -hex 32',
      };
    }
  }
  const first = Object.entries(hosts).find(([, { via }]) => via === 'agent')?.[0];
  if (first !== undefined && agents === undefined) {
    yield {
      path: ['agents'],
      expected: `the broker of the agents, because host ${first} is via: agent`,
      came: 'nothing',
      cure: 'add agents: { transportUrl: rabbit://… }',
    };
  }
}

/** The agent hears through the broker: whoever stops that broker through it hears no more. */
function* brokerHosts({ clusters, hosts = {} }: CrossView): Iterable<CrossProblem> {
  for (const [index, { nodes }] of clusters.entries()) {
    for (const [at, { name, host }] of nodes.entries()) {
      if (host === undefined || hosts[host]?.via !== 'agent') {
        continue;
      }
      yield {
        path: ['clusters', index, 'nodes', at, 'host'],
        expected: `a host that is reached without the broker, because stopping ${name ?? 'the node'} cuts off its agent`,
        came: `${JSON.stringify(host)}, which is via: agent`,
        cure: `write via: ssh for hosts.${host}, or via: local with commands that reach it without the broker`,
      };
    }
  }
}
