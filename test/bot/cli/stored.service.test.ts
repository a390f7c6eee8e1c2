import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openStores } from '../../../src/bot/stores/open.ts';
import { incident } from '../../runbooks/engine/toy.ts';
import { configFile, runProgram } from './run-program.ts';

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => {
  redis.disconnect();
});

function installation() {
  const prefix = `test-${randomUUID()}`;
  const config = configFile(`slack: { botToken: \${BOT}, appToken: \${APP}, channel: C0ALERTS }
redis: { url: "${inject('redisUrl')}", prefix: ${prefix} }
clusters: [ { name: house, username: u, password: "\${RABBIT}", nodes: [ { name: a@h, management: "http://127.0.0.1:2" } ] } ]
`);
  return {
    stores: openStores(redis, prefix),
    run: (...argv: string[]) => runProgram(...argv, '--config', config),
  };
}

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
    'INC-0001  1970-01-01T00:00:00.000Z  house  warning  resolved after 90 s, owner U0ALICE  lamp: evil\\u001b[31m\n',
  );
  expect((await run('audit', '--incident', 'INC-0001', '--limit', '1')).out).toBe(
    '1970-01-01T00:01:30.000Z  watership  incident.resolved  INC-0001  gone\n',
  );
  const json: unknown = JSON.parse((await run('incidents', '--json', '--cluster', 'barn')).out);
  expect(json).toEqual([]);
});

test('a halt from the command line is in force, recorded, and can be ended', async () => {
  const { stores, run } = installation();
  expect((await run('halt', 'barn')).err).toBe('There is no cluster barn; there are house\n');
  expect((await run('halt', 'house')).out).toBe('Halted: house. Nothing is done until it is resumed.\n');
  expect(await stores.halts.isHalted('house')).toBe(true);
  expect((await run('resume')).out).toBe('Resumed: every cluster.\n');
  expect(await stores.halts.isHalted('house')).toBe(false);
  const events = (await stores.audit.read({ limit: 9 })).map(({ event, actor }) => [
    event,
    actor.split(':')[0],
  ]);
  expect(events).toEqual([
    ['cluster.halt', 'cli'],
    ['cluster.resume', 'cli'],
  ]);
});

test('the digest is printed and not posted', async () => {
  const { stores, run } = installation();
  const { out } = await run('digest');
  expect(out).toContain('house: not seen, 0 open');
  expect(await stores.audit.read({ limit: 9 })).toEqual([]);
});
