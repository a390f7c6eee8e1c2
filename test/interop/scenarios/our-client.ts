import { expect } from 'vitest';
import {
  getRpcClient,
  MessageUndeliverable,
  MessagingTimeout,
  probeService,
  type RpcClient,
  Target,
} from '../../../src/rpc/index.ts';
import { failureOf, type Scenario, type World } from './scenario.ts';

async function clientOfTheirServer({ transport, peer, topic }: World): Promise<RpcClient> {
  await peer.ask('serve', { topic, server: 'host-1' });
  return getRpcClient(transport, new Target({ topic, version: '1.2' }), { timeoutMs: 10_000 });
}

/** Our client, their server. */
export const ourClient: readonly Scenario[] = [
  {
    name: 'a call brings arguments and context over and the result back',
    withAllOptions: true,
    async play(world) {
      const client = await clientOfTheirServer(world);
      const args = {
        a: 1,
        text: 'hé\u{1f600}\u0000\u2028',
        list: [1, { deep: null }],
        big: 2n ** 63n,
        empty: {},
      };
      expect(await client.call({ user: 'u', roles: ['admin'] }, 'echo', args)).toEqual({
        context: { user: 'u', roles: ['admin'], client_timeout: null },
        args,
      });
    },
  },
  {
    name: 'no result, infinities, NaN, large integers, half characters and hostile names are read',
    async play(world) {
      const client = await clientOfTheirServer(world);
      expect(await client.call({}, 'nothing')).toBeNull();
      expect(await client.call({}, 'odd')).toEqual({
        inf: Number.POSITIVE_INFINITY,
        nan: Number.NaN,
        big: 2n ** 63n,
        float: 1e300,
        text: 'hé \u{1f600}',
        half: '\ud83d',
        ['__proto__']: { deep: 1 },
        constructor: 2,
      });
    },
  },
  {
    name: 'a megabyte goes there and back',
    withAllOptions: true,
    async play(world) {
      const client = await clientOfTheirServer(world);
      const args = { long: 'né'.repeat(500_000) };
      expect(await client.call({}, 'echo', args)).toMatchObject({ args });
    },
  },
  {
    name: 'a call to one server of the topic',
    withAllOptions: true,
    async play(world) {
      const client = await clientOfTheirServer(world);
      expect(await client.prepare({ server: 'host-1' }).call({}, 'nothing')).toBeNull();
    },
  },
  {
    name: 'namespaces, old namespaces and versions find their endpoint',
    async play(world) {
      const client = await clientOfTheirServer(world);
      for (const namespace of ['net', 'oldnet']) {
        expect(await client.prepare({ namespace, version: '2.0' }).call({}, 'which')).toBe('network');
      }
      for (const [namespace, version] of [
        ['net', '2.1'],
        ['net', '1.0'],
        ['other', '2.0'],
      ] as const) {
        expect(await failureOf(client.prepare({ namespace, version }).call({}, 'which'))).toMatchObject({
          excType: 'UnsupportedVersion',
        });
      }
    },
  },
  {
    name: 'a hundred calls at once get each its own answer',
    async play(world) {
      const client = await clientOfTheirServer(world);
      const numbers = Array.from({ length: 100 }, (_, i) => i);
      const results = await Promise.all(numbers.map((i) => client.call({}, 'echo', { i })));
      expect(results).toEqual(numbers.map((i) => ({ context: { client_timeout: null }, args: { i } })));
    },
  },
  {
    name: 'exceptions arrive with class, module, message and arguments',
    async play(world) {
      const client = await clientOfTheirServer(world);
      expect(await failureOf(client.call({}, 'fail', { how: 'value' }))).toMatchObject({
        excType: 'ValueError',
        module: 'builtins',
        value: 'no value',
        args: ['no value'],
      });
      expect(await failureOf(client.call({}, 'fail', { how: 'custom' }))).toMatchObject({
        excType: 'CustomError',
        args: ['no luck'],
        kwargs: { code: 7 },
      });
    },
  },
  {
    name: 'a missing method, a private one, a wrong argument and a newer version are told apart',
    async play(world) {
      const client = await clientOfTheirServer(world);
      expect(await failureOf(client.call({}, 'nosuch'))).toMatchObject({ excType: 'NoSuchMethod' });
      expect(await failureOf(client.call({}, '__init__'))).toMatchObject({ excType: 'NoSuchMethod' });
      expect(await failureOf(client.call({}, 'nothing', { extra: 1 }))).toMatchObject({
        excType: 'TypeError',
      });
      const newer = client.prepare({ version: '1.9' });
      expect(await failureOf(newer.call({}, 'echo'))).toMatchObject({ excType: 'UnsupportedVersion' });
    },
  },
  {
    name: 'casts reach the topic, one server and every server',
    withAllOptions: true,
    async play(world) {
      const client = await clientOfTheirServer(world);
      await client.cast({ user: 'u' }, 'note', { what: 'topic' });
      await client.prepare({ server: 'host-1' }).cast({}, 'note', { what: 'server' });
      await client.prepare({ fanout: true }).cast({}, 'note', { what: 'fanout' });
      const { result } = await world.peer.ask('seen', { topic: world.topic, count: 3 });
      expect(new Set(Array.isArray(result) ? result : [])).toEqual(new Set(['topic', 'server', 'fanout']));
    },
  },
  {
    name: 'the call monitor waits for a slow server and gives up on a silent one',
    async play(world) {
      const client = await clientOfTheirServer(world);
      const monitored = client.prepare({ callMonitorTimeoutMs: 2_000 });
      expect(await monitored.call({}, 'slow', { seconds: 3 })).toBe('done');
      const absent = monitored.prepare({ server: 'host-2' });
      expect(await failureOf(absent.call({}, 'slow', { seconds: 3 }))).toBeInstanceOf(MessagingTimeout);
    },
  },
  {
    name: 'a request whose caller has given up is not carried out later',
    async play(world) {
      const { peer, topic } = world;
      const client = await clientOfTheirServer(world);
      await peer.ask('stop', { topic });
      const hasty = client.prepare({ timeoutMs: 200 });
      expect(await failureOf(hasty.call({}, 'note', { what: 'late' }))).toBeInstanceOf(MessagingTimeout);
      await clientOfTheirServer(world);
      await client.call({}, 'note', { what: 'in time' });
      expect(await peer.ask('seen', { topic, count: 1 })).toEqual({ result: ['in time'] });
    },
  },
  {
    name: 'topics and servers may have odd names',
    async play({ transport, peer, topic: plain }) {
      const topic = `${plain} é/%.x`;
      const server = 'host-1.domain:80/ü';
      await peer.ask('serve', { topic, server });
      const client = getRpcClient(transport, new Target({ topic, server }), { timeoutMs: 10_000 });
      expect(await client.call({}, 'who')).toBe('python');
      await client.prepare({ fanout: true }).cast({}, 'note', { what: 'fanout' });
      expect(await peer.ask('seen', { topic, count: 1 })).toEqual({ result: ['fanout'] });
    },
  },
  {
    name: 'a mandatory call that no queue takes fails at once',
    async play(world) {
      const client = await clientOfTheirServer(world);
      const lonely = client.prepare({ server: 'host-2', mandatory: true });
      expect(await failureOf(lonely.call({}, 'echo'))).toBeInstanceOf(MessageUndeliverable);
    },
  },
  {
    name: 'probes tell living, stopped and absent services apart',
    async play({ transport, peer, topic }) {
      await peer.ask('serve', { topic, server: 'host-1' });
      const target = new Target({ topic, server: 'host-1' });
      for (const kind of ['auto', 'ping', 'baseapi'] as const) {
        expect(await probeService(transport, target, { kind })).toMatchObject({ verdict: 'alive' });
      }
      const absent = new Target({ topic, server: 'host-2' });
      expect(await probeService(transport, absent)).toMatchObject({ verdict: 'absent' });
      await peer.ask('stop', { topic });
      expect(await probeService(transport, target, { timeoutMs: 500 })).toMatchObject({
        verdict: 'deaf',
        consumers: 0,
      });
    },
  },
];
