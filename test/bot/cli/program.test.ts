import { describe, expect, test } from 'vitest';
import { exitCodeOf } from '../../../src/bot/cli/sweep.ts';
import { fakeBroker } from './fake-broker.ts';
import { configFile, configWith, runProgram } from './run-program.ts';

describe('sweep', () => {
  test('of a quiet cluster exits 0 and says so, without Redis and without Slack', async () => {
    await using broker = await fakeBroker();
    const { exitCode, out } = await runProgram('sweep', '--config', configWith({ management: broker.url }));
    expect(out.replace(/in \d+ ms/, 'in 9 ms')).toBe(
      'house: 1 of 1 nodes answered in 9 ms\n  no findings\n  Not checked: growth, zombie and orphan queues (they need ' +
        'several sweeps), and deaf and unbound services (they need probes) → watership probe --all; the bot checks all of ' +
        'this, but has not swept here lately\n',
    );
    expect(exitCode).toBe(0);
    expect((await runProgram('sweep', '--help')).out).toContain(
      'so it does not find growth, zombie or orphan queues, or deaf or unbound\nservices.',
    );
  });

  test('as JSON is one value for programs', async () => {
    await using broker = await fakeBroker();
    const config = configWith({ management: broker.url });
    const { out } = await runProgram('sweep', '--json', '--config', config);
    expect(JSON.parse(out)).toMatchObject([
      { cluster: 'house', nodes: [{ name: 'rabbit@a', answered: true }], findings: [], failed: [] },
    ]);
    expect(JSON.parse(out)).toMatchObject([
      { notLookedAt: [expect.stringContaining('zombie'), expect.stringContaining('deaf')] },
    ]);
  });

  test('of a cluster that gives no answer exits 3, and names the node', async () => {
    const config = configWith({ management: 'http://127.0.0.1:1' });
    const { exitCode, out } = await runProgram('sweep', '--config', config);
    expect(out).toContain('could not see rabbit@a:');
    expect(exitCode).toBe(3);
  });

  test('shows control characters of a name instead of sending them to the terminal', async () => {
    const name = 'evil\u001b[31m\u202equeue';
    const row = { name, vhost: '/', messages_ready: 5_000_000, messages_unacknowledged: 0, type: 'classic' };
    await using broker = await fakeBroker({ '/api/queues': [row] });
    const config = configWith({ management: broker.url });
    const { out } = await runProgram('sweep', '--config', config);
    expect(out).not.toContain('\u001b');
    expect(out).not.toContain('\u202e');
  });

  test('with a wrong configuration exits 3: nothing was looked at', async () => {
    const { exitCode, err } = await runProgram('sweep', '--config', configFile('slack: {}\n'));
    expect(err).toContain('4 problems');
    expect(exitCode).toBe(3);
  });

  test('of a cluster that is not configured says which there are', async () => {
    const config = configWith({ management: 'http://127.0.0.1:1' });
    const { exitCode, err } = await runProgram('sweep', '--cluster', 'barn', '--config', config);
    expect(err).toBe('No cluster named “barn”. Known clusters: house.\n');
    expect(exitCode).toBe(3);
  });

  const finding = (severity: 'info' | 'warning' | 'critical') => ({
    key: 'k',
    subject: 's',
    runbook: 'r',
    facts: {},
    headline: 'h',
    severity,
  });
  const seen = { name: 'a', answered: true };
  const silent = { name: 'b', answered: false, because: 'no answer' };
  test.each([
    ['nothing is found', [], [seen], [], 0],
    ['only information is found', [finding('info')], [seen], [], 0],
    ['there are warnings', [finding('warning')], [seen, silent], [], 1],
    ['something is critical', [finding('warning'), finding('critical')], [seen, silent], [], 2],
    ['nothing is found, but not everything was seen', [], [seen, silent], [], 3],
    ['nothing was seen', [finding('critical')], [silent], [], 3],
    ['a detector failed', [], [seen], ['backlog'], 3],
  ])('when %s the exit code follows Nagios', (_name, findings, nodes, failed, exitCode) => {
    expect(exitCodeOf({ findings, nodes, failed })).toBe(exitCode);
  });
});

describe('check', () => {
  test('says a line for each connection, and what is wrong with it', async () => {
    await using broker = await fakeBroker();
    const { exitCode, out } = await runProgram('check', '--config', configWith({ management: broker.url }));
    const lines = out.split('\n');
    expect(lines[0]).toBe('The configuration is valid.');
    expect(lines).toContainEqual(expect.stringMatching(/^bad {6}Redis 127\.0\.0\.1:1: .*ECONNREFUSED/));
    expect(lines).toContainEqual(expect.stringMatching(/^bad {6}Slack bot token: .*ECONNREFUSED/));
    expect(lines).toContainEqual(
      `ok       house rabbit@a ${broker.url}: RabbitMQ 3.10.8, user watership with tags administrator`,
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^warning {2}house rabbit@a amqp:\/\/127\.0\.0\.1:1: .*RPC probes/),
    );
    expect(exitCode).toBe(2);
    expect(out).not.toMatch(/s3cret|xoxb-b|xapp-a/);
  }, 20_000);

  test.each([
    [
      { '/api/whoami': { name: 'w', tags: ['monitoring'] } },
      'warning',
      'it can read, but not close connections',
    ],
    [{ '/api/whoami': { name: 'w', tags: '' } }, 'bad', 'reading needs the tag monitoring'],
    [{ '/api/overview': { node: 'rabbit@b', object_totals: {} } }, 'bad', 'this is the API of rabbit@b'],
  ])(
    'knows a node that is not as it should be: %j',
    async (answers, state, text) => {
      await using broker = await fakeBroker(answers);
      const config = configWith({ management: broker.url });
      const { out } = await runProgram('check', '--json', '--config', config);
      const lines: unknown = JSON.parse(out);
      expect(lines).toContainEqual(
        expect.objectContaining({
          what: `house rabbit@a ${broker.url}`,
          state,
          text: expect.stringContaining(text),
        }),
      );
    },
    20_000,
  );

  test('of a wrong password says what to check', async () => {
    await using broker = await fakeBroker({}, { isRefused: true });
    const config = configWith({ management: broker.url });
    const { out } = await runProgram('check', '--config', config);
    expect(out).toMatch(
      /bad {6}house rabbit@a .*401.*Check username \(watership\) and password of cluster house, .* tag monitoring/,
    );
    const swept = await runProgram('sweep', '--config', config);
    expect(swept.out).toContain('I cannot see the cluster: its only node refuses my password');
  }, 20_000);

  test('of a wrong configuration prints the problems and exits 2', async () => {
    const path = configFile('slack: {}\n');
    const { exitCode, out, err } = await runProgram('check', '--config', path);
    expect(err).toContain(`${path}: 4 problems`);
    expect(out).toBe('');
    expect(exitCode).toBe(2);
    const asJson = await runProgram('check', '--json', '--config', path);
    expect(JSON.parse(asJson.out)).toMatchObject({
      file: path,
      problems: [{ path: 'slack.botToken' }, {}, {}, {}],
    });
  });
});

describe('the command line', () => {
  test('knows its runbooks without a configuration', async () => {
    const { exitCode, out } = await runProgram('runbooks', '--json');
    const rows: unknown = JSON.parse(out);
    expect(rows).toContainEqual(expect.objectContaining({ id: 'partition', repairs: true }));
    expect(exitCode).toBe(0);
  });

  test('prints the schema', async () => {
    const { out } = await runProgram('schema');
    expect(JSON.parse(out)).toMatchObject({ title: 'watership.yaml', type: 'object' });
  });

  test('incidents with a limit that is no number are not looked for', async () => {
    const config = configWith({ management: 'http://127.0.0.1:1' });
    expect(await runProgram('incidents', '--limit', 'all', '--config', config)).toMatchObject({
      err: '--limit: expected a whole number from 1 to 1000000, got "all". Write 60.\n',
      exitCode: 3,
    });
  });

  test('suggests the nearest command', async () => {
    const { exitCode, err } = await runProgram('swep');
    expect(err).toContain('Did you mean sweep?');
    expect(exitCode).toBe(3);
  });

  test.each(['incidents', 'audit', 'digest', 'halt'])('%s says when Redis is away', async (command) => {
    const config = configWith({ management: 'http://127.0.0.1:1' });
    const { exitCode, err } = await runProgram(command, '--config', config);
    expect(err).toMatch(/^Redis at 127\.0\.0\.1:1 cannot be reached: /);
    expect(exitCode).toBe(3);
  });

  test('prints help', async () => {
    const { exitCode, out } = await runProgram('--help');
    expect(out).toContain('Usage: watership');
    expect(exitCode).toBe(0);
  });

  test('of the agent names the files that the agent reads', async () => {
    const { out } = await runProgram('agent', '--help');
    expect(out.replaceAll(/\s+/g, ' ')).toContain('(default: ./agent.yaml, /etc/watership-agent/agent.yaml)');
  });

  test('what a command lacks is told with where to read about it', async () => {
    const { exitCode, err } = await runProgram('tap', 'openstack');
    expect(err).toContain("missing required argument 'routing-key'");
    expect(err).toContain('Add --help to see the arguments and options of the command.');
    expect(exitCode).toBe(3);
  });
});
