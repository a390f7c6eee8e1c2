// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders of the configuration file
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tellProblems } from '../../../src/bot/config/file/problem.ts';
import { parseConfig } from '../../../src/bot/config/load.ts';

/** A certificate whose key nobody has. */
const caFile = join(import.meta.dirname, 'fixtures', 'ca.pem');
const ca = readFileSync(caFile, 'utf8');

const values: Readonly<Record<string, string>> = {
  ...{ PASSWORD: 'hunter22', CA: ca },
  KEY: '-----BEGIN PRIVATE KEY-----\nbm9uc2Vuc2U=\n-----END PRIVATE KEY-----\n',
};

const file = (tls: string, more = '') => `
slack: { botToken: "\${PASSWORD}", appToken: "\${PASSWORD}", channel: C0ALERTS }
clusters:
  - name: prod
    username: u
    password: "\${PASSWORD}"
    tls: ${tls}
    nodes: [ { name: rabbit@srv, management: "https://[fd00::1]:15671" } ]
${more}`;

const loaded = (text: string) => parseConfig(text, 'watership.yaml', { read: (name) => values[name] });

function told(text: string): string {
  const answer = loaded(text);
  return answer.kind === 'bad' ? tellProblems(answer.file, answer.problems) : 'no problem';
}

describe('tls of a cluster', () => {
  test.each([`{ ca: "${caFile}" }`, '{ ca: "${CA}" }'])('takes a CA: %s', (tls) => {
    expect(loaded(file(tls))).toMatchObject({
      kind: 'ok',
      config: {
        clusters: [
          {
            tls: { ca: expect.stringContaining(ca.trimEnd()), login: 'password' },
            nodes: [{ amqp: 'amqps://[fd00::1]:5671' }],
            settings: { nodes: [{ amqpHost: 'fd00::1', amqpPort: 5671 }] },
          },
        ],
      },
    });
  });

  test.each([
    ['{ ca: /nowhere/ca.pem }', 'clusters[0].tls.ca: expected the full path', 'which can be read (ENOENT)'],
    ['{ ca: ca.pem }', 'clusters[0].tls.ca: expected the full path', '(no full path)'],
    [`{ ca: ${join(import.meta.dirname, 'bad-config.txt')} }`, 'clusters[0].tls.ca', 'holds no certificate'],
    [`{ certificate: "${caFile}" }`, 'clusters[0].tls.key', 'is missing beside the certificate'],
    [`{ certificate: "${caFile}", key: "\${KEY}" }`, 'clusters[0].tls.key', 'cannot be read'],
    [
      `{ certificate: "${caFile}", key: /etc/watership/client.key }`,
      'clusters[0].tls.key',
      'expected a secret from the environment or from a file',
    ],
    ['{ key: "${KEY}" }', 'clusters[0].tls.certificate', 'the key alone is of no use'],
    ['{ login: certificate }', 'clusters[0].tls.certificate', 'because login is certificate'],
    ['{ caFile: /etc/ca.pem }', 'clusters[0].tls.caFile', 'one of ca, certificate, key, serverName, login'],
    ['{ verify: false }', 'clusters[0].tls.verify', 'the unknown key verify'],
  ])('%s is told by its field', (tls, field, problem) => {
    const text = told(file(tls));
    expect(text).toContain(field);
    expect(text).toContain(problem);
    expect(text).not.toMatch(/bm9uc2Vuc2U|BEGIN PRIVATE KEY-----\n/);
  });
});

describe('tls of Redis', () => {
  const withRedis = (redis: string): string => file('{}', `redis: ${redis}\n`);
  const sentinels = 'sentinels: [{ host: 10.3.0.44 }], name: mymaster';

  test.each([
    ['of one server', `{ url: "rediss://10.3.0.44", tls: { ca: "${caFile}", serverName: redis } }`],
    ['of sentinels', `{ ${sentinels}, tls: { ca: "\${CA}", serverName: redis } }`],
  ])('is taken: %s', (_which, redis) => {
    expect(loaded(withRedis(redis))).toMatchObject({
      kind: 'ok',
      config: { redis: { tls: { ca: expect.stringContaining(ca.trimEnd()), serverName: 'redis' } } },
    });
  });

  test.each([
    [
      '{ url: "redis://10.3.0.44", tls: {} }',
      'redis.tls: expected no tls, because redis.url is not encrypted',
    ],
    [`{ ${sentinels}, tls: true }`, 'redis.tls: expected a mapping with ca'],
    [`{ ${sentinels}, tls: { ca: /nowhere/ca.pem } }`, 'redis.tls.ca: expected the full path'],
    [`{ ${sentinels}, tls: { certificate: "${caFile}" } }`, 'redis.tls.key'],
  ])('%s is told by its field', (redis, problem) => {
    expect(told(withRedis(redis))).toContain(problem);
  });
});

test('the broker of the agents: a CA file that is not there is told with the configuration', () => {
  const text = told(
    file(
      '{}',
      'agents: { transportUrl: "rabbit://bot:${PASSWORD}@h:5671/agents?ssl=1&ssl_ca_file=/nowhere/ca.pem" }',
    ),
  );
  expect(text).toContain('agents.transportUrl: expected a transport URL whose settings can be used');
  expect(text).toContain("the URL's setting ssl_ca_file cannot be read (ENOENT");
  expect(text).not.toContain('hunter22');
});
