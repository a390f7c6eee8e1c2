import type { Environment } from '../../process/environment.ts';
import { listed } from '../../wording/words.ts';
import { allNearest } from '../file/nearest.ts';
import type { ConfigPath, CrossProblem } from '../file/problem.ts';
import { agentHosts } from './cross-agents.ts';
import { sameBrokers } from './cross-brokers.ts';
import { floors } from './cross-floors.ts';
import { hostsOfNodes } from './cross-hosts.ts';
import { slackSettings } from './cross-slack.ts';
import { type CrossView, crossView } from './cross-view.ts';
import { sshHosts } from './ssh-checks.ts';

/** What no single field can tell: names that refer to each other, and fields that need each other. Reads what it can. */
export function crossCheck(raw: unknown, environment: Environment): readonly CrossProblem[] {
  const file = crossView(raw);
  return [
    ...slackSettings(file),
    ...redisKind(file),
    ...names(file),
    ...sameBrokers(file),
    ...hostsOfNodes(file),
    ...agentHosts(file),
    ...sshHosts(file, environment),
    ...floors(file),
    ...maintained(file),
  ];
}

const isEncrypted = (url: unknown): boolean => typeof url === 'string' && url.startsWith('rediss:');

const ofSentinels = ['name', 'database', 'username', 'password', 'sentinelPassword'] as const;

/** One server by its URL, or a master by its sentinels: a mixture would hide which one is used. */
function* redisKind({ redis }: CrossView): Iterable<CrossProblem> {
  if (redis === undefined) {
    return;
  }
  if (redis.sentinels !== undefined && redis.name === undefined) {
    yield {
      path: ['redis', 'name'],
      expected: 'what the sentinels call the master, because there are sentinels',
      came: 'nothing',
      cure: 'add name, such as mymaster',
    };
  }
  if (redis.sentinels !== undefined && redis.url !== undefined) {
    yield {
      path: ['redis', 'url'],
      expected: 'no URL, because there are sentinels',
      came: 'a URL',
      cure: 'remove url; user, password and database of the master have keys of their own',
    };
  }
  if (redis.tls !== undefined && redis.sentinels === undefined && !isEncrypted(redis.url)) {
    yield {
      path: ['redis', 'tls'],
      expected: 'no tls, because redis.url is not encrypted',
      came: 'one',
      cure: 'write rediss: instead of redis: in redis.url',
    };
  }
  for (const key of redis.sentinels === undefined ? ofSentinels : []) {
    if (redis[key] === undefined) {
      continue;
    }
    yield {
      path: ['redis', key],
      expected: `no ${key}, because there are no sentinels`,
      came: 'one',
      cure: 'put it into redis.url, rediss://user:password@host:6379/0, or add sentinels',
    };
  }
}

function* names({ clusters }: CrossView): Iterable<CrossProblem> {
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

function* twice(
  values: readonly (string | undefined)[],
  pathOf: (index: number) => ConfigPath,
): Iterable<CrossProblem> {
  for (const [index, value] of values.entries()) {
    if (value === undefined || values.indexOf(value) === index) {
      continue;
    }
    yield {
      path: pathOf(index),
      expected: 'a unique name',
      came: `${JSON.stringify(value)} a second time`,
      cure: 'rename one of the two',
    };
  }
}

function* maintained({ maintenance = [], clusters }: CrossView): Iterable<CrossProblem> {
  const known = clusters.flatMap(({ name }) => name ?? []);
  for (const [index, window] of maintenance.entries()) {
    for (const [at, name] of (window.clusters ?? []).entries()) {
      if (known.includes(name)) {
        continue;
      }
      yield {
        path: ['maintenance', index, 'clusters', at],
        expected: 'the name of a cluster',
        came: JSON.stringify(name),
        cure: `write ${listed(allNearest(name, known), 'or') || listed(known, 'or')}`,
      };
    }
  }
}
