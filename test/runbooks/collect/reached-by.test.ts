import { describe, expect, test } from 'vitest';
import { lookReachedBy, reachedByTransportUrl } from '../../../src/runbooks/collect/reached-by.ts';
import type { ClusterPorts, HostAnswer, HostRequest, ReachedBy } from '../../../src/runbooks/index.ts';
import { A, B, C, settings } from '../observation.ts';

const limits = { timeoutMs: 1_000 };
const haproxy: ReachedBy = { kind: 'haproxy', host: 'lb-1', path: '/etc/haproxy/haproxy.cfg' };

const section = (...servers: readonly string[]): string =>
  ['listen rabbitmq', ...servers].join('\n    server ');

async function look(reachedBy: ReachedBy, answer: HostAnswer) {
  const requests: HostRequest[] = [];
  const ports: ClusterPorts = {
    settings: { ...settings, reachedBy },
    management: [],
    hosts: {
      argvOf: () => undefined,
      run: async (request) => {
        requests.push(request);
        return answer;
      },
    },
    probe: () => Promise.reject(new Error('not asked')),
    clock: { now: () => 0, sleep: () => Promise.resolve() },
  };
  return { answer: await lookReachedBy(ports, limits), requests };
}

const file = (output: string): HostAnswer => ({ kind: 'done', exitCode: 0, output });

describe('a transport URL', () => {
  const reached = (...hosts: readonly string[]) => reachedByTransportUrl(settings, hosts).nodes;

  test('names nodes by address or by host name, with or without a port', () => {
    expect(reached('10.3.0.45:5672')).toEqual([B]);
    expect(reached('10.3.0.45')).toEqual([B]);
    expect(reached('SERVER-46:5672', '10.3.0.44')).toEqual([C, A]);
  });

  test('with another port or host names no node, and says so', () => {
    expect(reached('10.3.0.45:5673')).toEqual([]);
    expect(reachedByTransportUrl(settings, ['10.3.0.44', 'vip.example.org']).how).toBe(
      "the services' transport URL names rabbit@server-44; no configured node has the address vip.example.org",
    );
  });

  test('tells nodes on one host by their ports', () => {
    const nodes = [5_001, 5_002].map((amqpPort) => ({
      name: `rabbit${amqpPort}@localhost`,
      amqpHost: '127.0.0.1',
      amqpPort,
    }));
    const on = (hosts: readonly string[]) => reachedByTransportUrl({ ...settings, nodes }, hosts).nodes;
    expect(on(['127.0.0.1:5002'])).toEqual(['rabbit5002@localhost']);
    expect(on(['127.0.0.1'])).toHaveLength(2);
  });
});

describe('haproxy', () => {
  test('is read on its host, and forwards to the one active server', async () => {
    const { answer, requests } = await look(
      haproxy,
      file(section('a 10.3.0.44:5672 check backup', 'b 10.3.0.45:5672 check', 'c 10.3.0.46:5672 backup')),
    );
    expect(requests).toEqual([
      { host: 'lb-1', operation: 'file.read', args: { path: '/etc/haproxy/haproxy.cfg' } },
    ]);
    expect(answer).toEqual({
      kind: 'reached-by',
      nodes: [B],
      how: 'listen rabbitmq in /etc/haproxy/haproxy.cfg on lb-1 forwards to rabbit@server-45',
    });
  });

  test('a database on the same hosts is not the broker', async () => {
    const both = `listen mariadb\n server a 10.3.0.44:3306\n${section('a 10.3.0.45:5672')}`;
    expect((await look(haproxy, file(both))).answer).toMatchObject({ nodes: [B] });
  });

  test('servers may be known by the names of their hosts', async () => {
    const { answer } = await look(
      haproxy,
      file(section('server-46 192.168.0.46:5672', 'server-44 192.168.0.44:5672 backup')),
    );
    expect(answer).toMatchObject({ nodes: [C] });
  });

  test('with only backups names nobody', async () => {
    const { answer } = await look(haproxy, file(section('a 10.3.0.44:5672 backup')));
    expect(answer).toMatchObject({ kind: 'reached-by', nodes: [] });
  });

  test.each<[string, HostAnswer, string]>([
    [
      'a file about something else',
      file('listen web\n server x 1.1.1.1:80'),
      'has no listen or backend section',
    ],
    ['a file that cannot be read', { kind: 'failed', exitCode: 1, output: 'no such file' }, 'no such file'],
    ['a host that is not configured', { kind: 'not-started', because: 'no host lb-1' }, 'no host lb-1'],
  ])('%s is unseen', async (_, came, because) => {
    const { answer } = await look(haproxy, came);
    expect(answer.kind).toBe('unseen');
    expect('because' in answer ? answer.because : '').toContain(because);
  });
});

test('without a word in the configuration nobody is named', async () => {
  const { answer, requests } = await look({ kind: 'unknown' }, file(''));
  expect(answer).toMatchObject({ kind: 'reached-by', nodes: [] });
  expect(requests).toEqual([]);
});
