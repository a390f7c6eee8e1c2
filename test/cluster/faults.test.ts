import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../../sandbox/wait.ts';
import { tellWhenFailed } from '../support/diary.ts';
import { openSandbox, type TestSandbox } from '../support/sandbox.ts';
import { openSlackPage, type SlackPage, wordsOf } from '../support/slack-page.ts';
import { alertAbout, approve, quiet, resolved, review } from '../support/story.ts';

let sandbox: TestSandbox;
let page: SlackPage;

beforeAll(async () => {
  sandbox = await openSandbox();
  page = await openSlackPage(sandbox.report());
});
afterAll(async () => {
  page?.close();
  await sandbox?.[Symbol.asyncDispose]();
});
afterEach(async () => {
  await sandbox.say('heal');
  await quiet(page);
});
tellWhenFailed(() => sandbox);

/** `rabbitmqctl list_…` as rows of columns. */
async function list(what: string, ...columns: string[]): Promise<readonly (readonly string[])[]> {
  const { output } = await sandbox.ctl('rabbit44', '-q', what, ...columns, '--no-table-headers');
  return output.split('\n').map((line) => line.split('\t'));
}

async function fanoutQueues(): Promise<readonly string[]> {
  const rows = await list('list_queues', 'name');
  return rows.map(([name = '']) => name).filter((name) => name.startsWith('cinder-scheduler_fanout_'));
}

test('a leaking service is restarted, and its connections are small again', async () => {
  const before = sandbox.pids('nova-compute');
  await sandbox.say('break', 'channel-leak');
  const card = await alertAbout(page, /channels/i);
  expect(await review(page, 'alice', card)).toContain('Restart nova-compute');
  await approve(page, 'alice');
  await resolved(page, card);
  const channels = (await list('list_connections', 'channels')).map(([count]) => Number(count));
  expect(Math.max(...channels)).toBeLessThan(20);
  const after = sandbox.pids('nova-compute');
  expect(after.filter((pid) => before.includes(pid))).toHaveLength(1);
});

test('a zombie queue is deleted, and its siblings are not touched', async () => {
  const siblings = await fanoutQueues();
  await sandbox.say('break', 'zombie-queue');
  const card = await alertAbout(page, /zombie/i);
  const withZombie = await fanoutQueues();
  expect(withZombie).toHaveLength(3);
  expect(await review(page, 'bob', card)).toMatch(/delete/i);
  await approve(page, 'bob');
  await resolved(page, card);
  const left = await fanoutQueues();
  expect(left).toHaveLength(2);
  // One of the two before belonged to the process that was killed.
  expect(left.filter((name) => siblings.includes(name))).toHaveLength(1);
});

test('a hung consumer is restarted, and its queue drains', async () => {
  await sandbox.say('break', 'backlog');
  const card = await alertAbout(page, /backlog/i);
  expect(await review(page, 'alice', card)).toContain('Restart cinder-volume');
  await approve(page, 'alice');
  await resolved(page, card);
  const rows = await list('list_queues', 'name', 'messages_ready');
  const ready = rows.find(([name]) => name === 'cinder-volume')?.[1];
  expect(Number(ready)).toBeLessThan(5);
});

test('a deaf service is told while nothing piles up; after its restart it answers', async () => {
  const before = sandbox.pids('nova-compute');
  await sandbox.say('break', 'deaf-service');
  const card = await alertAbout(page, /has answered no probe|answers? no probe/i);
  expect(await review(page, 'alice', card)).toContain('Restart nova-compute');
  await approve(page, 'alice');
  await resolved(page, card);
  const after = sandbox.pids('nova-compute');
  expect(after.filter((pid) => before.includes(pid))).toHaveLength(1);
  const probed = await sandbox.watership('probe', 'compute');
  expect(probed.exitCode).toBe(0);
  expect(probed.output).toMatch(/compute\.cmp1 +alive/);
});

test('a queue that lost its binding is bound again, and its service answers', async () => {
  await sandbox.say('break', 'unbound');
  const card = await alertAbout(page, /no exchange routes to conductor/i);
  const probed = await sandbox.watership('probe', 'conductor');
  expect(probed.exitCode).toBe(2);
  expect(await review(page, 'alice', card)).toContain('Bind conductor to openstack again');
  await approve(page, 'alice');
  await resolved(page, card);
  const bindings = await list('list_bindings', 'source_name', 'destination_name');
  expect(bindings).toContainEqual(['openstack', 'conductor']);
  expect((await sandbox.watership('call', 'conductor', 'object_action')).exitCode).toBe(0);
});

test('a node that is down is started', async () => {
  await sandbox.say('break', 'node-down');
  const card = await alertAbout(page, /down/i);
  expect(await review(page, 'carol', card)).toContain('Start RabbitMQ on rabbit46');
  await approve(page, 'carol');
  await resolved(page, card);
  expect(await sandbox.isWhole()).toBe(true);
});

test('while a link is down nothing is offered; when it is mended the card resolves', async () => {
  await sandbox.say('break', 'split');
  const card = await alertAbout(page, /link down/i);
  const buttons = card.blocks.flatMap(({ elements = [] }) => elements.map(({ action_id }) => action_id));
  expect(buttons).not.toContain('incident:review');
  expect((await sandbox.say('heal')).exitCode).toBe(0);
  await resolved(page, card);
  expect(await sandbox.isWhole()).toBe(true);
});

test('an unknown fault is answered with the list of faults, in the terminal and in Slack', async () => {
  const said = await sandbox.say('break', 'everything');
  expect(said.exitCode).toBe(1);
  expect(said.output).toContain('zombie-queue');
  page.command('alice', 'break everything');
  await page.until('the list of faults', (now) =>
    now.messages().find((each) => `${each.text}${wordsOf(each)}`.includes('zombie-queue')),
  );
});

test('a service that is killed by hand comes back as another process', async () => {
  const [pid = 0] = sandbox.pids('neutron-server');
  process.kill(pid, 'SIGKILL');
  await waitFor('another neutron-server', () => sandbox.pids('neutron-server').some((now) => now !== pid), {
    withinMs: 20_000,
  });
});
