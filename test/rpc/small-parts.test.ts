import { describe, expect, test } from 'vitest';
import { getRpcClient, getRpcServer, getTransport, redact, Target } from '../../src/rpc/index.ts';
import { passes } from '../../src/rpc/notify/notification-filter.ts';
import { RecentIds } from '../../src/rpc/server/recent-ids.ts';

const notification = {
  context: { user: 'alice' },
  publisherId: 'compute.host-1',
  eventType: 'compute.instance.create.end',
  priority: 'info',
  payload: { state: 'active' },
  metadata: { messageId: 'm', timestamp: 't' },
};

describe('notification filters', () => {
  test.each([
    [undefined, true],
    [{}, true],
    [{ eventType: 'compute\\.' }, true],
    [{ eventType: 'instance' }, false],
    [{ eventType: /^compute.*end$/ }, true],
    [{ publisherId: 'compute', payload: { state: 'act' } }, true],
    [{ publisherId: 'compute', payload: { state: 'error' } }, false],
    [{ payload: { missing: '.*' } }, false],
    [{ context: { user: 'a|b' }, metadata: { messageId: 'm' } }, true],
  ])('%j lets it through: %s', (filter, wanted) => {
    expect(passes(filter, notification)).toBe(wanted);
  });
});

test('the last sixteen ids are remembered, and none is always new', () => {
  const recent = new RecentIds();
  expect([recent.isNew('first'), recent.isNew('first')]).toEqual([true, false]);
  for (let index = 0; index < 16; index += 1) {
    recent.isNew(`id ${index}`);
  }
  expect(recent.has('first')).toBe(false);
  expect([recent.isNew(undefined), recent.isNew(undefined)]).toEqual([true, true]);
});

test('one that was delivered before is looked for among the last thousand, however often it came', () => {
  const recent = new RecentIds();
  const others = (from: number, to: number) => {
    for (let index = from; index < to; index += 1) {
      recent.isNew(`id ${index}`);
    }
  };
  recent.isNew('first');
  others(0, 1_000);
  expect(recent.isNew('first', true)).toBe(false);
  expect(recent.isNew('first')).toBe(true);
  others(1_000, 2_000);
  expect(recent.isNew('first', true)).toBe(false);
  others(2_000, 2_024);
  expect(recent.isNew('first', true)).toBe(true);
});

test('values of keys that name secrets are masked, however deep', () => {
  const message = {
    _context_auth_token: 'gAAAA',
    _context_auth_token_info: { token: { user: 'u' } },
    _context_service_catalog: [{ url: 'http://k' }],
    args: [{ adminPass: 'x', nested: { Password: 'y', name: 'ok' } }],
    empty: { token: null, secret: '' },
  };
  expect(redact(message)).toEqual({
    _context_auth_token: '***',
    _context_auth_token_info: '***',
    _context_service_catalog: '***',
    args: [{ adminPass: '***', nested: { Password: '***', name: 'ok' } }],
    empty: { token: null, secret: '' },
  });
});

describe('targets and caps are checked before anything is sent', () => {
  const transport = getTransport('rabbit://127.0.0.1:1/');

  test('a client needs a topic, a server also a server', () => {
    expect(() => getRpcClient(transport, new Target({}))).toThrow('no topic');
    expect(() => getRpcServer(transport, new Target({ topic: 't' }), [])).toThrow('needs a server');
  });

  test('a call cannot go to everybody', async () => {
    const client = getRpcClient(transport, new Target({ topic: 't', fanout: true }));
    await expect(client.call({}, 'm')).rejects.toThrow('cannot go to every server');
  });

  test('a version above the cap is not sent', async () => {
    const client = getRpcClient(transport, new Target({ topic: 't', version: '1.0' }), { versionCap: '1.5' });
    expect(client.canSendVersion('1.5')).toBe(true);
    expect(client.canSendVersion('1.6')).toBe(false);
    await expect(client.prepare({ version: '1.6' }).call({}, 'm')).rejects.toThrow('above the cap 1.5');
    await expect(client.prepare({ version: '2.0' }).cast({}, 'm')).rejects.toThrow('above the cap 1.5');
  });

  test('prepare overrides some fields of the target and drops the legacy namespaces', () => {
    const target = new Target({ topic: 't', namespace: 'n', legacyNamespaces: ['o'] });
    const prepared = getRpcClient(transport, target).prepare({ server: 's', timeoutMs: 1 }).target;
    expect({ ...prepared }).toEqual({ topic: 't', namespace: 'n', server: 's' });
  });
});
