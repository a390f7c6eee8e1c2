// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders of the configuration file

import { describe, expect, test } from 'vitest';
import { tellProblems } from '../../../src/bot/config/file/problem.ts';
import { parseConfig } from '../../../src/bot/config/load.ts';

const keys: Readonly<Record<string, string>> = {
  KEY: 'k'.repeat(32),
  OLD: 'o'.repeat(32),
  OTHER: 'p'.repeat(32),
  SHORT: 'hunter2',
  PASSWORD: 'pw',
};
const environment = { read: (name: string) => keys[name] };

const url = 'rabbit://bot:${PASSWORD}@10.3.0.44:5672/agents';
const file = (hosts: string, agents = `agents: { transportUrl: "${url}" }`, node = '') => `
slack: { botToken: "\${PASSWORD}", appToken: "\${PASSWORD}", channel: C0ALERTS }
clusters:
  - { name: prod, username: u, password: "\${PASSWORD}", nodes: [ { name: rabbit@srv, management: http://srv:15672${node} } ] }
hosts: ${hosts}
${agents}
`;

function told(text: string): string {
  const loaded = parseConfig(text, 'watership.yaml', environment);
  return loaded.kind === 'bad' ? tellProblems(loaded.file, loaded.problems) : 'no problem';
}

describe('a host that is reached by its agent', () => {
  test('needs a key and the broker of the agents', () => {
    const loaded = parseConfig(file('{ c7: { via: agent, keys: ["${KEY}", "${OLD}"] } }'), 'f', environment);
    expect(loaded).toMatchObject({
      kind: 'ok',
      config: {
        hosts: { c7: { via: 'agent', preset: 'systemd', keys: ['k'.repeat(32), 'o'.repeat(32)] } },
        agents: { transportUrl: 'rabbit://bot:pw@10.3.0.44:5672/agents' },
      },
    });
    const text = told(file('{ c7: { via: agent } }', ''));
    expect(text).toContain('hosts.c7.keys: expected the key of the agent on c7; got nothing');
    expect(text).toContain(
      'agents: expected the broker of the agents, because host c7 is via: agent; got nothing',
    );
  });

  test('is no broker’s host, and the reason is told', () => {
    expect(told(file('{ c7: { via: agent, keys: ["${KEY}"] } }', undefined, ', host: c7'))).toBe(
      'watership.yaml: one problem\n' +
        '  line 4, clusters[0].nodes[0].host: expected a host that is reached without the broker, because ' +
        'stopping rabbit@srv cuts off its agent; got "c7", which is via: agent\n' +
        '    → write via: ssh for hosts.c7, or via: local with commands that reach it without the broker',
    );
  });

  test.each([
    ['a key that stands in the file', `["${'s3cret'.repeat(9)}"]`, 'got a value written in this file'],
    ['a key that is too short', '["${SHORT}"]', 'expected a key of at least 32 characters'],
    ['three keys', '["${KEY}", "${OLD}", "${OTHER}"]', 'expected one or two keys'],
    ['no keys', '[]', 'expected one or two keys'],
    ['the same key twice', '["${KEY}", "${KEY}"]', 'got the key of the same host'],
  ])('is not reached with %s', (_, list, expected) => {
    const text = told(file(`{ c7: { via: agent, keys: ${list} } }`));
    expect(text).toContain(expected);
    expect(text).not.toMatch(/hunter2|s3cret|kkk/);
  });

  test('has a key of its own, and nobody else has one', () => {
    const two = '{ c7: { via: agent, keys: ["${KEY}"] }, c8: { via: agent, keys: ["${OTHER}", "${KEY}"] } }';
    expect(told(file(two))).toContain('hosts.c8.keys[1]: expected a key of its own');
    expect(told(file('{ c7: { via: local, keys: ["${KEY}"] } }'))).toContain('got the unknown key keys');
  });

  test.each([
    ['rabbit://bot:hunter2@h/agents', 'got a value written in this file'],
    ['http://h', 'expected a transport URL such as'],
    ['rabbit:///agents', 'expected a transport URL such as'],
  ])('is not reached through %s', (broker, expected) => {
    const text = told(
      file('{ c7: { via: agent, keys: ["${KEY}"] } }', `agents: { transportUrl: "${broker}" }`),
    );
    expect(text).toContain(expected);
    expect(text).not.toContain('hunter2');
  });
});
