// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders of the configuration file

import { describe, expect, test } from 'vitest';
import { tellProblems } from '../../../../src/bot/config/file/problem.ts';
import { parseConfig } from '../../../../src/bot/config/load.ts';

const environment = {
  read: (name: string) => ({ BOT: 'xoxb-bot', APP: 'xapp-app', RABBIT: 'passw0rd' })[name],
};

const fileWith = (
  cluster: string,
  more = '',
): string => `slack: { botToken: "\${BOT}", appToken: "\${APP}", channel: C0ALERTS }
clusters:
  - { name: prod-a, ${cluster}, nodes: [ { name: rabbit@a, management: "http://10.0.0.1:15672" } ] }
${more}`;

function parsed(text: string) {
  const loaded = parseConfig(text, 'watership.yaml', environment);
  return loaded.kind === 'ok'
    ? loaded.config.clusters.map(({ username, password }) => [username, password])
    : tellProblems(loaded.file, loaded.problems);
}

describe('a secret behind an alias', () => {
  test.each([
    ['of a value', 'username: &p hunter2hunter2, password: *p', 'line 3, clusters[0].password'],
    ['under a key that is an alias', 'username: &k password, *k : hunter2hunter2', 'clusters[0].password'],
    [
      'of a list',
      'username: u, password: "${RABBIT}"',
      'line 5, hosts.h.keys[0]',
      'hosts:\n  h: { via: agent, addresses: &k [ hunter2hunter2hunter2hunter2hunter2 ], keys: *k }',
    ],
  ])('%s is a literal secret all the same', (_, cluster, place, more = '') => {
    const text = parsed(fileWith(cluster, more));
    expect(text).toContain(`${place}: expected a secret from the environment or from a file`);
    expect(text).not.toContain('hunter2');
  });

  test('is filled in where the value is', () => {
    expect(parsed(fileWith('username: &p "${RABBIT}", password: *p'))).toEqual([['passw0rd', 'passw0rd']]);
  });
});

describe('an alias that cannot be followed names its line', () => {
  const bomb = [
    'l0: &l0 [x,x,x,x,x,x,x,x,x]',
    ...Array.from({ length: 9 }, (_, index) => `l${index + 1}: &l${index + 1} [${`*l${index},`.repeat(9)}]`),
  ].join('\n');
  test.each([
    ['no anchor', 'username: u, password: *nope', '', 'line 3: expected', '*nope without &nope before it'],
    ['an anchor behind it', 'username: *p, password: &p x', '', 'line 3: expected', 'without &p before it'],
    ['itself', 'username: u, password: x', 'people: &a { cli: *a }', 'line 4: expected', '*a inside &a'],
    ['a file without bounds', 'username: u, password: x', bomb, 'line 13: expected', '100000 values'],
  ])('%s', (_, cluster, more, line, came) => {
    const text = parsed(fileWith(cluster, more));
    expect(text).toContain(line);
    expect(text).toContain(came);
    expect(text).toContain('→ write');
  });

  test('and more aliases than the library takes are no bomb', () => {
    const nodes = Array.from(
      { length: 300 },
      (_, index) =>
        `{ name: rabbit@n${index}, management: "http://10.1.${index >> 8}.${index & 255}:15672", amqp: *a }`,
    );
    const text = `slack: { botToken: "\${BOT}", appToken: "\${APP}", channel: C0ALERTS }
clusters: [ { name: a, username: &a "amqp://10.0.0.9:5672", password: "\${RABBIT}", nodes: [ ${nodes.join(', ')} ] } ]`;
    expect(parsed(text)).toEqual([['amqp://10.0.0.9:5672', 'passw0rd']]);
  });
});
