import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createMirror } from '../../../src/bot/audit/mirror.ts';
import type { AuditEntry } from '../../../src/bot/record/entry.ts';
import { keysFor } from '../../../src/bot/stores/keys.ts';
import { openStores } from '../../../src/bot/stores/open.ts';
import type { Stores } from '../../../src/bot/stores/stores.ts';
import { emptyHistory } from '../../../src/runbooks/index.ts';
import { incident, started } from '../../runbooks/engine/toy.ts';
import { proposedRun } from '../fakes/world.ts';
import { fakeBroker } from './fake-broker.ts';
import { fakeSlack } from './fake-slack.ts';
import { configFile, runProgram } from './run-program.ts';

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => {
  redis.disconnect();
});

function installation(
  more = '',
  {
    redisUrl = inject('redisUrl'),
    who = 'U0ALICE',
    management = 'http://127.0.0.1:2',
    slack = 'http://127.0.0.1:2/api/',
  } = {},
) {
  const prefix = `test-${randomUUID()}`;
  const config =
    configFile(`slack: { botToken: \${BOT}, appToken: \${APP}, channel: C0ALERTS, apiUrl: "${slack}" }
redis: { url: "${redisUrl}", prefix: ${prefix} }
people: { approvers: [U0ALICE], cli: { "${userInfo().username}": ${who} } }
${more}
clusters: [ { name: house, username: u, password: "\${RABBIT}", nodes: [ { name: rabbit@a, management: "${management}", epmd: false } ] } ]
`);
  return {
    stores: openStores(redis, prefix),
    key: keysFor(prefix).audit,
    run: (...argv: string[]) => runProgram(...argv, '--config', config),
  };
}

test('an audit that was deleted is missed without a mirror too, as soon as there was an incident', async () => {
  const { stores, run, key } = installation();
  expect(await run('audit', '--verify')).toMatchObject({ exitCode: 0 });
  const opened = { atMs: 0, actor: 'watership', event: 'incident.opened', text: 'seen' };
  await stores.incidents.put({ ...incident, openedAtMs: 0 }, 0, opened);
  expect(await run('audit', '--verify')).toMatchObject({ exitCode: 0 });
  await redis.del(key);
  expect(await run('audit', '--verify')).toMatchObject({
    exitCode: 2,
    out: expect.stringContaining(
      'BROKEN in Redis: There are runs or incidents, but no entry about any of them',
    ),
  });
  await stores.audit.append({ ...opened, atMs: Date.now(), event: 'bot.started' });
  expect(await run('audit', '--verify')).toMatchObject({
    exitCode: 2,
    out: expect.stringContaining('the chain before it was deleted'),
  });
});

test('incidents are listed with what became of them, and control characters are shown', async () => {
  const { stores, run } = installation();
  expect((await run('incidents')).out).toBe('No incidents.\n');
  const evil = { ...incident, subject: 'evil\u001b[31m', openedAtMs: 0 };
  await stores.incidents.put(evil, 0, {
    atMs: 0,
    actor: 'watership',
    event: 'incident.opened',
    text: 'seen',
  });
  await stores.incidents.put({ ...evil, state: 'resolved', resolvedAtMs: 90_000, owner: 'U0ALICE' }, 1, {
    atMs: 90_000,
    actor: 'watership',
    event: 'incident.resolved',
    incident: 'INC-0001',
    text: 'gone',
  });
  expect((await run('incidents')).out).toBe(
    'INC-0001  1970-01-01 00:00:00 UTC  house  warning  resolved after 1 min 30 s, owner U0ALICE  lamp: evil\\u001b[31m\n',
  );
  expect((await run('audit', '--incident', 'INC-0001', '--limit', '1')).out).toBe(
    '1970-01-01 00:01:30 UTC  watership  incident.resolved  INC-0001  gone\n',
  );
  const unknown = 'No cluster named “barn”. Known clusters: house.\n';
  expect(await run('incidents', '--cluster', 'barn')).toMatchObject({ out: '', err: unknown, exitCode: 3 });
  const { out, err } = await run('incidents', '--json', '--cluster', 'barn');
  expect([JSON.parse(out), err]).toEqual([[], unknown]);
});

test('a sweep tells what a running bot has open and one look cannot find, and counts it', async () => {
  await using broker = await fakeBroker();
  const { stores, run } = installation('', { management: broker.url });
  const opened = { atMs: 0, actor: 'watership', event: 'incident.opened', text: 'seen' };
  await stores.incidents.put({ ...incident, cluster: 'house', severity: 'critical' }, 0, opened);
  // A memory of long ago says nothing about now.
  expect(await run('sweep')).toMatchObject({ exitCode: 0 });

  const memory = { history: emptyHistory, pending: [], sweptAtMs: Date.now() };
  const { token = 0 } = (await stores.leases.take('sweep:house', 'bot', 1_000)) ?? {};
  await stores.memory.put('house', memory, { lease: 'sweep:house', token });
  const swept = await run('sweep');
  expect(swept).toMatchObject({ exitCode: 2 });
  expect(swept.out).toMatch(
    /the bot swept \d+(?:\.\d)? m?s ago and has 1 more open incident:\n {2}critical: lamp: .* \(INC-0001\)\n$/,
  );
  expect(JSON.parse((await run('sweep', '--json')).out)).toMatchObject([
    { bot: { open: [{ id: 'INC-0001' }] } },
  ]);
});

test('a halt from the command line is in force, recorded, and can be ended', async () => {
  const { stores, run } = installation();
  expect((await run('halt', 'barn')).err).toBe('No cluster named “barn”. Known clusters: house.\n');
  expect((await run('halt', 'house')).out).toMatch(/^Halted: house\. No further step starts/);
  expect(await stores.halts.isHalted('house')).toBe(true);
  expect((await run('resume')).out).toMatch(/^Resumed: all clusters\./);
  expect(await stores.halts.isHalted('house')).toBe(false);
  const events = (await stores.audit.read({ limit: 9 })).map(({ event, actor }) => [
    event,
    actor.split(':')[0],
  ]);
  expect(events).toEqual([
    ['halt.set', 'cli'],
    ['halt.cleared', 'cli'],
  ]);
});

test('somebody whom the configuration does not name may halt, and not resume', async () => {
  const { stores, run } = installation('', { who: 'U0MALLORY' });
  expect(await run('halt')).toMatchObject({ exitCode: 0 });
  const refused = await run('resume');
  expect(refused).toMatchObject({ exitCode: 2 });
  expect(refused.err).toContain('only approvers may resume repairs');
  expect(await stores.halts.isHalted('house')).toBe(true);
  const [last] = (await stores.audit.read({ limit: 9 })).slice(-1);
  expect(last).toMatchObject({ event: 'click.refused', actor: `cli:${userInfo().username} (U0MALLORY)` });
});

test('a plan is read and approved at the command line by the rules of Slack', async () => {
  const { stores, run } = installation();
  const planned = proposedRun('destructive', Date.now());
  const own = { ...planned, id: 'RUN-0001', cluster: 'house', requestedBy: 'U0DAVE' };
  const hash = own.plan?.hash ?? '';
  const put = (id: string, requestedBy: string) =>
    stores.runs.put({ ...own, id, requestedBy }, 0, {
      atMs: 0,
      actor: 'test',
      event: 'run.proposed',
      text: '',
    });
  await put('RUN-0001', 'U0DAVE');
  await put('RUN-0002', 'U0ALICE');

  const shown = await run('approve', 'RUN-0001');
  expect(shown.out).toContain('node.stop: ssh ctl3 systemctl stop rabbitmq-server');
  expect(shown.out).toContain(`watership approve RUN-0001 --plan ${hash} --typed`);

  const why = ['--reason', 'it is late'];
  expect((await run('approve', 'RUN-0001', '--plan', hash, ...why)).err).toContain(
    '--typed: Type the cluster',
  );
  const full = ['--typed', 'house', ...why];
  expect((await run('approve', 'RUN-0001', '--plan', hash.slice(0, 6), ...full)).err).toContain(
    'not the hash of the current plan',
  );
  expect((await run('approve', 'RUN-0002', '--plan', hash, ...full)).err).toContain(
    'somebody else must approve',
  );
  expect((await run('approve', 'RUN-0001', '--plan', hash, ...full)).out).toMatch(
    /^Recorded\. 1 of 1 approvals\./,
  );
  expect(await stores.runs.get('RUN-0001')).toMatchObject({
    state: 'checking',
    votes: [{ by: 'U0ALICE', planHash: hash }],
  });
  expect(await run('approve', 'RUN-0001', '--plan', hash, ...full)).toMatchObject({ exitCode: 2 });
  const entries = await stores.audit.read({ run: 'RUN-0001', limit: 9 });
  expect(entries.find(({ event }) => event === 'run.voted')?.actor).toMatch(/^cli:.+ \(U0ALICE\)$/);
});

test('the digest is printed and not posted', async () => {
  const { stores, run } = installation();
  const { out } = await run('digest');
  expect(out).toContain('house: not seen, 0 open');
  expect(await stores.audit.read({ limit: 9 })).toEqual([]);
});

describe('the audit at a terminal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watership-audit-'));
  const entry = (text: string): AuditEntry => ({
    atMs: Date.now(),
    actor: 'U0ALICE',
    event: 'run.voted',
    incident: 'INC-0001',
    text,
  });
  async function mirrored(stores: Stores, file: string): Promise<void> {
    const mirror = createMirror({ path: file, chain: stores.chain, onFork: async () => {} });
    await mirror.catchUp(() => true);
    await mirror.close();
  }

  test('is verified with its mirror: sound, edited in the file, cut off in Redis', async () => {
    const file = join(folder, 'audit.jsonl');
    const { stores, run, key } = installation(
      `audit: { file: ${file}, key: "\${file:${configFile('a-key-that-redis-has-not')}}" }`,
    );
    for (const text of ['one', 'two', 'three']) {
      await stores.audit.append(entry(text));
    }
    expect(await run('audit', '--verify')).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining(`${file} is not on this host: the mirror was not compared.`),
    });

    await mirrored(stores, file);
    const sound = await run('audit', '--verify');
    expect(sound).toMatchObject({ exitCode: 0, err: '' });
    expect(sound.out.split('\n')).toEqual([
      'Redis: 3 entries, 1 to 3.',
      `${file}: 3 entries, 1 to 3.`,
      'No entry is sealed yet.',
      'Sound: no entry was edited, removed, replaced or cut off.',
      '',
    ]);

    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, whole.replace('"two"', '"too"'));
    expect(await run('audit', '--verify')).toMatchObject({
      exitCode: 2,
      out: expect.stringContaining(`BROKEN in ${file}: Entry 2 was edited`),
    });
    writeFileSync(file, whole);
    await redis.del(key);
    const cut = await run('audit', '--verify', '--json');
    expect(cut.exitCode).toBe(2);
    expect(JSON.parse(cut.out)).toMatchObject({
      fault: { where: 'redis', kind: 'truncated', sequence: 1 },
      file: { entries: 3, first: 1, last: 3 },
    });
  });

  test('is read from its mirror when Redis is lost, and says that it could not compare', async () => {
    const file = join(folder, 'lost.jsonl');
    const { stores } = installation();
    for (const text of ['one', 'two']) {
      await stores.audit.append(entry(text));
    }
    await mirrored(stores, file);
    const lost = installation('', { redisUrl: 'redis://127.0.0.1:1/0' });
    expect((await lost.run('audit', '--file', file, '--limit', '1')).out).toMatch(/ {2}two\n$/);
    const verified = await lost.run('audit', '--verify', '--file', file);
    expect(verified.exitCode).toBe(3);
    expect(verified.out).toContain('Redis at 127.0.0.1:1 cannot be reached');
    expect(verified.out).toContain('Only the mirror was checked.');
    expect((await lost.run('audit', '--verify', '--file', '/no/such')).err).toBe('/no/such does not exist\n');
  });

  test('tells all of a time or of a run, and how many it leaves out', async () => {
    const { stores, run } = installation();
    for (let index = 0; index < 53; index += 1) {
      await stores.audit.append(entry(`step ${index}`));
    }
    const lines = async (...words: string[]) => (await run('audit', ...words)).out.trimEnd().split('\n');
    expect(await lines('--since', '24h')).toHaveLength(53);
    const [first, ...rest] = await lines();
    expect(first).toBe('3 earlier entries are not shown: --limit 53 shows all');
    expect(rest).toHaveLength(50);
    const [cut] = await lines('--since', '24h', '--limit', '52');
    expect(cut).toBe('1 earlier entry is not shown: --limit 53 shows all');
    const json = await run('audit', '--json', '--limit', '2');
    expect(JSON.parse(json.out)).toHaveLength(2);
    expect(json.err).toMatch(/^51 earlier entries are not shown/);
    expect(await run('audit', '--limit', 'all')).toMatchObject({ exitCode: 3 });
  });

  test('has people’s names where Slack gives them, for incidents too', async () => {
    await using slack = await fakeSlack();
    const { stores, run } = installation('', { slack: slack.url });
    const opened = { ...entry('opened'), actor: 'watership', incident: incident.id };
    await stores.incidents.put({ ...incident, owner: 'U0ALICE' }, 0, opened);
    await stores.audit.append({ ...entry('U0ALICE is on it.'), actor: 'U0ALICE' });
    expect((await run('incidents')).out).toContain(', owner Alice  ');
    const { out } = await run('audit');
    expect(out).toContain('Alice is on it.');
    expect(out).not.toContain('U0ALICE');
    expect((await run('audit', '--json')).out).toContain('U0ALICE');
  });

  test('is narrowed by time, and refuses a time that is none', async () => {
    const { stores, run } = installation();
    await stores.audit.append({ ...entry('long ago'), atMs: 1 });
    await stores.audit.append(entry('just now'));
    expect((await run('audit', '--since', '1h')).out).toMatch(/^[^\n]+just now\n$/);
    expect(await run('audit', '--since', 'yesterday')).toMatchObject({
      exitCode: 3,
      err: '--since yesterday: expected a duration such as 30m, 24h or 7d\n',
    });
  });

  test('tells one incident as a report, found by its run too', async () => {
    const { stores, run } = installation();
    const treated = { ...started(), because: 'see amqp://nova:hunter2@10.0.0.1' };
    await stores.incidents.put({ ...incident, run: treated.id }, 0, {
      ...entry('opened'),
      actor: 'watership',
    });
    await stores.runs.put(treated, 0, { ...entry('asked'), run: treated.id });
    const { out } = await run('audit', '--incident', incident.id, '--markdown');
    expect(out).toContain('# INC-0001: lamp on house');
    expect(out).toContain('## RUN-0001: diagnosing');
    expect(out).not.toContain('hunter2');
    expect((await run('audit', '--run', 'RUN-0001', '--markdown')).out).toBe(out);
    expect((await run('audit', '--markdown')).err).toContain('name it with --incident');
    expect((await run('audit', '--run', 'RUN-0009', '--markdown')).err).toContain('No record of RUN-0009.');
  });
});
