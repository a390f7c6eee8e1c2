import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { amqpReason } from '../../../../src/bot/cli/check/check.ts';
import { fakeBroker } from '../fake-broker.ts';
import { fakeSlack } from '../fake-slack.ts';
import { configFile, configWith, runProgram } from '../run-program.ts';

/** The lines of `check` with a part of the good configuration replaced. */
async function linesWith(slack: string, change: (text: string) => string = (text) => text) {
  const good = readFileSync(configWith({ management: 'http://127.0.0.1:1', slack }), 'utf8');
  const { out } = await runProgram('check', '--config', configFile(change(good)));
  return out.split('\n');
}

describe('check of Slack', () => {
  test('looks the channels and the approvers up', async () => {
    await using slack = await fakeSlack();
    const lines = await linesWith(slack.url);
    expect(lines).toContain('ok       Slack bot token: signed in as watership in Meadow');
    expect(lines).toContain('ok       Slack channel C0ALERTS: the bot is in #alerts');
    expect(lines).toContain('ok       approvers: one person may approve (Alice)');
  });

  test.each([
    [
      { ok: false, error: 'channel_not_found' },
      'bad      Slack channel C0ALERTS: there is no such channel, or it is private and the bot is not in it',
    ],
    [
      { ok: true, channel: { name: 'alerts', is_member: false } },
      'bad      Slack channel C0ALERTS: the bot is not in #alerts; type /invite @watership there',
    ],
    [
      { ok: true, channel: { name: 'alerts', is_member: true, is_archived: true } },
      'bad      Slack channel C0ALERTS: #alerts is archived: the bot cannot post there',
    ],
    [
      { ok: false, error: 'missing_scope' },
      'warning  Slack channel C0ALERTS: could not be looked up: the app lacks a scope; compare it with deploy/slack-manifest.yaml',
    ],
  ])('tells what is wrong with a channel: %j', async (answer, line) => {
    await using slack = await fakeSlack({ 'conversations.info': answer });
    expect(await linesWith(slack.url)).toContain(line);
  });

  test('tells approvers that are not there, and who is left', async () => {
    await using slack = await fakeSlack({
      'users.info U0BOB': { ok: false, error: 'user_not_found' },
      'users.info U0CAROL': { ok: true, user: { name: 'carol', deleted: true } },
      'usergroups.users.list S0OPS': { ok: true, users: ['U0DAVE'] },
      'usergroups.users.list S0OLD': { ok: false, error: 'no_such_subteam' },
    });
    const lines = await linesWith(slack.url, (text) =>
      text.replace('[U0ALICE]', '[U0ALICE, U0BOB, U0CAROL, S0OPS, S0OLD]'),
    );
    expect(lines).toContain(
      'bad      approvers: there is no user U0BOB; U0CAROL is deactivated; there is no user group S0OLD; ' +
        '2 people may approve (Alice, U0DAVE)',
    );
  });

  test('with a wrong token says it once', async () => {
    await using slack = await fakeSlack({ 'auth.test': { ok: false, error: 'invalid_auth' } });
    const lines = await linesWith(slack.url);
    expect(lines).toContainEqual(expect.stringMatching(/^bad {6}Slack bot token: .*invalid_auth/));
    expect(lines).toContain(
      'warning  Slack channel C0ALERTS: not checked, because the bot token does not work',
    );
  });
});

describe('check of the hosts', () => {
  const withHost = async (operations: string) => {
    await using slack = await fakeSlack();
    const host = `\nhosts: { srv: { via: local, preset: custom, operations: ${operations} } }\n`;
    const lines = await linesWith(slack.url, (text) => text + host);
    return lines.find((line) => line.includes('host srv'));
  };

  test.each([
    [
      '{ node.stop: [/bin/sh, stop], node.start: [/bin/sh, start] }',
      'ok       host srv: found /bin/sh; not run',
    ],
    ['{ node.stop: [sh], node.start: [env] }', 'ok       host srv: found sh and env; not run'],
    [
      '{ node.stop: [/usr/bin/nodde], node.start: [sh] }',
      'bad      host srv: there is no program /usr/bin/nodde, which node.stop would run',
    ],
    ['{}', 'ok       host srv: it has no commands; only files are read there'],
  ])('looks for the programs and runs nothing: %s', async (operations, line) => {
    expect(await withHost(operations)).toBe(line);
  });
});

test('check names the mirror of the audit where one is configured', async () => {
  await using slack = await fakeSlack();
  const without = await linesWith(slack.url);
  expect(without.filter((line) => line.includes('audit'))).toEqual([]);
  const lines = await linesWith(
    slack.url,
    (text) => `${text}\naudit: { file: /no/such/folder/audit.jsonl }\n`,
  );
  expect(lines).toContainEqual(
    expect.stringMatching(
      /^bad {6}audit \/no\/such\/folder\/audit\.jsonl: there is no folder \/no\/such\/folder;/,
    ),
  );
});

describe('check of a node name in two clusters tells', () => {
  const started = (osPid: string, uptime: number) => ({
    '/api/nodes': [{ name: 'rabbit@a', running: true, partitions: [], os_pid: osPid, uptime }],
  });

  test.each([
    [
      'the same broker by another address',
      started('4711', 86_403_000),
      'bad      clusters house and burrow: rabbit@a is the same process in both: ' +
        'they would repair it at the same time. Remove one of the two clusters',
    ],
    [
      'a broker with another process',
      started('4712', 86_403_000),
      'ok       clusters house and burrow: both have a node rabbit@a, but on two different brokers',
    ],
    [
      'a broker that began at another time',
      started('4711', 60_000),
      'ok       clusters house and burrow: both have a node rabbit@a, but on two different brokers',
    ],
    [
      'a broker that does not tell',
      { '/api/nodes': [] },
      'warning  clusters house and burrow: both have a node rabbit@a; whether it is the same one could not be checked now',
    ],
  ])('%s', async (_what, answers, line) => {
    await using first = await fakeBroker(started('4711', 86_400_000));
    await using second = await fakeBroker(answers);
    await using slack = await fakeSlack();
    const lines = await linesWith(
      slack.url,
      (text) => `${text.replace('http://127.0.0.1:1"', `${first.url}"`).trimEnd()}
  - name: burrow
    username: watership
    password: \${RABBIT}
    nodes: [ { name: rabbit@a, management: "${second.url}", amqp: "amqp://127.0.0.1:3", epmd: false } ]
`,
    );
    expect(lines).toContain(line);
  });
});

describe('check of an AMQP address', () => {
  test('that is the management port says so', async () => {
    await using broker = await fakeBroker();
    await using slack = await fakeSlack();
    const lines = await linesWith(slack.url, (text) =>
      text.replace('amqp://127.0.0.1:1', broker.url.replace('http:', 'amqp:')),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^warning {2}house rabbit@a amqp:.*does not speak AMQP: check that this is the AMQP port/,
      ),
    );
  });

  test.each([
    [
      'Expected ConnectionOpenOk; got <ConnectionClose channel:0>',
      'user looker has no permission on vhost /, or there is no such vhost',
    ],
    [
      'Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused"',
      'the broker refuses the login of looker',
    ],
    ['connect ECONNREFUSED 127.0.0.1:5672', 'connect ECONNREFUSED 127.0.0.1:5672'],
  ])('tells what the library means: %s', (said, told) => {
    expect(amqpReason(said, 'looker', '/')).toBe(told);
  });
});
