import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectTo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { checkAgent } from '../../../src/bot/cli/check/check-agents.ts';
import { openAgents } from '../../../src/bot/cluster/agents.ts';
import { openConfiguredHosts } from '../../../src/bot/cluster/hosts.ts';
import type { HostConfig } from '../../../src/bot/config/config.ts';
import { systemClock } from '../../../src/bot/process/system-clock.ts';
import { decodeBody, encodeEnvelope } from '../../../src/rpc/index.ts';
import { type HostRequest, openHosts } from '../../../src/runbooks/index.ts';
import { openProxy } from '../../rpc/proxy.ts';
import { type AgentProcess, agentIn, templateOf } from './agent-process.ts';

const VHOST = `watership-agents-${randomUUID().slice(0, 8)}`;
const HOST = 'compute-7';
const KEY = 'k'.repeat(64);
const limits = { timeoutMs: 15_000 };

const management = new URL(inject('managementUrl'));
const authorization = `Basic ${Buffer.from(`${management.username}:${management.password}`).toString('base64')}`;

async function put(path: string, body: object): Promise<void> {
  const url = `${management.origin}/api${path}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(body) });
  if (!answer.ok) {
    throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`);
  }
}

const urlFor = (user: string): string => {
  const { hostname, port } = new URL(inject('amqpUrl'));
  return `rabbit://${user}-${VHOST}:secret@${hostname}:${port}/${VHOST}`;
};

/** Exactly what the document tells an operator to type. */
async function createAsDocumented(): Promise<void> {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/agent.md'), 'utf8');
  const lines = page.matchAll(/set_permissions -p watership-agents (\S+) '([^']*)' '([^']*)' '([^']*)'/g);
  await put(`/vhosts/${VHOST}`, {});
  for (const [, user = '', configure = '', write = '', read = ''] of lines) {
    await put(`/users/${user}-${VHOST}`, { password: 'secret', tags: '' });
    await put(`/permissions/${VHOST}/${user}-${VHOST}`, { configure, write, read });
  }
  const { username } = management;
  await put(`/permissions/${VHOST}/${username}`, { configure: '.*', write: '.*', read: '.*' });
}

let folder = '';
let agent: AgentProcess;
let host: Extract<HostConfig, { via: 'agent' }>;
let bot: ReturnType<typeof openConfiguredHosts>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watership-agent-'));
  await createAsDocumented();
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, 'listen rabbit\n');
  agent = await agentIn(folder, {
    host: HOST,
    transportUrl: urlFor('watership-agent'),
    key: KEY,
    files: [file],
  });
  host = {
    via: 'agent',
    preset: 'custom',
    operations: {
      'service.restart': templateOf(folder),
      'service.status': [process.execPath, '-p', '"active"'],
    },
    addresses: [],
    keys: [KEY],
  };
  bot = openConfiguredHosts(
    { hosts: { [HOST]: host }, agents: { transportUrl: urlFor('watership-bot') } },
    systemClock,
  );
  await agent.start();
});

afterAll(async () => {
  await bot.close();
  await agent.end('SIGKILL');
  await agent.letGo();
  await rm(folder, { recursive: true, force: true });
});

const restart = (service: string, id: string = randomUUID()): HostRequest => ({
  host: HOST,
  operation: 'service.restart',
  args: { service },
  entry: { id, intendedAtMs: Date.now() },
});
const runsSince = (count: number): readonly string[] => agent.runs().slice(count);

/** A bot with other hosts or keys on the same broker. */
async function withOther<Answer>(
  hosts: Readonly<Record<string, HostConfig>>,
  route: (asked: string) => string,
  work: (hosts: ReturnType<typeof openHosts>) => Promise<Answer>,
): Promise<Answer> {
  const agents = openAgents({ transportUrl: urlFor('watership-bot'), clock: systemClock });
  const { call, clock } = agents.port;
  try {
    return await work(
      openHosts(hosts, { agents: { clock, call: (asked, ...rest) => call(route(asked), ...rest) } }),
    );
  } finally {
    await agents.close();
  }
}

describe('the bot and an agent, with the permissions of the document', () => {
  test('restart a service once, look at it, read a file and tell facts', async () => {
    const before = agent.runs().length;
    expect(await bot.executor.run(restart('quick'), limits)).toEqual({
      kind: 'done',
      exitCode: 0,
      output: 'restarted quick\n',
    });
    expect(runsSince(before)).toEqual(['begun quick', 'ended quick']);
    const ask = async (operation: 'service.status' | 'file.read' | 'host.facts', args: HostRequest['args']) =>
      await bot.executor.run({ host: HOST, operation, args }, limits);
    expect(await ask('service.status', { service: 'quick' })).toMatchObject({ output: 'active\n' });
    expect(await ask('file.read', { path: join(folder, 'haproxy.cfg') })).toMatchObject({
      output: 'listen rabbit\n',
    });
    expect(await ask('file.read', { path: join(folder, 'key') })).toMatchObject({ kind: 'not-started' });
    expect((await ask('host.facts', {})).kind).toBe('done');
  });

  test('are checked: reachable, the clock, what is allowed, and whether the commands agree', async () => {
    const verdict = await checkAgent(HOST, host, bot.executor);
    expect(verdict.state).toBe('ok');
    expect(verdict.text).toMatch(
      /^the agent answers in \d+ ms; it restarts quick, slow; reads .*haproxy\.cfg$/,
    );
    const other = await checkAgent(HOST, { ...host, operations: {}, preset: 'systemd' }, bot.executor);
    expect(other).toMatchObject({
      state: 'warning',
      text: expect.stringContaining('so the agent would refuse it'),
    });
  });

  test('of a host without an agent: nothing was started, and it is said at once', async () => {
    const answer = await withOther(
      { c8: host },
      (asked) => asked,
      (hosts) => hosts.run({ ...restart('quick'), host: 'c8' }, limits),
    );
    expect(answer).toEqual({
      kind: 'not-started',
      because: 'no agent listens for c8: is watership-agent running there?',
    });
  });

  test('that is called off while the broker is being reached: nothing is sent after that', async () => {
    const before = agent.runs().length;
    const off = new AbortController();
    const { hostname, port } = new URL(inject('amqpUrl'));
    const gate = createServer((near) => {
      off.abort();
      const far = connectTo(Number(port), hostname);
      for (const socket of [near, far]) {
        socket.on('error', () => {});
      }
      near.pipe(far).pipe(near);
    });
    gate.listen(0, '127.0.0.1');
    await once(gate, 'listening');
    const address = gate.address();
    const own = typeof address === 'object' ? `127.0.0.1:${address?.port}` : '';
    const agents = openAgents({
      transportUrl: urlFor('watership-bot').replace(`${hostname}:${port}`, own),
      clock: systemClock,
    });
    try {
      const hosts = openHosts({ [HOST]: host }, { agents: agents.port });
      expect(await hosts.run(restart('quick'), { ...limits, signal: off.signal })).toEqual({
        kind: 'not-started',
        because: 'it was cancelled before it was sent',
      });
    } finally {
      await agents.close();
      gate.close();
    }
    expect(runsSince(before)).toEqual([]);
  });

  test('with the wrong key, or meant for another host: nothing runs', async () => {
    const before = agent.runs().length;
    const wrongKey = await withOther(
      { [HOST]: { ...host, keys: ['w'.repeat(64)] } },
      () => HOST,
      (hosts) => hosts.run(restart('quick'), limits),
    );
    expect(wrongKey).toMatchObject({
      kind: 'unknown',
      because: expect.stringContaining('was not made with a key of this agent'),
    });
    const otherHost = await withOther(
      { c8: host },
      () => HOST,
      (hosts) => hosts.run({ ...restart('quick'), host: 'c8' }, limits),
    );
    expect(otherHost).toMatchObject({ kind: 'unknown', because: expect.stringContaining('another request') });
    expect(agent.log()).toContain('this agent is on compute-7, not on c8');
    expect(runsSince(before)).toEqual([]);
  });

  test('may do nothing else in the vhost', async () => {
    const url = urlFor('watership-bot').replace('rabbit:', 'amqp:');
    const model = await connect(url);
    const channel = await model.createChannel();
    channel.on('error', () => {});
    await expect(channel.consume(`watership-agent.${HOST}`, () => {})).rejects.toThrow('ACCESS_REFUSED');
    await model.close();
  });
});

test('a request captured on the wire and sent again is refused, however it is dressed', async () => {
  const { hostname, port } = new URL(inject('amqpUrl'));
  const { username, password } = management;
  const model = await connect({ hostname, port: Number(port), username, password, vhost: VHOST });
  try {
    const channel = await model.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, 'watership', `watership-agent.${HOST}`);
    const captured = new Promise<Buffer>((resolve) => {
      void channel.consume(queue, (message) => message && resolve(message.content), { noAck: true });
    });
    const before = agent.runs().length;
    expect((await bot.executor.run(restart('quick'), limits)).kind).toBe('done');
    const request = decodeBody(await captured, { contentType: 'application/json', headers: {} });

    const { queue: replies } = await channel.assertQueue('', { exclusive: true });
    const answered = new Promise<Buffer>((resolve) => {
      void channel.consume(replies, (message) => message && resolve(message.content), { noAck: true });
    });
    // Ids of the envelope are not signed: a stranger gives it new ones, and has it answered to himself.
    const again = { ...request, _unique_id: randomUUID(), _msg_id: randomUUID(), _reply_q: replies };
    const properties = { contentType: 'application/json', contentEncoding: 'utf-8' };
    channel.publish('watership', `watership-agent.${HOST}`, encodeEnvelope(again), properties);
    const reply = decodeBody(await answered, { contentType: 'application/json', headers: {} });
    expect(reply).toMatchObject({ result: { answer: { result: { kind: 'refused', code: 'replayed' } } } });
    expect(runsSince(before)).toEqual(['begun quick', 'ended quick']);
  } finally {
    await model.close();
  }
});

test('an agent killed over a restart does not repeat it, and says that it does not know', async () => {
  const before = agent.runs().length;
  const asked = restart('slow');
  const off = new AbortController();
  const first = bot.executor.run(asked, { timeoutMs: 60_000, signal: off.signal });
  await agent.begun();
  expect(await agent.end('SIGKILL')).toBe('SIGKILL');
  await agent.start();
  off.abort();
  expect((await first).kind).toBe('unknown');

  const repeated = await bot.executor.run(asked, limits);
  expect(repeated).toMatchObject({ kind: 'unknown', because: expect.stringContaining('was interrupted') });
  const memory = await bot.executor.recall?.(asked, limits);
  expect(memory).toMatchObject({ kind: 'unknown', because: expect.stringContaining('was interrupted') });
  expect(runsSince(before)).toEqual(['begun slow']);
  await agent.release();
});

test('an agent that is asked to stop finishes what runs, and its answer arrives', async () => {
  const asked = restart('slow');
  const first = bot.executor.run(asked, { timeoutMs: 60_000 });
  await agent.begun();
  const ended = agent.end('SIGTERM');
  await agent.says('Stopping, because a signal asked for it');
  await agent.release();
  expect(await first).toMatchObject({ kind: 'done', output: 'restarted slow\n' });
  expect(await ended).toBe(0);
  await agent.start();
  expect(await bot.executor.recall?.(asked, limits)).toMatchObject({
    kind: 'answered',
    answer: { kind: 'done', output: 'restarted slow\n' },
  });
});

test.each(['freezes', 'goes away'])('an agent whose broker %s ends when it is asked to', async (how) => {
  const own = await mkdtemp(join(tmpdir(), 'watership-agent-'));
  const { hostname, port } = new URL(inject('amqpUrl'));
  const proxy = await openProxy(Number(port));
  const url = urlFor('watership-agent').replace(`${hostname}:${port}`, `127.0.0.1:${proxy.port}`);
  const other = await agentIn(own, {
    host: 'compute-9',
    // What is frozen is told by its heartbeats alone.
    transportUrl: `${url}?heartbeat_timeout_threshold=2`,
    key: KEY,
    files: [],
  });
  try {
    await other.start();
    if (how === 'freezes') {
      proxy.freeze();
    } else {
      await proxy.close();
      await other.says('Broker: disconnected');
    }
    expect(await other.end('SIGTERM')).toBe(0);
  } finally {
    await other.end('SIGKILL');
    if (how === 'freezes') {
      await proxy.close();
    }
    await rm(own, { recursive: true, force: true });
  }
});

test('files with its secrets that others may read are told when it starts', () => {
  expect(agent.log()).toContain(`${folder}/key: every user may read it (mode 644); chmod 640 ${folder}/key`);
  expect(agent.log()).not.toContain(`${folder}/url: `);
});

test('its log holds neither the key nor the password', () => {
  expect(agent.log()).toContain('service.restart: done');
  expect(agent.log()).not.toMatch(/kkkk|:secret/);
});
