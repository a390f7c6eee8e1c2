import { presets } from '../../runbooks/index.ts';
import { agentHosts } from './cross-agents.ts';
import { type CrossHost, type CrossNode, type CrossView, crossView } from './cross-view.ts';
import type { Environment } from './environment.ts';
import { allNearest } from './nearest.ts';
import type { ConfigPath, CrossProblem } from './problem.ts';
import { sshHosts } from './ssh-checks.ts';

/** What no single field can tell: names that refer to each other, and fields that need each other. Reads what it can. */
export function crossCheck(raw: unknown, environment: Environment): readonly CrossProblem[] {
  const file = crossView(raw);
  return [
    ...slackMode(file),
    ...redisKind(file),
    ...tokens(file),
    ...names(file),
    ...hostNames(file),
    ...sharedHosts(file),
    ...agentHosts(file),
    ...sshHosts(file, environment),
    ...floors(file),
    ...maintained(file),
  ];
}

function* slackMode({ slack }: CrossView): Iterable<CrossProblem> {
  if (slack?.mode === 'socket' && slack.appToken === undefined) {
    yield missing(
      'appToken',
      'an app-level token (xapp-…), because slack.mode is socket',
      'add appToken, or set mode to http',
    );
  }
  if (slack?.mode === 'http' && slack.signingSecret === undefined) {
    yield missing(
      'signingSecret',
      'the signing secret, because slack.mode is http',
      'add signingSecret, or set mode to socket',
    );
  }
  if (slack?.mode === 'http' && slack.port === undefined) {
    yield missing(
      'port',
      'the port to listen on, because slack.mode is http',
      'add port, or set mode to socket',
    );
  }
}

const ofSentinels = ['name', 'database', 'username', 'password', 'sentinelPassword', 'tls'] as const;

/** One server by its URL, or a master by its sentinels: a mixture would hide which one is used. */
function* redisKind({ redis }: CrossView): Iterable<CrossProblem> {
  if (redis === undefined) return;
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
  for (const key of redis.sentinels === undefined ? ofSentinels : []) {
    if (redis[key] === undefined) continue;
    yield {
      path: ['redis', key],
      expected: `no ${key}, because there are no sentinels`,
      came: 'one',
      cure: 'put it into redis.url, rediss://user:password@host:6379/0, or add sentinels',
    };
  }
}

const missing = (key: string, expected: string, cure: string): CrossProblem => ({
  path: ['slack', key],
  expected,
  came: 'nothing',
  cure,
});

const tokenKinds = [
  { begins: 'xoxb-', what: 'a bot token (xoxb-…)' },
  { begins: 'xapp-', what: 'an app-level token (xapp-…)' },
  { begins: 'xoxp-', what: 'a user token (xoxp-…)' },
] as const;

/** Only a token that surely is of another kind is wrong: Slack may give its tokens new beginnings. */
function* tokens({ slack }: CrossView): Iterable<CrossProblem> {
  for (const [key, right] of [
    ['botToken', tokenKinds[0]],
    ['appToken', tokenKinds[1]],
  ] as const) {
    const token = slack?.[key];
    const is = tokenKinds.find(({ begins }) => typeof token === 'string' && token.startsWith(begins));
    if (is === undefined || is === right) continue;
    yield {
      path: ['slack', key],
      expected: right.what,
      came: is.what,
      cure: `put ${right.what} there; are botToken and appToken exchanged?`,
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
    if (value === undefined || values.indexOf(value) === index) continue;
    yield {
      path: pathOf(index),
      expected: 'a name that is used once',
      came: `${JSON.stringify(value)} a second time`,
      cure: 'rename one of the two',
    };
  }
}

function* hostNames({ clusters, hosts }: CrossView): Iterable<CrossProblem> {
  if (hosts === undefined) return;
  const known = Object.keys(hosts);
  for (const [index, cluster] of clusters.entries()) {
    for (const [at, node] of cluster.nodes.entries()) {
      if (node.host === undefined || known.includes(node.host)) continue;
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
      if (host === undefined || host === 'from-connection') continue;
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
        ? `write ${near.join(' or ')}${why}`
        : `add hosts.${host}, for example { via: local, preset: systemd }`,
  };
}

/** How many yeses each tier takes at the least. Only a sandbox, where one person plays all parts, may do with fewer. */
const floorsOfVotes = { node: 2, mass: 2 } as const;
const neverOwn = ['destructive', 'mass'] as const;

function* floors({ people, sandbox }: CrossView): Iterable<CrossProblem> {
  if (people === undefined || sandbox !== undefined) return;
  for (const [tier, least] of [
    ['node', floorsOfVotes.node],
    ['mass', floorsOfVotes.mass],
  ] as const) {
    const votes = people.approvals[tier];
    if (votes === undefined || votes >= least) continue;
    yield {
      path: ['people', 'approvals', tier],
      expected: `at least ${least}`,
      came: String(votes),
      cure: `remove it; whoever is on call and alone may break the glass`,
    };
  }
  for (const tier of neverOwn) {
    if (people.selfApproval[tier] !== true) continue;
    yield {
      path: ['people', 'selfApproval', tier],
      expected: 'false: what is lost for good is approved by somebody else',
      came: 'true',
      cure: 'remove it',
    };
  }
}

function* maintained({ maintenance = [], clusters }: CrossView): Iterable<CrossProblem> {
  const known = clusters.flatMap(({ name }) => name ?? []);
  for (const [index, window] of maintenance.entries()) {
    for (const [at, name] of (window.clusters ?? []).entries()) {
      if (known.includes(name)) continue;
      yield {
        path: ['maintenance', index, 'clusters', at],
        expected: 'the name of a cluster',
        came: JSON.stringify(name),
        cure: `write ${allNearest(name, known).join(' or ') || known.join(' or ')}`,
      };
    }
  }
}

/** Two nodes on one host are right only if its commands say which of them they mean. */
function* sharedHosts({ clusters, hosts }: CrossView): Iterable<CrossProblem> {
  const first = new Map<string, string>();
  for (const [index, { nodes }] of clusters.entries()) {
    for (const [at, { name, host }] of nodes.entries()) {
      if (name === undefined || host === undefined) continue;
      const other = first.get(host) ?? name;
      first.set(host, other);
      const vague = vagueOperations(hosts?.[host]);
      if (other === name || vague.length === 0) continue;
      yield {
        path: ['clusters', index, 'nodes', at, 'host'],
        expected: `another host than ${other} has, because ${vague.join(', ')} of ${host} would not say which node`,
        came: JSON.stringify(host),
        cure: `write the host where ${name} is; if both are there, put {node} into these operations of hosts.${host}`,
      };
    }
  }
}

function vagueOperations(host: CrossHost | undefined): readonly string[] {
  if (host?.preset === undefined) return [];
  return Object.entries({ ...presets[host.preset], ...host.operations })
    .filter(
      ([operation, argv]) =>
        operation.startsWith('node.') && !argv.some((part) => /\{(?:node|pod)\}/.test(part)),
    )
    .map(([operation]) => operation);
}
