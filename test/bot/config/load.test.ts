// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders of the configuration file

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BotConfig } from '../../../src/bot/config/config.ts';
import { tellProblems } from '../../../src/bot/config/file/problem.ts';
import { loadConfig, parseConfig } from '../../../src/bot/config/load.ts';
import { configJsonSchema } from '../../../src/bot/config/schema/schema.ts';

const environmentOf = (values: Readonly<Record<string, string>>) => ({
  read: (name: string) => values[name],
});
const environment = environmentOf({ BOT: 'xoxb-bot', APP: 'xapp-app', RABBIT: 'pa#ss: {word}', ONE: '1' });

const slack = 'slack: { mode: socket, botToken: ${BOT}, appToken: ${APP}, channel: C0ALERTS }';
const good = `${slack}
clusters:
  - name: prod-a
    username: watership
    password: \${RABBIT}
    nodes:
      - { name: rabbit@server-44, management: https://10.3.0.44:15671 }
`;

const local = '{ via: local }';

function configOf(text: string): BotConfig {
  const loaded = parseConfig(text, 'watership.yaml', environment);
  if (loaded.kind === 'bad') {
    throw new Error(tellProblems(loaded.file, loaded.problems));
  }
  return loaded.config;
}

function told(text: string): string {
  const loaded = parseConfig(text, 'watership.yaml', environment);
  return loaded.kind === 'bad' ? tellProblems(loaded.file, loaded.problems) : 'no problem';
}

describe('an address', () => {
  const withAddress = (management: string): string => good.replace('https://10.3.0.44:15671', management);

  test('that holds a password is refused, and is not repeated', () => {
    const text = told(withAddress('https://admin:s3cret@10.3.0.44:15671'));
    expect(text).toContain('expected a URL without a user and a password in it');
    expect(text).not.toContain('s3cret');
  });

  test('whose password makes it unreadable is not repeated either', () => {
    const text = told(withAddress('https://admin:s3/cr@et@10.3.0.44:15671'));
    expect(text).toContain('clusters[0].nodes[0].management');
    expect(text).not.toMatch(/s3|cr@|et@/);
  });
});

test('a file that is no mapping is told so', () => {
  expect(told('- a')).toContain('→ write the file as a mapping');
});

describe('a good configuration', () => {
  test('needs little, and the rest has its default', () => {
    const config = configOf(good);
    expect(config).toMatchObject({
      slack: { mode: 'socket', botToken: 'xoxb-bot', appToken: 'xapp-app', apiUrl: 'https://slack.com/api/' },
      redis: { url: 'redis://127.0.0.1:6379/0', prefix: 'watership' },
      hosts: {},
      people: {
        approvers: [],
        selfApproval: { reversible: true, destructive: false, node: false, mass: false },
        approvals: { reversible: 1, destructive: 1, node: 2, mass: 2 },
        planExpiresMs: 300_000,
      },
      schedule: { sweepMs: 15_000, probeMs: 60_000 },
      audit: { keep: 200_000 },
      log: { level: 'info' },
    });
    expect(config.health).toBeUndefined();
    expect(config.clusters[0]).toMatchObject({
      channel: 'C0ALERTS',
      vhost: '/',
      password: 'pa#ss: {word}',
      nodes: [{ epmd: '10.3.0.44:4369', amqp: 'amqp://10.3.0.44:5672' }],
      settings: { reachedBy: { kind: 'unknown' }, detection: { backlogReady: 500, zombieAfterMs: 600_000 } },
    });
  });

  test('says everything about a cluster', () => {
    const config = configOf(`${slack}
clusters:
  - name: prod-a
    channel: C0PRODA
    vhost: openstack
    username: watership
    password: p
    partitionHandling: pause_minority
    reachedBy: { transportUrl: "rabbit://u:p@one:5672,u:p%40@[::1]:5673/openstack?ssl=1" }
    detection: { zombieAfter: 90s, backlogReady: 100, deafProbes: 2, ignoreQueues: ['^audit'] }
    services: [ { name: cinder-scheduler, queues: '^cinder-scheduler', restart: systemd, exchange: openstack, probe: ping, rpcVersion: '3.0' } ]
    nodes:
      - { name: rabbit@a, management: 'http://[::1]:15672/', amqp: 'amqps://a.example', epmd: false, host: server-44, prometheus: 'http://a:15692/' }
hosts: { server-44: { via: local, preset: kolla-docker, addresses: [10.3.0.44], operations: { node.stop: [stop, it] } } }
schedule: { sweep: 3s, digest: { cron: '0 9 * * 1-5', timezone: Europe/Berlin } }
health: { port: 8080 }
sandbox: { controlUrl: http://127.0.0.1:4000 }
`);
    expect(config.clusters[0]).toMatchObject({
      channel: 'C0PRODA',
      settings: {
        partitionHandling: 'pause_minority',
        reachedBy: { kind: 'transport-url', hosts: ['one:5672', '[::1]:5673'] },
        detection: {
          zombieAfterMs: 90_000,
          backlogReady: 100,
          backlogDrained: 5,
          deafProbes: 2,
          ignoreQueues: ['^audit'],
        },
        services: [
          {
            name: 'cinder-scheduler',
            queues: '^cinder-scheduler',
            host: 'from-connection',
            exchange: 'openstack',
            probe: 'ping',
            rpcVersion: '3.0',
          },
        ],
        nodes: [{ name: 'rabbit@a', host: 'server-44', amqpHost: 'a.example', amqpPort: 5671 }],
      },
      nodes: [{ management: 'http://[::1]:15672', prometheus: 'http://a:15692' }],
    });
    expect(config.clusters[0]?.nodes[0]).not.toHaveProperty('epmd');
    expect(config.schedule).toEqual({
      sweepMs: 3_000,
      probeMs: 60_000,
      digest: { cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' },
    });
    expect(config.health).toEqual({ host: '127.0.0.1', port: 8080 });
  });

  test('reads a secret from a file and leaves its last newline behind', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'watership-config-')), 'secret');
    writeFileSync(path, 'from file\n');
    expect(configOf(good.replace('RABBIT', `file:${path}`)).clusters[0]?.password).toBe('from file');
  });
});

describe('a bad configuration', () => {
  test('is told all at once, each problem with its place, what was expected, what came and the cure', () => {
    const beside = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');
    expect(`${told(beside('bad-config.txt'))}\n`).toBe(beside('bad-config-told.txt'));
  });

  test.each([
    [
      'socket mode without an app token',
      ', appToken: ${APP}',
      '',
      'line 1, slack.appToken: expected an app-level token',
    ],
    [
      'http mode without a secret',
      'mode: socket',
      'mode: http, port: 80',
      'slack.signingSecret: expected the signing secret, because slack.mode is http; got nothing',
    ],
    [
      'http mode without a port',
      'mode: socket',
      'mode: http, signingSecret: s',
      'slack.port: expected the port to listen on',
    ],
    [
      'a node on a host that is not there',
      '15671 }',
      '15671, host: server-45 }\nhosts: { server-44: { via: local } }',
      'got "server-45"\n    → write server-44, where rabbit@server-44 is',
    ],
    [
      'a host that resembles none',
      '15671 }',
      '15671, host: db }',
      '→ add hosts.db, for example { via: local, preset: systemd }',
    ],
    [
      'two nodes of one name',
      '15671 }',
      '15671 }\n      - { name: rabbit@server-44, management: http://b }',
      'nodes[1].name: expected a unique name; got "rabbit@server-44" a second time',
    ],
    [
      'two clusters of one name',
      '15671 }',
      '15671 }\n  - { name: prod-a, username: u, password: p, nodes: [ { name: r@b, management: http://b } ] }',
      'clusters[1].name: expected a unique name',
    ],
    [
      'a service on an unknown host',
      '15671 }',
      '15671 }\n    services: [ { name: n, queues: n, host: nowhere } ]',
      'services[0].host: expected an entry of hosts, or from-connection; got "nowhere"',
    ],
    [
      'a service that is restarted otherwise than its host',
      '15671 }',
      '15671 }\n    services: [ { name: n, queues: n, host: h, restart: systemd } ]\nhosts: { h: { via: local, preset: custom } }',
      'expected "custom", the preset of host h; got "systemd"',
    ],
    [
      'an RPC version that YAML takes for a number',
      '15671 }',
      '15671 }\n    services: [ { name: n, queues: n, rpcVersion: 6.0 } ]',
      'services[0].rpcVersion: expected an RPC version in quotes, such as "6.0"; got 6',
    ],
    [
      'a haproxy on an unknown host',
      '15671 }',
      '15671 }\n    reachedBy: { haproxy: { host: lb, path: /etc/h } }',
      'reachedBy.haproxy.host: expected an entry of hosts; got "lb"',
    ],
    [
      'no clusters',
      good.slice(good.indexOf('clusters')),
      '',
      'clusters: expected a list of clusters; got nothing',
    ],
    [
      'an empty secret',
      '${RABBIT}',
      '${EMPTY}',
      'expected a value in the environment variable EMPTY; got nothing: it is not set',
    ],
    [
      'a secret in a file that is not there',
      '${RABBIT}',
      '${file:/nowhere/at/all}',
      'expected a value in the file /nowhere/at/all; got nothing: there is no such file',
    ],
    [
      'a node on a host that could be any of several',
      '15671 }',
      `15671, host: srv-3 }\nhosts: { srv-1: ${local}, srv-2: ${local}, storage: ${local} }`,
      'got "srv-3"\n    → write srv-1 or srv-2, the one where rabbit@server-44 is',
    ],
    [
      'a node on a host that is not there, when another has its address',
      '15671 }',
      `15671, host: srv-3 }\nhosts: { srv-1: ${local}, srv-7: { via: local, addresses: [10.3.0.44] } }`,
      '→ write srv-7, where rabbit@server-44 is',
    ],
    [
      'a host of two nodes whose commands do not say which',
      '15671 }',
      `15671, host: h }\n      - { name: rabbit@server-45, management: http://b, host: h }\nhosts: { h: ${local} }`,
      'nodes[1].host: expected a host that rabbit@server-44 does not use, because node.stop, node.start, node.restart of h would not say which',
    ],
    [
      'an app token as bot token',
      '${BOT}',
      '${APP}',
      'slack.botToken: expected a bot token (xoxb-…); got an app-level',
    ],
    [
      'a bot token as app token',
      '${APP}',
      '${BOT}',
      'slack.appToken: expected an app-level token (xapp-…); got a bot',
    ],
    ['no YAML', 'clusters:', 'clusters: [', 'expected YAML; got'],
  ])('%s is a problem', (_name, from, to, expected) => {
    expect(good).toContain(from);
    expect(told(good.replace(from, to))).toContain(expected);
  });

  test.each(['server-44:65536', 'server-44:0', 'server-44'])('an epmd at %s is a problem', (epmd) => {
    const text = told(good.replace('15671 }', `15671, epmd: '${epmd}' }`));
    expect(text).toContain('nodes[0].epmd: expected host:port, or false');
  });

  test('with a wrong field is told in one go what does not fit together elsewhere', () => {
    const text = told(
      good.replace('15671 }', '15671, host: db, epmd: 4 }').replace(', appToken: ${APP}', ''),
    );
    expect(text).toContain('3 problems');
    expect(text).toMatch(
      /slack\.appToken: .*nodes\[0\]\.epmd: expected host:port, or false; .*nodes\[0\]\.host: /s,
    );
  });

  test('may have two nodes on a host whose commands name the node', () => {
    const host =
      '{ via: local, preset: custom, operations: { node.stop: [stop, "{node}"], service.restart: [r] } }';
    const two = '15671, host: h }\n      - { name: rabbit@server-45, management: http://b, host: h }';
    expect(told(good.replace('15671 }', `${two}\nhosts: { h: ${host} }`))).toBe('no problem');
  });

  test('that lacks one colon has one problem, with its line', () => {
    expect(told(good.replace('username: watership', 'username watership'))).toBe(
      'watership.yaml: one problem\n' +
        '  line 4: expected YAML; got a line without "key: value"\n' +
        '    → write a colon and a space after the key',
    );
  });

  test('that has a key twice names it, and the line', () => {
    expect(told(good.replace('username: watership', 'username: watership\n    username: w'))).toBe(
      'watership.yaml: one problem\n' +
        '  line 5, username: expected each key once; got a second username beside the first\n' +
        '    → remove one of them, or put what both hold under one username:',
    );
  });

  test.each(['15', '"15"'])('with the duration %s is told a right value', (sweep) => {
    expect(told(`${good}schedule: { sweep: ${sweep} }\n`)).toContain(
      '→ write sweep: 15s for seconds; the other units are ms, m, h and d',
    );
  });

  test('never shows a secret', () => {
    const bad = good
      .replace('prod-a', '"prod a"')
      .replace('C0ALERTS', 'C0ALERTS, port: ${RABBIT}')
      .concat('redis: { url: "rediss://me:hunter2@h:1/0", prefix: "a b" }\n')
      .concat('hosts: ${APP}\n');
    const text = told(bad);
    expect(text).toContain('5 problems');
    expect(text).not.toMatch(/pa#ss|hunter2|xapp-app/);
  });

  test('that is not there says where it was looked for', () => {
    const loaded = loadConfig({ path: '/nowhere/watership.yaml', environment });
    expect(loaded).toEqual({
      kind: 'bad',
      file: '/nowhere/watership.yaml',
      problems: [
        {
          path: '',
          expected: 'a readable configuration file',
          came: 'ENOENT',
          cure: 'create it, or name another with --config',
        },
      ],
    });
  });
});

test('the published JSON Schema is the one that the program prints', () => {
  const published = readFileSync(join(import.meta.dirname, '../../../deploy/watership.schema.json'), 'utf8');
  expect(published).toBe(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
});

describe('a Redis with sentinels', () => {
  const withRedis = (redis: string): string => `${good}redis: ${redis}\n`;
  const three = '[{ host: 10.3.0.44 }, { host: 10.3.0.45, port: 26380 }]';

  test('is asked of them, and a vote needs one copy', () => {
    expect(
      configOf(withRedis(`{ sentinels: ${three}, name: burrow, password: "\${RABBIT}" }`)).redis,
    ).toEqual({
      url: 'redis://127.0.0.1:6379/0',
      prefix: 'watership',
      copies: 1,
      sentinel: {
        sentinels: [
          { host: '10.3.0.44', port: 26_379 },
          { host: '10.3.0.45', port: 26_380 },
        ],
        name: 'burrow',
        database: 0,
        password: 'pa#ss: {word}',
      },
    });
  });

  test.each([
    [`{ sentinels: ${three} }`, 'redis.name: expected what the sentinels call the master'],
    [
      `{ sentinels: ${three}, name: b, url: redis://h }`,
      'redis.url: expected no URL, because there are sentinels',
    ],
    [
      '{ password: "${RABBIT}" }',
      'redis.password: expected no password, because there are no sentinels; got one',
    ],
    ['{ sentinels: [] , name: b }', 'redis.sentinels: expected at least one sentinel'],
  ])('%s is refused', (redis, problem) => {
    expect(told(withRedis(redis))).toContain(problem);
  });
});

describe('limits and votes', () => {
  const file = (more: string): string => `${slack}
clusters: [ { name: prod-a, username: u, password: "\${RABBIT}", nodes: [ { name: a@h, management: http://127.0.0.1:1 } ] } ]
${more}`;

  test.each([
    ['a limit may be lowered', 'limits: { queuesPerRun: 5 }', undefined],
    ['a limit is not raised', 'limits: { queuesPerRun: 26 }', 'expected a whole number from 1 to 25'],
    ['a step on a node takes two votes', 'people: { approvals: { node: 1 } }', 'expected at least 2'],
    [
      'it takes two votes in quotes too',
      'people: { approvals: { node: "1" } }',
      'people.approvals.node: expected at least 2',
    ],
    [
      'a mass takes two votes from the environment too',
      'people: { approvals: { mass: "${ONE}" } }',
      'expected at least 2',
    ],
    [
      'whatever is wrong beside it',
      'people: { approvals: { destructive: many, mass: 1 }, selfApproval: { node: 1, mass: true } }',
      'people.approvals.mass: expected at least 2',
    ],
    [
      'what is lost is typed',
      'people: { typedConfirmation: { destructive: false } }',
      'what cannot be undone',
    ],
    [
      'a step on a node is typed out before a yes',
      'people: { typedConfirmation: { node: false } }',
      'people.typedConfirmation.node',
    ],
    [
      'a mass is typed out before a yes',
      'people: { typedConfirmation: { mass: false } }',
      'people.typedConfirmation.mass',
    ],
    [
      'more may have to be typed out',
      'people: { typedConfirmation: { reversible: true, node: true } }',
      undefined,
    ],
    ['a plan expires within a day', 'people: { planExpires: 1000h }', 'expected a duration of at most 24 h'],
    ['a plan does not expire at once', 'people: { planExpires: 1s }', 'expected a duration of at least 10 s'],
    [
      'no pattern is told for words',
      'hosts: { a: { via: ssh, user: u, agent: here } }',
      "expected true, or the path of an SSH agent's socket",
    ],
    ['a plan may have a day', 'people: { planExpires: 24h }', undefined],
    ['more votes may be asked for', 'people: { approvals: { node: 3, destructive: 2 } }', undefined],
    [
      'nobody approves their own deletion',
      'people: { selfApproval: { destructive: true } }',
      'somebody else must approve',
    ],
    [
      'but in a sandbox',
      'people: { approvals: { node: 1 }, typedConfirmation: { node: false } }\nsandbox: { controlUrl: http://127.0.0.1:8080 }',
      undefined,
    ],
    [
      'work is planned for clusters that are known',
      'maintenance: [ { cron: 0 2 * * 6, duration: 2h, clusters: [prod-b] } ]',
      'expected the name of a cluster',
    ],
    ['a group sits at no terminal', 'people: { cli: { alice: S0ONCALL } }', 'a Slack user id (U…)'],
  ])('%s', (_, more, problem) => {
    if (problem === undefined) {
      expect(configOf(file(more)).clusters).toHaveLength(1);
    } else {
      expect(told(file(more))).toContain(problem);
    }
  });

  test.each([
    ['0s', 'got 0 s'],
    ['29s', 'got 29 s'],
    ['30s', 'no problem'],
    ['2m', 'no problem'],
  ])('two looks that lie %s apart', (apart, problem) => {
    const text = file('').replace('name: prod-a,', `name: prod-a, detection: { looksApart: ${apart} },`);
    expect(told(text)).toContain(problem);
    expect(told(`${text}\nsandbox: { controlUrl: http://127.0.0.1:8080 }`)).toBe('no problem');
  });
});

describe('a broker in two clusters', () => {
  const cluster = (name: string, node: string): string =>
    `  - { name: ${name}, username: u, password: "\${RABBIT}", nodes: [ ${node} ] }`;
  const file = (...nodes: readonly string[]): string =>
    [slack, 'clusters:', ...nodes.map((node, index) => cluster(`c${index}`, node))].join('\n');

  test.each([
    ['by its management URL', '{ name: x@b, management: "http://10.0.0.1:15672" }', 'management'],
    ['spelt otherwise', '{ name: x@b, management: "http://10.0.0.1:15672//" }', 'management'],
    [
      'by its AMQP address',
      '{ name: x@b, management: "http://10.0.0.9:15672", amqp: "amqp://10.0.0.1:5672" }',
      'amqp',
    ],
  ])('%s is refused, and both places are named', (_, other, key) => {
    const text = told(
      file('{ name: x@a, management: "http://10.0.0.1:15672", amqp: "amqp://10.0.0.1" }', other),
    );
    expect(text).toContain(
      `line 4, clusters[1].nodes[0].${key}: expected a node that is in no other cluster of this file; ` +
        `got the address of clusters[0].nodes[0].${key}`,
    );
  });

  test('is not meant by nodes that only have the same name', () => {
    const node = (port: number) => `{ name: rabbit@controller-0, management: "http://10.0.0.1:${port}" }`;
    expect(configOf(file(node(15_672), node(25_672))).clusters).toHaveLength(2);
  });
});
