import { describe, expect, test } from 'vitest';
import { createLog } from '../../../src/bot/process/log.ts';
import { redact } from '../../../src/bot/process/redact.ts';

const secrets = [
  [
    'a URL with a password',
    'amqp://watership:s3cret@10.3.0.44:5672/%2F refused',
    'amqp://watership:…@10.3.0.44:5672/%2F refused',
  ],
  ['a URL with a password alone', 'redis://:s3cret@127.0.0.1:6379/0', 'redis://:…@127.0.0.1:6379/0'],
  ['a password that holds an @', 'rabbit://u:s3@cret@host/', 'rabbit://u:…@host/'],
  ['each host of a transport URL', 'rabbit://a:s3cret@one:5672,b:s3cret@two:5672/', 'rabbit://a:…@two:5672/'],
  ['a bot token', 'invalid_auth for xoxb-1-s3cret', 'invalid_auth for xoxb-…'],
  ['an app token', 'apps.connections.open with xapp-1-A-s3cret', 'apps.connections.open with xapp-…'],
  ['an authorization header', 'authorization: Basic czNjcmV0', 'authorization: …'],
  ['a header as JSON', '{"authorization":"Bearer s3cret"}', '{"authorization":"…"}'],
  [
    'a private key',
    'key: -----BEGIN OPENSSH PRIVATE KEY-----\ns3cret\n+/=\n-----END OPENSSH PRIVATE KEY-----; more',
    'key: -----BEGIN PRIVATE KEY-----…; more',
  ],
  ['half a private key', '"-----BEGIN RSA PRIVATE KEY-----\ns3cret"', '"-----BEGIN PRIVATE KEY-----…"'],
  ['a passphrase', 'passphrase: s3cret', 'passphrase: …'],
  ['a query', '/login?user=a&password=s3cret&x=1', '/login?user=a&password=…&x=1'],
] as const;

describe('what leaves the process', () => {
  test.each(secrets)('%s is taken out', (_name, text, shown) => {
    expect(redact(text)).toBe(shown);
  });

  test('loses nothing else', () => {
    const lease = '{"token":5,"secret":{"a":1},"password":null}';
    expect(redact(lease)).toBe(lease);
    const text = 'GET http://10.3.0.44:15672/api/queues/%2F/a@b answered 404: no queue "a:b@c" in vhost "/"';
    expect(redact(text)).toBe(text);
  });

  test('the log shows no secret: not in a field, not in a text, not in an error or its cause', () => {
    const lines: string[] = [];
    const log = createLog('info', { write: (line: string) => lines.push(line) });
    const cause = new Error('GET http://u:s3cret@h/ failed');
    log.error(
      {
        err: new Error('xoxb-1-s3cret', { cause }),
        config: { slack: { botToken: 's3cret' }, password: 's3cret' },
      },
      'for redis://:s3cret@h/0',
    );
    for (const [, text] of secrets) {
      log.warn({ detail: text }, text);
    }
    expect(lines).toHaveLength(1 + secrets.length);
    expect(lines.join('')).not.toMatch(/s3cret|czNjcmV0/);
    expect(lines.every((line) => JSON.parse(line))).toBe(true);
  });
});
