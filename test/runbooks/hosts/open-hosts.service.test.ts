import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostOperation, HostRequest, HostSettings } from '../../../src/runbooks/index.ts';
import { describePreset, openHosts, presets } from '../../../src/runbooks/index.ts';

const server = (changes: Partial<Extract<HostSettings, { via: 'local' }>> = {}): HostSettings => ({
  via: 'local',
  preset: 'custom',
  operations: {},
  addresses: [],
  ...changes,
});

const request = (
  operation: HostOperation,
  args: Readonly<Record<string, string>>,
  host = 'ctl1',
): HostRequest => ({
  host,
  operation,
  args,
});

const limits = { timeoutMs: 5_000 };

describe('the presets', () => {
  test.each([
    ['systemd', 'node.stop', 'systemctl stop rabbitmq-server'],
    ['systemd', 'node.join_cluster', 'rabbitmqctl -n rabbit@ctl1 join_cluster rabbit@ctl2'],
    ['systemd', 'service.restart', 'systemctl restart nova-compute'],
    ['kolla-docker', 'node.start', 'docker start rabbitmq'],
    ['kolla-docker', 'node.reset', 'docker exec rabbitmq rabbitmqctl -n rabbit@ctl1 reset'],
    ['kolla-podman', 'service.restart', 'podman restart nova-compute'],
    [
      'kolla-podman',
      'node.force_boot',
      'touch /var/lib/containers/storage/volumes/rabbitmq/_data/mnesia/rabbit@ctl1/force_load',
    ],
    ['systemd', 'node.restart', 'systemctl --no-block restart rabbitmq-server'],
    [
      'kubernetes',
      'node.stop',
      'kubectl -n openstack exec ctl1 -c rabbitmq -- rabbitmqctl -n rabbit@ctl1 stop_app',
    ],
    ['kubernetes', 'node.restart', 'kubectl -n openstack delete pod ctl1 --wait=false'],
    [
      'kubernetes',
      'node.force_boot',
      'kubectl -n openstack exec ctl1 -c rabbitmq -- rabbitmqctl -n rabbit@ctl1 force_boot',
    ],
    ['kubernetes', 'service.restart', 'kubectl -n openstack rollout restart nova-compute'],
    ['kolla-docker', 'service.status', 'docker inspect --format {{.State.Status}} nova-compute'],
  ] as const)('%s does %s by: %s', (preset, operation, command) => {
    const hosts = openHosts({ ctl1: server({ preset }) });
    const args: Record<string, string> = operation.startsWith('node.')
      ? { node: 'rabbit@ctl1', ...(operation === 'node.join_cluster' && { peer: 'rabbit@ctl2' }) }
      : { service: 'nova-compute' };
    expect(hosts.argvOf(request(operation, args))?.join(' ')).toBe(command);
  });

  test('all but custom know every operation except reading a file, which needs no command', () => {
    for (const preset of ['systemd', 'kolla-docker', 'kolla-podman', 'kubernetes'] as const) {
      expect(describePreset(preset)).toHaveLength(11);
    }
    expect(describePreset('custom')).toEqual([]);
  });

  test('of Kubernetes finds the pod by the first label of the node, and takes a workload with its kind', () => {
    const hosts = openHosts({ k8s: server({ preset: 'kubernetes', namespace: 'prod' }) });
    const node = 'rabbit@rabbitmq-server-1.rabbitmq-nodes.prod';
    expect(hosts.argvOf(request('node.restart', { node, pod: 'other' }, 'k8s'))?.join(' ')).toBe(
      'kubectl -n prod delete pod rabbitmq-server-1 --wait=false',
    );
    const workload = (service: string) =>
      hosts.argvOf(request('service.restart', { service }, 'k8s'))?.join(' ');
    expect(workload('daemonset/nova-compute')).toBe('kubectl -n prod rollout restart daemonset/nova-compute');
    for (const wrong of ['secret/nova', 'deployment/', 'deployment/a/b', '/dev', 'dev/sda']) {
      expect(workload(wrong)).toBeUndefined();
    }
  });

  test('run as root where they should, and own commands as they stand', () => {
    const hosts = openHosts({
      ctl1: server({ preset: 'systemd', sudo: true, operations: { 'node.start': ['start-it'] } }),
    });
    const args = { node: 'rabbit@ctl1' };
    expect(hosts.argvOf(request('node.stop', args))?.join(' ')).toBe(
      'sudo -n -- systemctl stop rabbitmq-server',
    );
    expect(hosts.argvOf(request('node.start', args))).toEqual(['start-it']);
  });

  test('no template names a shell', () => {
    const programs = Object.values(presets).flatMap((operations) =>
      Object.values(operations).map(([first]) => first),
    );
    expect(programs.length).toBeGreaterThan(0);
    expect(programs.filter((program) => /(^|\/)(ba|da|z)?sh$/.test(program ?? ''))).toEqual([]);
  });
});

describe('a template', () => {
  const argvOf = (template: readonly string[], args: Readonly<Record<string, string>>) =>
    openHosts({ ctl1: server({ operations: { 'service.restart': template } }) }).argvOf(
      request('service.restart', args),
    );

  test('drops an element that is only the placeholder of an argument left out', () => {
    expect(argvOf(['restart', '{service}', '{pid}'], { service: 'nova' })).toEqual(['restart', 'nova']);
    expect(argvOf(['restart', '{service}', '{pid}'], { service: 'nova', pid: '42' })).toEqual([
      'restart',
      'nova',
      '42',
    ]);
  });

  test('is of no use when the argument left out stands inside an element', () => {
    expect(argvOf(['restart', '--pid={pid}'], { service: 'nova' })).toBeUndefined();
    expect(argvOf(['restart', '--pid={pid}'], { service: 'nova', pid: '42' })).toEqual([
      'restart',
      '--pid=42',
    ]);
  });

  test('knows the host by its configured name and leaves other braces alone', () => {
    expect(argvOf(['ssh', '{host}', '{{x}}', '{unknown}'], { service: 'nova' })).toEqual([
      'ssh',
      'ctl1',
      '{{x}}',
      '{unknown}',
    ]);
  });

  test('fills values in literally, whatever they look like to a replacement', () => {
    expect(argvOf(['{service}'], { service: 'a@b' })).toEqual(['a@b']);
  });

  test('that is empty is no command', () => {
    expect(argvOf([], { service: 'nova' })).toBeUndefined();
  });

  test('of the configuration wins over the preset', () => {
    const hosts = openHosts({
      ctl1: server({ preset: 'systemd', operations: { 'node.stop': ['halt', '{node}'] } }),
    });
    expect(hosts.argvOf(request('node.stop', { node: 'rabbit@a' }))).toEqual(['halt', 'rabbit@a']);
    expect(hosts.argvOf(request('node.start', { node: 'rabbit@a' }))?.[0]).toBe('systemctl');
  });
});

describe('hostile arguments', () => {
  const hosts = openHosts({ ctl1: server({ preset: 'systemd' }) });
  const hostileText = [
    '; rm -rf /',
    '$(x)',
    '`x`',
    'a b',
    'a\nb',
    'nova\n',
    '\nnova',
    'a;b',
    'a|b',
    'a&b',
    'a>b',
    "a'b",
    'a"b',
    'a\\b',
    'a*b',
    'a\u0000b',
    'nоva', // a Cyrillic о
    'nova\u202e',
    '',
    ' ',
  ];
  const refuses = async (asked: HostRequest): Promise<void> => {
    expect(hosts.argvOf(asked)).toBeUndefined();
    expect((await hosts.run(asked, limits)).kind).toBe('not-started');
  };

  test.each([...hostileText, '-f', '--help', '.', '..', 'x'.repeat(200)])(
    '%j is no argument',
    async (value) => {
      await refuses(request('service.restart', { service: value }));
      await refuses(request('service.restart', { service: 'nova', pid: value }));
      await refuses(request('node.stop', { node: value }));
      await refuses(request('node.stop', { node: `${value}@a` }));
      await refuses(request('node.join_cluster', { node: 'rabbit@a', peer: value }));
      await refuses(request('node.join_cluster', { node: 'rabbit@a', peer: `${value}@a` }));
      await refuses(request('file.read', { path: value }));
    },
  );

  test.each(hostileText)('%j is no part of a node or a path', async (value) => {
    await refuses(request('node.stop', { node: `rabbit@${value}` }));
    await refuses(request('file.read', { path: `/etc/${value}` }));
  });

  test.each([
    '/etc/../root',
    '/..',
    '/.',
    '/etc/./passwd',
    'etc/passwd',
    '//etc',
    '/etc/',
    '/etc/a b',
    '/etc/$HOME',
  ])('%j is no path', async (path) => {
    expect((await hosts.run(request('file.read', { path }), limits)).kind).toBe('not-started');
  });

  test('an argument that an operation needs, or does not know, stops it', async () => {
    for (const asked of [
      request('node.stop', {}),
      request('node.join_cluster', { node: 'rabbit@a' }),
      request('service.restart', { service: 'nova', colour: 'red' }),
      request('service.restart', { service: 'nova', constructor: 'x' }),
    ]) {
      expect((await hosts.run(asked, limits)).kind).toBe('not-started');
    }
  });

  test('whatever is allowed is one element without blanks, shell characters or a leading dash', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'aZ0-_.@:; $`\n/\\"\'*é'), maxLength: 4 }),
        (service) => {
          const argv = hosts.argvOf(request('service.restart', { service }));
          const isPlain = /^[a-zA-Z0-9_][a-zA-Z0-9_.@:-]*$/.test(service) && !service.includes('\n');
          expect(argv).toEqual(isPlain ? ['systemctl', 'restart', service] : undefined);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('a host', () => {
  const hosts = openHosts({
    ctl1: server({ preset: 'systemd', addresses: ['10.0.0.1', 'shared'] }),
    ctl2: server({ preset: 'kolla-docker', addresses: ['10.0.0.2', 'shared', 'ctl1'] }),
  });
  const programAt = (host: string) => hosts.argvOf(request('node.stop', { node: 'rabbit@a' }, host))?.[0];

  test('answers to its name and to its addresses; a name wins', () => {
    expect(programAt('ctl1')).toBe('systemctl');
    expect(programAt('10.0.0.2')).toBe('docker');
  });

  test.each(['shared', 'ctl3', '__proto__', 'constructor', ''])('%j finds none', async (host) => {
    expect(programAt(host)).toBeUndefined();
    expect((await hosts.run(request('node.stop', { node: 'rabbit@a' }, host), limits)).kind).toBe(
      'not-started',
    );
  });

  test('says which two hosts claim an address', async () => {
    const answer = await hosts.run(request('node.stop', { node: 'rabbit@a' }, 'shared'), limits);
    expect(answer).toEqual({
      kind: 'not-started',
      because: 'the hosts ctl1 and ctl2 both claim the address shared',
    });
  });
});

describe('reading a file', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hosts-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });
  const hosts = openHosts({ ctl1: server() });
  const read = (path: string) => hosts.run(request('file.read', { path }), limits);

  test('gives the whole text', async () => {
    const path = join(folder, 'haproxy.cfg');
    await writeFile(path, 'listen rabbit\n  server ctl1 10.0.0.1:5672\n');
    expect(await read(path)).toMatchObject({ kind: 'done', output: expect.stringContaining('server ctl1') });
  });

  test('fails for a file that is not there, a folder, and one too large for a configuration', async () => {
    const large = join(folder, 'large');
    await writeFile(large, '');
    await truncate(large, 1024 * 1024 + 1);
    expect(await read(join(folder, 'none'))).toMatchObject({ kind: 'failed', exitCode: 1 });
    expect(await read(folder)).toMatchObject({ kind: 'failed', output: expect.stringContaining('regular') });
    expect(await read(large)).toMatchObject({ kind: 'failed', output: expect.stringContaining('larger') });
  });

  test('goes through the command where one is configured', async () => {
    const elsewhere = openHosts({
      ctl1: server({ operations: { 'file.read': [process.execPath, '-p', '"from afar"', '{path}'] } }),
    });
    expect(await elsewhere.run(request('file.read', { path: '/etc/x' }), limits)).toMatchObject({
      kind: 'done',
      output: 'from afar\n',
    });
  });
});
