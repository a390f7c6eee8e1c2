import { type ChannelModel, connect } from 'amqplib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { tellWhenFailed } from '../support/diary.ts';
import { openSandbox, type TestSandbox } from '../support/sandbox.ts';
import { openSlackPage, type SlackPage, wordsOf } from '../support/slack-page.ts';
import { alertAbout, approve, quiet, resolved, review, threadOf } from '../support/story.ts';

/** Faults that nobody made for the bot: with RabbitMQ's own tools, a foreign client and a signal. */
let sandbox: TestSandbox;
let page: SlackPage;
const clients: ChannelModel[] = [];

beforeAll(async () => {
  sandbox = await openSandbox();
  page = await openSlackPage(sandbox.report());
});
afterAll(async () => {
  page?.close();
  await sandbox?.[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const client of clients.splice(0)) {
    await client.close().catch(() => undefined);
  }
  await quiet(page);
});
tellWhenFailed(() => sandbox);

/** A client of our own on rabbit44, under the name that it gives itself. */
async function foreignClient(connectionName: string): Promise<ChannelModel> {
  const [cluster] = sandbox.report().clusters;
  const port = cluster?.nodes.find(({ name }) => name.startsWith('rabbit44@'))?.amqpPort;
  const url = `amqp://${cluster?.username}:${cluster?.password}@127.0.0.1:${port}?heartbeat=60`;
  const client = await connect(url, { clientProperties: { connection_name: connectionName } });
  // The broker's forced close is the very thing that the story wants.
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

const listed = async (...what: string[]): Promise<readonly string[]> =>
  (await sandbox.ctl('rabbit44', '-q', ...what, '--no-table-headers')).output.split('\n');

test('a foreign client that leaks channels loses its connection, with the reason', async () => {
  const client = await foreignClient('billing-export');
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  await Promise.all(Array.from({ length: 600 }, () => client.createChannel()));
  const card = await alertAbout(page, /channels/i);
  expect(await review(page, 'alice', card)).toMatch(/Close (the )?connection/i);
  await approve(page, 'alice');
  await closed;
  const end = await resolved(page, card);
  expect(wordsOf(end)).toContain('Repaired by RUN-');
  expect((await listed('list_connections', 'client_properties')).join('\n')).not.toContain('billing-export');
});

test('a service that is frozen by a signal is restarted, and its queue drains', async () => {
  const [frozen = 0] = sandbox.pids('cinder-volume');
  process.kill(frozen, 'SIGSTOP');
  const channel = await (await foreignClient('by-hand')).createConfirmChannel();
  const envelope = {
    'oslo.version': '2.0',
    'oslo.message': JSON.stringify({ method: 'create_volume', args: {} }),
  };
  const body = Buffer.from(JSON.stringify(envelope));
  for (let sent = 0; sent < 700; sent += 1) {
    channel.sendToQueue('cinder-volume', body, { contentType: 'application/json' });
  }
  await channel.waitForConfirms();
  const card = await alertAbout(page, /backlog/i);
  expect(await review(page, 'bob', card)).toContain('Restart cinder-volume');
  await approve(page, 'bob');
  await resolved(page, card);
  const rows = await listed('list_queues', 'name', 'messages_ready');
  const ready = rows.map((row) => row.split('\t')).find(([name]) => name === 'cinder-volume')?.[1];
  expect(Number(ready)).toBeLessThan(5);
  expect(sandbox.pids('cinder-volume')).not.toContain(frozen);
});

test('a fanout queue that is declared and bound by hand is deleted, and what it held is told', async () => {
  const name = `cinder-scheduler_fanout_${'ab'.repeat(16)}`;
  const channel = await (await foreignClient('by-hand')).createConfirmChannel();
  await channel.assertQueue(name, { durable: false });
  await channel.bindQueue(name, 'cinder-scheduler_fanout', '');
  channel.sendToQueue(name, Buffer.from('{}'));
  await channel.waitForConfirms();
  const card = await alertAbout(page, /zombie/i);
  expect(await review(page, 'alice', card)).toContain(name);
  await approve(page, 'alice');
  await resolved(page, card);
  expect(await listed('list_queues', 'name')).not.toContain(name);
});

test('an application that is stopped with rabbitmqctl is started again', async () => {
  expect(await sandbox.ctl('rabbit46', 'stop_app')).toMatchObject({ exitCode: 0 });
  const card = await alertAbout(page, /down|stopped/i);
  expect(await review(page, 'bob', card)).toMatch(/rabbit46/);
  await approve(page, 'bob');
  await resolved(page, card);
  expect(await sandbox.isWhole()).toBe(true);
  expect(threadOf(page, card)).toContain('RUN-');
});

test('a split made with rabbitmqctl eval is told, and repaired on approval', async () => {
  const names = ['rabbit44@localhost', 'rabbit46@localhost'];
  const list = `[${names.map((each) => `'${each}'`).join(',')}]`;
  const cut = `Ns=${list}, [erlang:set_cookie(N,'WRONG')||N<-Ns], [erlang:disconnect_node(N)||N<-Ns].`;
  const mend = `Ns=${list}, C=erlang:get_cookie(), [erlang:set_cookie(N,C)||N<-Ns], [net_adm:ping(N)||N<-Ns].`;
  await sandbox.ctl('rabbit45', 'eval', cut);
  await alertAbout(page, /link down/i);
  await sandbox.ctl('rabbit45', 'eval', mend);
  const card = await alertAbout(page, /Network split/);
  await review(page, 'alice', card);
  await approve(page, 'alice');
  await resolved(page, card);
  expect(await sandbox.isWhole()).toBe(true);
});
