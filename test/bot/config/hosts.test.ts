// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders of the configuration file

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tellProblems } from '../../../src/bot/config/file/problem.ts';
import { parseConfig } from '../../../src/bot/config/load.ts';
import { sshKeyPair } from '../../support/ssh-keys.ts';

const key = sshKeyPair();
const locked = sshKeyPair('horse');
const fingerprint = `SHA256:${'A'.repeat(43)}`;

function load(hosts: string, more: Readonly<Record<string, string>> = {}) {
  const values: Readonly<Record<string, string>> = {
    KEY: key.private,
    LOCKED: locked.private,
    WORD: 'horse',
    ANY: 'any',
    ...more,
  };
  const text = `slack: { botToken: "\${ANY}", appToken: "\${ANY}", channel: C0ALERTS }
clusters:
  - { name: prod-a, username: watership, password: "\${ANY}", nodes: [ { name: rabbit@a, management: http://a } ] }
hosts:
${hosts}`;
  return parseConfig(text, 'watership.yaml', { read: (name) => values[name] });
}

function hostOf(host: string, more?: Readonly<Record<string, string>>) {
  const loaded = load(`  ctl1: ${host}`, more);
  if (loaded.kind === 'bad') {
    throw new Error(tellProblems(loaded.file, loaded.problems));
  }
  return loaded.config.hosts['ctl1'];
}

function told(hosts: string, more?: Readonly<Record<string, string>>): string {
  const loaded = load(hosts, more);
  return loaded.kind === 'bad' ? tellProblems(loaded.file, loaded.problems) : 'no problem';
}

test('the example is valid once its files are there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watership-example-'));
  for (const [name, content] of [
    ['id_ed25519', key.private],
    ['rabbit-password', 'pw'],
  ] as const) {
    writeFileSync(join(folder, name), content);
  }
  const example = readFileSync(join(import.meta.dirname, '../../../deploy/watership.example.yaml'), 'utf8');
  const loaded = parseConfig(example.replaceAll('/etc/watership/', `${folder}/`), 'watership.yaml', {
    read: (name) => ({ SLACK_BOT_TOKEN: 'xoxb-b', SLACK_APP_TOKEN: 'xapp-a' })[name],
  });
  expect(loaded.kind === 'bad' ? tellProblems(loaded.file, loaded.problems) : loaded.kind).toBe('ok');
});

describe('a host over SSH', () => {
  test('needs a user and a key; its name is its address, and the usual file has its pinned keys', () => {
    expect(hostOf('{ via: ssh, user: ops, key: "${KEY}" }')).toEqual({
      ...{ via: 'ssh', preset: 'systemd', operations: {}, addresses: [], sudo: false },
      ssh: {
        ...{ address: 'ctl1', port: 22, user: 'ops', key: key.private, connectTimeoutMs: 10_000 },
        trust: { kind: 'known-hosts', path: join(homedir(), '.ssh', 'known_hosts') },
      },
    });
  });

  test('may say everything', () => {
    const host = hostOf(
      '{ via: ssh, address: 10.3.0.44, port: 2222, user: ops, key: "${LOCKED}", passphrase: "${WORD}", agent: /run/agent, ' +
        `hostKey: "${fingerprint}", connectTimeout: 3s, preset: kubernetes, namespace: prod, sudo: true }`,
    );
    expect(host).toMatchObject({
      ...{ preset: 'kubernetes', namespace: 'prod', sudo: true },
      ssh: {
        ...{ address: '10.3.0.44', port: 2222, passphrase: 'horse', agentSocket: '/run/agent' },
        ...{ connectTimeoutMs: 3_000, trust: { kind: 'pin', pin: { kind: 'fingerprint', fingerprint } } },
      },
    });
  });

  test('finds the agent where the environment says', () => {
    const host = hostOf('{ via: ssh, user: ops, agent: true }', { SSH_AUTH_SOCK: '/tmp/agent.1' });
    expect(host).toMatchObject({ ssh: { agentSocket: '/tmp/agent.1' } });
  });

  test.each([
    ['no key', '{ via: ssh, user: ops }', 'hosts.ctl1.key: expected a private key, such as ${file:'],
    [
      'no user',
      '{ via: ssh, key: "${KEY}" }',
      'hosts.ctl1.user: expected the user to log in as; got nothing',
    ],
    [
      'a path as key',
      '{ via: ssh, user: ops, key: "${WORD}" }',
      'this one is not a private key: a private key begins with -----BEGIN; got a value that is not shown',
    ],
    [
      'a key that stands in the file',
      '{ via: ssh, user: ops, key: /etc/watership/id_ed25519 }',
      'hosts.ctl1.key: expected a secret from the environment or from a file',
    ],
    [
      'a key that needs its passphrase',
      '{ via: ssh, user: ops, key: "${LOCKED}" }',
      'this one cannot be read; if it is encrypted, set passphrase',
    ],
    [
      'a password',
      '{ via: ssh, user: ops, key: "${KEY}", password: "${WORD}" }',
      'hosts.ctl1.password: expected one of via, ',
    ],
    [
      'an agent that nobody started',
      '{ via: ssh, user: ops, agent: true }',
      'hosts.ctl1.agent: expected an SSH agent that SSH_AUTH_SOCK names; got nothing: the environment variable SSH_AUTH_SOCK is not set',
    ],
    [
      'both pins',
      `{ via: ssh, user: ops, key: "\${KEY}", knownHosts: /k, hostKey: "${fingerprint}" }`,
      'hosts.ctl1.hostKey: expected either hostKey or knownHosts',
    ],
    [
      'a pin that is none',
      '{ via: ssh, user: ops, key: "${KEY}", hostKey: MD5:aa }',
      "hosts.ctl1.hostKey: expected the host's public key (ssh-ed25519 AAAA…) or its fingerprint (SHA256:…)",
    ],
    [
      'an address with a user',
      '{ via: ssh, user: ops, key: "${KEY}", address: ops@10.3.0.44 }',
      'hosts.ctl1.address: expected a host name or an address, without user and port',
    ],
    [
      'an address that a shell would read',
      '{ via: ssh, user: ops, key: "${KEY}", address: "a;reboot" }',
      'hosts.ctl1.address: expected a host name or an address',
    ],
    [
      'a jump host that is not there',
      '{ via: ssh, user: ops, key: "${KEY}", jump: bastion }',
      'hosts.ctl1.jump: expected another entry of hosts with via: ssh; got "bastion"\n    → add hosts.bastion with via: ssh',
    ],
    [
      'itself as jump host',
      '{ via: ssh, user: ops, key: "${KEY}", jump: ctl1 }',
      'hosts.ctl1.jump: expected a chain of jump hosts that ends at a host without jump; got the loop ctl1 → ctl1',
    ],
    [
      'a namespace that is none',
      '{ via: local, namespace: A_b }',
      'hosts.ctl1.namespace: expected a Kubernetes',
    ],
    ['a key of SSH on a local host', '{ via: local, user: ops }', 'got the unknown key user'],
  ])('with %s is told', (_what, host, problem) => {
    expect(told(`  ctl1: ${host}`)).toContain(problem);
  });

  test('tells a circle of jump hosts, at the hosts that are on it', () => {
    const ssh = (jump: string): string => `{ via: ssh, user: ops, key: "\${KEY}", jump: ${jump} }`;
    const problems = told(`  a: ${ssh('b')}\n  b: ${ssh('c')}\n  c: ${ssh('b')}`);
    expect(problems).toContain('2 problems');
    expect(problems).toContain(
      'hosts.b.jump: expected a chain of jump hosts that ends at a host without jump; got the loop b → c → b',
    );
  });

  test('whose name is no address needs one', () => {
    expect(told('  "the first": { via: ssh, user: ops, key: "${KEY}" }')).toContain(
      'hosts.the first.address: expected an address, because "the first" is none',
    );
  });

  test('shows neither key nor passphrase when something is wrong', () => {
    const text = told('  ctl1: { via: ssh, user: ops, key: "${LOCKED}", passphrase: cow, port: x }');
    expect(text).toContain('hosts.ctl1.port');
    expect(text).not.toMatch(/cow|BEGIN OPENSSH|b3Blb/);
  });
});
