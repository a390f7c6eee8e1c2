import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { activeServers, parseHaproxy } from '../../../src/runbooks/collect/haproxy.ts';

const FILE = `
global
    log 10.3.0.44 local1
    stats socket /var/lib/haproxy/haproxy.sock

defaults
    server ignored 1.2.3.4:5

frontend web
    bind 10.3.0.100:80
    default_backend web_back

listen mariadb
    bind 10.3.0.100:3306
    server server-44 10.3.0.44:3306 check inter 2000 rise 2 fall 5
    server server-45 10.3.0.45:3306 check inter 2000 rise 2 fall 5 backup

listen rabbitmq   # the message bus
    mode tcp
    option tcpka
    bind 10.3.0.100:5672
    server server-44 10.3.0.44:5672 check inter 2000 rise 2 fall 5 backup
    server server-45 10.3.0.45:5672 check cookie backup inter 2000
    #server server-46 10.3.0.46:5672 check
    server "server 47" ipv4@10.3.0.47:5672 check disabled
    server server-48 [fd00::48]:5672 weight 0 # backup? no
    server server-49 fd00::49:5672 backup

backend web_back
    server server-44 10.3.0.44 check
`;

describe('a haproxy file', () => {
  const sections = parseHaproxy(FILE);

  test('is read section by section, those that forward', () => {
    expect(sections.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'listen mariadb',
      'listen rabbitmq',
      'backend web_back',
    ]);
  });

  test('names servers, and which of them are only backups or disabled', () => {
    expect(sections[1]?.servers).toEqual([
      { name: 'server-44', host: '10.3.0.44', port: 5672, isBackup: true, isDisabled: false },
      { name: 'server-45', host: '10.3.0.45', port: 5672, isBackup: false, isDisabled: false },
      { name: 'server 47', host: '10.3.0.47', port: 5672, isBackup: false, isDisabled: true },
      { name: 'server-48', host: 'fd00::48', port: 5672, isBackup: false, isDisabled: true },
      { name: 'server-49', host: 'fd00::49', port: 5672, isBackup: true, isDisabled: false },
    ]);
  });

  test('forwards to the one that is neither', () => {
    expect(sections.map((section) => activeServers(section).map(({ name }) => name))).toEqual([
      ['server-44'],
      ['server-45'],
      ['server-44'],
    ]);
  });

  test('may leave out the port', () => {
    expect(sections[2]?.servers[0]).toEqual({
      name: 'server-44',
      host: '10.3.0.44',
      isBackup: false,
      isDisabled: false,
    });
  });
});

test('any text at all is read without a throw', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'listen x',
      'server a b:1',
      'server',
      'backend',
      'server "x',
      "server 'y' z backup",
      '\\',
    ),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      for (const { servers } of parseHaproxy(lines.join('\n'))) {
        for (const { name, host } of servers) {
          expect([typeof name, typeof host]).toEqual(['string', 'string']);
        }
      }
    }),
  );
});
