import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NotReplicated } from '../../../../src/bot/stores/connection/replicas.ts';
import { openStores } from '../../../../src/bot/stores/open.ts';
import { defineScript, runScript } from '../../../../src/bot/stores/scripts/define-script.ts';
import { type OwnRedis, ownRedis } from '../../own-redis.ts';

const told = defineScript({
  name: 'told',
  keys: ['first', 'second'],
  args: ['greeting', 'count'],
  library: "local function shout(text) return string.upper(text) .. '!' end",
  body: `
  redis.call('SET', first, 'one')
  return {first, second, shout(greeting), tonumber(count) + 1, table.concat(moreKeys, '+'), table.concat(moreArgs, '+')}`,
});

const call = {
  // In another order than the script has them.
  keys: { second: 'b', first: 'a' },
  args: { count: 41, greeting: 'hello' },
};
const answer = ['a', 'b', 'HELLO!', 42, '', ''];

let server: OwnRedis;
const connections: Redis[] = [];
const connect = (): Redis => {
  const redis = new Redis(server.url);
  connections.push(redis);
  return redis;
};
beforeAll(async () => {
  server = await ownRedis();
});
afterAll(async () => {
  for (const redis of connections) {
    redis.disconnect();
  }
  await server[Symbol.asyncDispose]();
});

/** What Redis was sent while something was done, as names of commands in their order. */
async function commandsOf(watched: Redis, work: () => Promise<unknown>): Promise<readonly string[]> {
  const monitor = await connect().monitor();
  const names: string[] = [];
  const marker = `done-${connections.length}`;
  const over = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, args: readonly string[], source: string) => {
      if (args[1] === marker) {
        resolve();
      } else if (source !== 'lua') {
        names.push(args[0]?.toLowerCase() ?? '');
      }
    });
  });
  await work();
  await watched.echo(marker);
  await over;
  monitor.disconnect();
  return names;
}

describe('a script', () => {
  test('finds its keys and arguments by their names, whatever the order of the call', async () => {
    expect(await runScript(connect(), told, call)).toEqual(answer);
  });

  test('finds behind the named ones as many more as there are', async () => {
    const more = { ...call, moreKeys: ['c', 'd'], moreArgs: ['x', 7] };
    expect(await runScript(connect(), told, more)).toEqual([...answer.slice(0, 4), 'c+d', 'x+7']);
  });

  test('is sent as text once a connection, and as a digest from then on', async () => {
    const redis = connect();
    const sent = await commandsOf(redis, async () => {
      for (let run = 0; run < 3; run += 1) {
        await runScript(redis, told, call);
      }
    });
    expect(sent.filter((name) => name.startsWith('eval'))).toEqual(['eval', 'evalsha', 'evalsha']);
  });

  test('that Redis has forgotten is sent as text again, and its change is made once', async () => {
    const redis = connect();
    const add = defineScript({
      name: 'add',
      keys: ['sum'],
      args: [],
      body: "return redis.call('INCR', sum)",
    });
    const addOnce = () => runScript(redis, add, { keys: { sum: 'sum-of-forgotten' }, args: {} });
    await addOnce();
    await redis.script('FLUSH');
    const sent = await commandsOf(redis, addOnce);
    expect(sent.filter((name) => name.startsWith('eval'))).toEqual(['evalsha', 'eval']);
    expect(await redis.get('sum-of-forgotten')).toBe('2');
  });

  test('of a connection that was opened anew is sent as text again', async () => {
    const redis = connect();
    await runScript(redis, told, call);
    redis.disconnect(true);
    await new Promise((resolve) => redis.once('ready', resolve));
    await redis.script('FLUSH');
    expect(await runScript(redis, told, call)).toEqual(answer);
  });
});

test('the replicas are counted after the change, also of a script that Redis has forgotten', async () => {
  const redis = connect();
  const { runs, audit } = openStores(redis, 'counted', { copies: 1 });
  const entry = { atMs: 1, actor: 'watership', event: 'run.started', text: 'test' } as const;
  await audit.append(entry);
  const run = {
    id: 'RUN-1',
    incident: 'INC-1',
    cluster: 'house',
    runbook: 'toy',
    key: 'k',
    subject: 's',
    facts: {},
    state: 'diagnosing',
    requestedBy: 'U1',
    startedAtMs: 1,
    evidence: [],
    answered: {},
    before: {},
    choices: [],
    votes: [],
    items: [],
    version: 1,
  } as const;
  await expect(runs.put(run, 0, entry)).rejects.toThrow(NotReplicated);
  await redis.script('FLUSH');
  const sent = await commandsOf(redis, async () => {
    await expect(runs.put(run, 1, entry)).rejects.toThrow(NotReplicated);
  });
  expect(sent.filter((name) => /^(eval|wait)/.test(name))).toEqual(['evalsha', 'eval', 'wait']);
});
