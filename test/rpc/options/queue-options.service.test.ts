import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { getRpcClient, getRpcServer, type QueueOptions, Target } from '../../../src/rpc/index.ts';
import { openTestBroker, type TestBroker, until } from '../broker.ts';

let broker: TestBroker;
beforeEach(() => {
  broker = openTestBroker();
});
afterEach(() => broker.close());

function open(queues: QueueOptions, osloIdentical = false) {
  const topic = broker.unique('topic');
  const exchange = broker.unique('exchange');
  const transport = () => broker.transport({ controlExchange: exchange, queues, osloIdentical });
  const seen: unknown[] = [];
  const note = (server: string) => ({
    note: (_context: unknown, { what }: { what: unknown }) => void seen.push(`${server} ${what}`),
    echo: () => server,
  });
  const serve = async (server: string) => {
    const target = new Target({ topic, server });
    const made = getRpcServer(transport(), target, [note(server)]);
    await made.start();
    return made;
  };
  const client = getRpcClient(transport(), new Target({ topic }), { timeoutMs: 10_000 });
  const fanout = (what: string) => client.prepare({ fanout: true }).cast({}, 'note', { what });
  const clean = () =>
    broker.raw(async (channel) => {
      for (const queue of [topic, `${topic}.host-1`, `${topic}.host-2`, `${topic}_fanout`]) {
        await channel.deleteQueue(queue);
      }
    });
  return { topic, exchange, seen, serve, client, fanout, clean, transport };
}

async function queueNames(): Promise<string[]> {
  const rows = await broker.manage('GET', '/queues?columns=name');
  return Array.isArray(rows) ? rows.map(({ name }) => String(name)) : [];
}

describe('with stream fanout', () => {
  const queues = { quorum: true, transientQuorum: true, streamFanout: true };

  test('one stream serves every server, from now on, and goes on where reading ended', async () => {
    const { topic, seen, serve, client, fanout, clean } = open(queues);
    const first = await serve('host-1');
    await fanout('one');
    await until(async () => seen.length === 1 || undefined);
    await serve('host-2');
    await fanout('two');
    await until(async () => seen.length === 3 || undefined);
    expect(seen.toSorted()).toEqual(['host-1 one', 'host-1 two', 'host-2 two']);
    expect(await client.prepare({ server: 'host-2' }).call({}, 'echo')).toBe('host-2');
    await first.stop();
    await first.wait();
    expect(await queueNames()).toContain(`${topic}_fanout`);
    await broker.close();
    await clean();
  });

  test('what was published while the connection was away is read, and nothing twice', async () => {
    const { topic, exchange, seen, client, fanout, clean, transport } = open(queues);
    const served = transport();
    const endpoint = { note: (_context: unknown, { what }: { what: unknown }) => void seen.push(what) };
    await getRpcServer(served, new Target({ topic, server: 'host-1', exchange }), [endpoint]).start();
    await fanout('one');
    await until(async () => seen.length === 1 || undefined);
    await broker.cut(served);
    await fanout('two');
    await until(async () => seen.length === 2 || undefined);
    await client.prepare({ fanout: true }).cast({}, 'note', { what: 'three' });
    await until(async () => seen.length === 3 || undefined);
    expect(seen).toEqual(['one', 'two', 'three']);
    await broker.close();
    await clean();
  });
});

test('with names of their own, reply and fanout queues say whose they are and stay for the next start', async () => {
  const host = broker.unique('node');
  const { topic, serve, client, seen, fanout } = open({ names: { host, process: 'compute' } }, true);
  const server = await serve('host-1');
  expect(await client.call({}, 'echo')).toBe('host-1');
  await fanout('one');
  await until(async () => seen.length === 1 || undefined);
  await server.stop();
  await server.wait();
  const ours = (await queueNames()).filter((name) => name.includes(host));
  expect(ours.toSorted()).toEqual([`reply_${host}:compute:2`, `${topic}_fanout_${host}:compute:1`]);
});

test('an exclusive reply queue gets another name when its connection goes: the old one may be held still', async () => {
  const { serve, client, transport } = open({});
  await serve('host-1');
  const own = transport();
  const caller = getRpcClient(own, client.target, { timeoutMs: 10_000 });
  await caller.call({}, 'echo');
  const before = own.replies.name;
  await broker.cut(own);
  expect(await caller.call({}, 'echo')).toBe('host-1');
  expect(own.replies.name).not.toBe(before);
});
