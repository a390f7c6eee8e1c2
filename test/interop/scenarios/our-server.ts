import { expect } from 'vitest';
import { getRpcClient, getRpcServer, PythonException, Target } from '../../../src/rpc/index.ts';
import type { PeerAnswer } from '../oslo-peer.ts';
import type { Scenario, World } from './scenario.ts';

interface Served {
  /** What `note` was given, in order, and what no JSON can say back. */
  readonly seen: readonly unknown[];
  call(method: string, options?: object, target?: object): Promise<PeerAnswer>;
  cast(what: string, target?: object): Promise<PeerAnswer>;
}

/** Starts our server for the time of a scenario, and gives their client to it. */
async function withOurServer(world: World, play: (served: Served) => Promise<void>): Promise<void> {
  const { transport, peer, topic } = world;
  const seen: unknown[] = [];
  const endpoint = {
    target: new Target({ version: '1.3' }),
    echo: (context: unknown, args: object) => {
      if ('nan' in args) {
        seen.push(args);
      }
      return { context, args };
    },
    nothing: () => undefined,
    who: () => 'node',
    note: (_context: unknown, { what }: { what: unknown }) => void seen.push(what),
    slow: (_context: unknown, { seconds }: { seconds: number }) =>
      new Promise((resolve) => setTimeout(() => resolve('done'), seconds * 1_000)),
    fail: (_context: unknown, { how }: { how: string }) => {
      if (how === 'value') {
        throw new PythonException('ValueError', 'no value');
      }
      if (how === 'type') {
        throw new TypeError('no type');
      }
      if (how === 'allowed') {
        throw new PythonException('InvalidTarget', 'no target', {
          module: 'oslo_messaging.exceptions',
          args: ['no target', 'x'],
        });
      }
      throw new Error('no luck');
    },
    relay: (_context: unknown, args: Readonly<Record<string, unknown>>) =>
      getRpcClient(transport, new Target({ topic: `${topic}-behind` })).call({}, 'fail', args),
    _hidden: () => 'seen',
  };
  const network = {
    target: new Target({ namespace: 'net', version: '2.0', legacyNamespaces: ['oldnet'] }),
    which: () => 'network',
  };
  const server = getRpcServer(transport, new Target({ topic, server: 'host-1' }), [endpoint, network]);
  await server.start();
  try {
    await play({
      seen,
      call: (method, options = {}, target = {}) =>
        peer.ask('call', { target: { topic, version: '1.2', ...target }, method, ...options }),
      cast: (what, target = {}) =>
        peer.ask('cast', { target: { topic, version: '1.2', ...target }, method: 'note', args: { what } }),
    });
  } finally {
    await server.stop();
    await server.wait();
  }
}

/** Their client, our server. */
export const ourServer: readonly Scenario[] = [
  {
    name: 'a call brings arguments and context over and the result back',
    withAllOptions: true,
    play: (world) =>
      withOurServer(world, async ({ call }) => {
        const args = {
          a: 1,
          text: 'hé\u{1f600}\u0000\u2028',
          list: [1, { deep: null }],
          big: 2n ** 63n,
          empty: {},
        };
        expect(await call('echo', { args, ctxt: { user: 'u', roles: ['admin'] } })).toEqual({
          result: { context: { user: 'u', roles: ['admin'], client_timeout: null }, args },
        });
        expect(await call('nothing')).toEqual({ result: null });
      }),
  },
  {
    name: 'infinities, NaN and large integers are read, and what strict JSON lacks is written as null',
    play: (world) =>
      withOurServer(world, async ({ seen }) => {
        const { result } = await world.peer.ask('call_odd', { target: { topic: world.topic } });
        expect(result).toMatchObject({ args: { inf: null, nan: null, big: 2n ** 70n, tiny: 5e-324 } });
        expect(seen).toEqual([
          { inf: Number.POSITIVE_INFINITY, nan: Number.NaN, big: 2n ** 70n, tiny: 5e-324 },
        ]);
      }),
  },
  {
    name: 'a megabyte goes there and back',
    withAllOptions: true,
    play: (world) =>
      withOurServer(world, async ({ call }) => {
        const args = { long: 'né'.repeat(500_000) };
        expect(await call('echo', { args })).toMatchObject({ result: { args } });
      }),
  },
  {
    name: 'a call to one server of the topic',
    withAllOptions: true,
    play: (world) =>
      withOurServer(world, async ({ call }) => {
        expect(await call('nothing', {}, { server: 'host-1' })).toEqual({ result: null });
      }),
  },
  {
    name: 'namespaces, old namespaces and versions find their endpoint',
    play: (world) =>
      withOurServer(world, async ({ call }) => {
        for (const namespace of ['net', 'oldnet']) {
          expect(await call('which', {}, { namespace, version: '2.0' })).toEqual({ result: 'network' });
        }
        for (const target of [
          { namespace: 'net', version: '2.1' },
          { namespace: 'net', version: '1.0' },
          { namespace: 'other', version: '2.0' },
        ]) {
          expect(await call('which', {}, target)).toMatchObject({
            raised: 'RemoteError',
            type: 'UnsupportedVersion',
          });
        }
      }),
  },
  {
    name: 'thirty-two threads get each their own answer',
    play: (world) =>
      withOurServer(world, async () => {
        const { topic, peer } = world;
        const numbers = Array.from({ length: 32 }, (_, i) => i);
        const { result } = await peer.ask('call_many', { target: { topic }, method: 'echo', count: 32 });
        expect(result).toEqual(numbers.map((i) => ({ context: { client_timeout: null }, args: { i } })));
      }),
  },
  {
    name: "exceptions arrive as Python's own classes or as allowed ones, else as RemoteError",
    play: (world) =>
      withOurServer(world, async ({ call }) => {
        expect(await call('fail', { args: { how: 'value' } })).toMatchObject({
          raised: 'ValueError',
          module: 'builtins',
          message: expect.stringMatching(/^no value/),
        });
        expect(await call('fail', { args: { how: 'type' } })).toMatchObject({ raised: 'TypeError' });
        expect(await call('fail', { args: { how: 'allowed' } })).toMatchObject({
          raised: 'InvalidTarget_Remote',
          module: 'oslo_messaging.exceptions_Remote',
        });
        expect(await call('fail', { args: { how: 'other' } })).toMatchObject({
          raised: 'RemoteError',
          type: 'Error',
          value: 'no luck',
        });
      }),
  },
  {
    name: 'an exception of their server passes through ours as it is',
    play: (world) =>
      withOurServer(world, async ({ call }) => {
        const { peer, topic } = world;
        await peer.ask('serve', { topic: `${topic}-behind`, server: 'host-1' });
        expect(await call('relay', { args: { how: 'value' } })).toMatchObject({
          raised: 'ValueError',
          message: expect.stringMatching(/^no value/),
        });
        expect(await call('relay', { args: { how: 'custom' } })).toMatchObject({
          raised: 'RemoteError',
          value: expect.stringContaining('no luck'),
        });
      }),
  },
  {
    name: 'arguments with hostile names, and odd topics and servers',
    play: (world) =>
      withOurServer(world, async ({ call }) => {
        const args = { ['__proto__']: { deep: 1 }, constructor: 2, toString: 'x', half: '\ud83d' };
        expect(await call('echo', { args })).toMatchObject({ result: { args } });
        const { transport, peer } = world;
        const target = { topic: `${world.topic} é/%.x`, server: 'host-1.domain:80/ü' };
        const server = getRpcServer(transport, new Target(target), [{ who: () => 'node' }]);
        await server.start();
        expect(await peer.ask('call', { target, method: 'who' })).toEqual({ result: 'node' });
        await server.reset();
      }),
  },
  {
    name: 'a request whose caller has given up is not carried out later',
    play: async (world) => {
      const late = { target: { topic: world.topic }, method: 'note', args: { what: 'late' }, timeout: 1 };
      await withOurServer(world, async () => {});
      expect(await world.peer.ask('call', late)).toMatchObject({ raised: 'MessagingTimeout' });
      await withOurServer(world, async ({ call, seen }) => {
        await call('note', { args: { what: 'in time' } });
        expect(seen).toEqual(['in time']);
      });
    },
  },
  {
    name: 'a missing method, a private one, a hostile name and a newer version are told apart',
    play: (world) =>
      withOurServer(world, async ({ call }) => {
        for (const method of ['nosuch', '_hidden', 'constructor', '__proto__', 'hasOwnProperty']) {
          expect(await call(method)).toMatchObject({ raised: 'RemoteError', type: 'NoSuchMethod' });
        }
        expect(await call('echo', {}, { version: '1.9' })).toMatchObject({ type: 'UnsupportedVersion' });
      }),
  },
  {
    name: 'casts reach the topic, one server and every server',
    withAllOptions: true,
    play: (world) =>
      withOurServer(world, async ({ call, cast, seen }) => {
        await cast('topic');
        await cast('server', { server: 'host-1' });
        await cast('fanout', { fanout: true });
        while (seen.length < 3) {
          await call('nothing');
        }
        expect(new Set(seen)).toEqual(new Set(['topic', 'server', 'fanout']));
        expect(seen).toHaveLength(3);
      }),
  },
  {
    name: 'a server of ours and one of theirs share a topic, and a fanout reaches both',
    withAllOptions: true,
    play: (world) =>
      withOurServer(world, async ({ call, cast, seen }) => {
        const { peer, topic } = world;
        await peer.ask('serve', { topic, server: 'host-2' });
        const answers = [await call('who'), await call('who'), await call('who'), await call('who')];
        expect(new Set(answers.map(({ result }) => result))).toEqual(new Set(['node', 'python']));
        expect(await call('who', {}, { server: 'host-1' })).toEqual({ result: 'node' });
        expect(await call('who', {}, { server: 'host-2' })).toEqual({ result: 'python' });
        await cast('everybody', { fanout: true });
        expect(await peer.ask('seen', { topic, count: 1 })).toEqual({ result: ['everybody'] });
        while (seen.length < 1) {
          await call('nothing', {}, { server: 'host-1' });
        }
        expect(seen).toEqual(['everybody']);
      }),
  },
  {
    name: 'the call monitor waits for a slow method, and a call without one times out',
    play: (world) =>
      withOurServer(world, async ({ call }) => {
        const args = { seconds: 3 };
        expect(await call('slow', { args, monitor: 2 })).toEqual({ result: 'done' });
        expect(await call('slow', { args, timeout: 1 })).toMatchObject({ raised: 'MessagingTimeout' });
      }),
  },
  {
    name: 'a mandatory call arrives, and one that no queue takes fails at once',
    play: (world) =>
      withOurServer(world, async ({ call }) => {
        expect(await call('nothing', { at_least_once: true })).toEqual({ result: null });
        expect(await call('nothing', { at_least_once: true }, { server: 'host-2' })).toMatchObject({
          raised: 'MessageUndeliverable',
        });
      }),
  },
  {
    name: 'the ping of oslo.messaging is answered',
    play: (world) =>
      withOurServer(world, async () => {
        const { topic, peer } = world;
        expect(await peer.ask('call', { target: { topic }, method: 'oslo_rpc_server_ping' })).toEqual({
          result: 'pong',
        });
      }),
  },
];
