import { describe, expect, test } from 'vitest';
import { probeExitCode } from '../../../../src/bot/cli/rpc/probe.ts';
import { timeoutOf } from '../../../../src/bot/cli/rpc/rpc-request.ts';
import { fakeBroker } from '../fake-broker.ts';
import { configWith, runProgram, runProgramWith } from '../run-program.ts';

const NOBODY = 'rabbit://someone:s3cret@127.0.0.1:1/';

describe('what is wrong on the command line is said with its cure, and nothing is asked', () => {
  test.each([
    [
      ['call', 'compute', 'ping', '--url', NOBODY, '--args', 'host=cmp1'],
      '--args: expected a JSON object such as \'{"host": "cmp1"}\', got text that is not JSON. Quote it for the shell.',
    ],
    [
      ['call', 'compute', 'ping', '--url', NOBODY, '--context', '[1]'],
      '--context: expected a JSON object such as \'{"host": "cmp1"}\', got a list. Quote it for the shell.',
    ],
    [
      ['call', 'compute', 'ping', '--url', NOBODY, '--timeout', 'soon'],
      '--timeout: expected a duration such as 10s, got "soon". Write 10s or 500ms.',
    ],
    [
      ['cast', 'compute', 'ping', '--url', NOBODY, '--fanout', '--server', 'cmp1'],
      '--server: expected none with --fanout, because --fanout sends to every server. Leave out one of them.',
    ],
    [
      ['call', 'compute', 'ping', '--url', NOBODY, '--fanout'],
      '--fanout: expected none with call, because only one server answers a call. Use cast, or leave it out.',
    ],
    [
      ['call', 'compute', 'ping', '--url', 'rabbit:///'],
      '--url: expected rabbit://user:…@host:port/vhost, got a URL without a host. Add one.',
    ],
    [
      ['call', 'compute', 'ping', '--url', '//user:s3cret@host/'],
      'No scheme specified: a transport URL begins with rabbit://',
    ],
    [
      ['call', 'compute', 'ping', '--url', NOBODY, '--cluster', 'house'],
      '--cluster: expected none with a URL, because the URL names the broker. Leave out one of them.',
    ],
    [
      ['probe', '--url', NOBODY],
      'topic: expected a topic such as compute, got nothing. Name one, or --all for every service.',
    ],
    [
      ['probe', 'compute', '--all', '--url', NOBODY],
      'topic: expected none with --all, got compute. Leave out one of them.',
    ],
    [
      ['probe', '--all', '--url', NOBODY],
      '--all: expected a configuration, because it names the services. Give --config.',
    ],
    [
      ['tap', 'nova', '#', '--url', NOBODY, '--max-messages', 'many'],
      '--max-messages: expected a whole number from 1 to 1000000, got "many". Write 60.',
    ],
  ])('%j', async (argv, told) => {
    const { exitCode, out, err } = await runProgram(...argv);
    expect(err).toBe(`${told}\n`);
    expect(out).toBe('');
    expect(exitCode).toBe(3);
  });

  test('of several clusters one must be named', async () => {
    await using broker = await fakeBroker();
    const config = configWith({ management: broker.url });
    const { err, exitCode } = await runProgram(
      'call',
      'compute',
      'ping',
      '--cluster',
      'barn',
      '--config',
      config,
    );
    expect(err).toBe('No cluster named “barn”. Known clusters: house.\n');
    expect(exitCode).toBe(3);
  });

  test('without any configuration the other way is named', async () => {
    const { err, exitCode } = await runProgram('probe', 'compute', '--config', '/no/such/file.yaml');
    expect(err).toContain(
      'Without a configuration, give --url rabbit://user@host:5672/ or set WATERSHIP_URL.',
    );
    expect(exitCode).toBe(3);
  });
});

describe('a broker that is not there', () => {
  test('is told without the password, and exits 3', async () => {
    for (const argv of [
      ['call', 'compute', 'ping', '--timeout', '5'],
      ['cast', 'compute', 'ping', '--timeout', '5'],
      ['tap', 'nova', '#'],
    ]) {
      const { exitCode, err } = await runProgramWith({ variables: { WATERSHIP_URL: NOBODY } }, ...argv);
      expect(err).toContain('127.0.0.1:1');
      expect(err).not.toContain('s3cret');
      expect(exitCode).toBe(3);
    }
  });

  test('is unreachable in a probe’s table, and nothing is concluded', async () => {
    const { exitCode, out } = await runProgram('probe', 'compute', 'cmp1', '--url', NOBODY);
    expect(out).toMatch(/^QUEUE +VERDICT +LATENCY +CONSUMERS +EVIDENCE\ncompute\.cmp1 +unreachable /);
    expect(exitCode).toBe(3);
  });
});

test('--version of a call is the RPC’s; of the program it is the program’s', async () => {
  const { err } = await runProgram('call', 'compute', 'ping', '--version', '1.2', '--url', 'rabbit:///');
  expect(err).toContain('--url: expected');
  expect((await runProgram('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('a queue that nobody reads, and that holds messages, is not asked: the question would stay in it', async () => {
  await using broker = await fakeBroker({
    '/api/queues': [{ name: 'compute.cmp9', vhost: '/', type: 'classic', messages_ready: 7 }],
  });
  const config = configWith({ management: broker.url });
  const { out, exitCode } = await runProgram('probe', 'compute', '--json', '--config', config);
  expect(JSON.parse(out)).toMatchObject({
    services: [
      { cluster: 'house', queue: 'compute', verdict: 'unreachable' },
      {
        cluster: 'house',
        queue: 'compute.cmp9',
        verdict: 'absent',
        consumers: 0,
        how: 'Its queue has no consumer.',
      },
    ],
  });
  expect(exitCode).toBe(1);
});

const alive = { verdict: 'alive' } as const;
test.each([
  ['all answer', [alive, alive], 0],
  ['somebody is deaf', [alive, { verdict: 'deaf' }, { verdict: 'unreachable' }], 2],
  ['somebody is connected and cannot be reached', [{ verdict: 'unbound' }], 2],
  ['nobody serves there', [alive, { verdict: 'absent' }], 1],
  ['nobody reads its queue', [{ verdict: 'absent', consumers: 0 }], 1],
  ['it could not be asked', [alive, { verdict: 'unreachable' }], 3],
  ['nobody was asked', [], 3],
] as const)('when %s the exit code follows Nagios', (_when, rows, exitCode) => {
  expect(probeExitCode(rows)).toBe(exitCode);
});

test.each([
  [undefined, 10_000],
  ['5', 5_000],
  ['0.5', 500],
  ['500ms', 500],
  ['2m', 120_000],
])('a timeout of %s is %i ms', (text, ms) => {
  expect(timeoutOf(text)).toBe(ms);
});
