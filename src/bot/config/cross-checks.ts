import { nearest } from './nearest.ts';
import type { ConfigPath } from './problem.ts';
import type { ConfigFile } from './schema.ts';

export interface CrossProblem {
  readonly path: ConfigPath;
  readonly expected: string;
  readonly came: string;
  readonly cure: string;
}

/** What no single field can tell: names that refer to each other, and fields that need each other. */
export function crossCheck(file: ConfigFile): readonly CrossProblem[] {
  return [...slackMode(file), ...names(file), ...hostNames(file)];
}

function* slackMode({ slack }: ConfigFile): Iterable<CrossProblem> {
  if (slack.mode === 'socket' && slack.appToken === undefined) {
    yield missing(
      'appToken',
      'an app-level token (xapp-…), because slack.mode is socket',
      'add appToken, or set mode to http',
    );
  }
  if (slack.mode === 'http' && slack.signingSecret === undefined) {
    yield missing(
      'signingSecret',
      'the signing secret, because slack.mode is http',
      'add signingSecret, or set mode to socket',
    );
  }
  if (slack.mode === 'http' && slack.port === undefined) {
    yield missing(
      'port',
      'the port to listen on, because slack.mode is http',
      'add port, or set mode to socket',
    );
  }
}

const missing = (key: string, expected: string, cure: string): CrossProblem => ({
  path: ['slack', key],
  expected,
  came: 'nothing',
  cure,
});

function* names({ clusters }: ConfigFile): Iterable<CrossProblem> {
  yield* twice(
    clusters.map(({ name }) => name),
    (index) => ['clusters', index, 'name'],
  );
  for (const [index, { nodes }] of clusters.entries()) {
    yield* twice(
      nodes.map(({ name }) => name),
      (at) => ['clusters', index, 'nodes', at, 'name'],
    );
  }
}

function* twice(values: readonly string[], pathOf: (index: number) => ConfigPath): Iterable<CrossProblem> {
  for (const [index, value] of values.entries()) {
    if (values.indexOf(value) === index) continue;
    yield {
      path: pathOf(index),
      expected: 'a name that is used once',
      came: `${JSON.stringify(value)} a second time`,
      cure: 'rename one of the two',
    };
  }
}

function* hostNames({ clusters, hosts }: ConfigFile): Iterable<CrossProblem> {
  const known = Object.keys(hosts);
  for (const [index, cluster] of clusters.entries()) {
    for (const [at, { host }] of cluster.nodes.entries()) {
      if (host !== undefined)
        yield* unknownHost(host, known, ['clusters', index, 'nodes', at, 'host'], 'an entry of hosts');
    }
    for (const [at, service] of cluster.services.entries()) {
      const path = ['clusters', index, 'services', at];
      if (service.host === 'from-connection') continue;
      yield* unknownHost(service.host, known, [...path, 'host'], 'an entry of hosts, or from-connection');
      const preset = hosts[service.host]?.preset;
      if (service.restart !== undefined && preset !== undefined && preset !== service.restart) {
        yield {
          path: [...path, 'restart'],
          expected: `${JSON.stringify(preset)}, the preset of host ${service.host}`,
          came: JSON.stringify(service.restart),
          cure: `remove restart, or change hosts.${service.host}.preset`,
        };
      }
    }
    const reached = cluster.reachedBy;
    if (reached && 'haproxy' in reached) {
      yield* unknownHost(
        reached.haproxy.host,
        known,
        ['clusters', index, 'reachedBy', 'haproxy', 'host'],
        'an entry of hosts',
      );
    }
  }
}

function* unknownHost(
  host: string,
  known: readonly string[],
  path: ConfigPath,
  expected: string,
): Iterable<CrossProblem> {
  if (known.includes(host)) return;
  const near = nearest(host, known);
  yield {
    path,
    expected,
    came: JSON.stringify(host),
    cure: near ? `write ${near}` : `add hosts.${host}, for example { via: local, preset: systemd }`,
  };
}
