import { afterEach, describe, expect, test } from 'vitest';
import { PythonException, WorkerLost } from '../../../src/rpc/errors.ts';
import { moduleUrlsOf } from '../../../src/rpc/threads/modules.ts';
import { ThreadPool, type ThreadPoolOptions } from '../../../src/rpc/threads/pool.ts';
import { parseJson } from '../../../src/rpc/wire/json/tolerant-json.ts';
import { jsonPayloadSerializer } from '../../../src/rpc/wire/serializer.ts';

const modules = moduleUrlsOf([new URL('./endpoints.ts', import.meta.url)]);
/** Each thread compiles what it loads: a second or so on a busy machine. */
const startsThreads = { timeout: 30_000 };
const pools: ThreadPool[] = [];

function open(options: Partial<ThreadPoolOptions> = {}): ThreadPool {
  const pool = new ThreadPool({ modules, size: 2, accessPolicy: 'default', ping: true, ...options });
  pools.push(pool);
  return pool;
}

const call = (pool: ThreadPool, method: string, args: unknown = {}) =>
  pool.dispatch({
    method,
    args,
    namespace: null,
    version: '1.0',
    context: { user: 'u', client_timeout: null },
  });
const failing = (pool: ThreadPool, method: string) => call(pool, method).catch((reason: unknown) => reason);

afterEach(async () => {
  for (const pool of pools.splice(0)) {
    await pool.close();
  }
});

describe('a request in a thread', startsThreads, () => {
  test('gets context and arguments as they were, hostile names and big integers too', async () => {
    const args = parseJson(
      '{"__proto__": {"x": 1}, "constructor": 7, "big": 9223372036854775808, "nan": NaN}',
    );
    const context = { user: 'u', client_timeout: null };
    expect(await call(open(), 'echo', args)).toEqual({ context, args, isMainThread: false });
  });

  test('fails as it would fail here', async () => {
    const pool = open();
    expect(await failing(pool, 'python')).toMatchObject({
      ...{ name: 'PythonException', pythonClass: 'KeyError', module: 'builtins', message: 'no such key' },
      ...{ args: ['k', 2n ** 63n], kwargs: { code: 7 } },
    });
    const plain = await failing(pool, 'plain');
    expect(plain).toMatchObject({ pythonClass: 'TypeError', message: 'no luck' });
    expect(plain instanceof PythonException && plain.stack).toContain('endpoints.ts');
    expect(await failing(pool, 'thrown')).toMatchObject({ pythonClass: 'Exception', message: 'odd' });
    expect(await failing(pool, 'nosuch')).toMatchObject({ pythonClass: 'NoSuchMethod' });
    expect(await failing(pool, '_private')).toMatchObject({ pythonClass: 'NoSuchMethod' });
    expect(await failing(pool, 'uncopyable')).toMatchObject({ message: expect.stringContaining('cloned') });
    expect(await call(pool, 'oslo_rpc_server_ping')).toBe('pong');
  });

  test('goes through the serializer on this side', async () => {
    const upper = {
      ...jsonPayloadSerializer,
      deserializeEntity: (_context: unknown, value: unknown) => new Set([String(value).toUpperCase()]),
    };
    const answer = await call(open({ serializer: upper }), 'echo', { a: 'x' });
    expect(answer).toMatchObject({ args: { a: ['X'] } });
  });
});

describe('the worker threads', startsThreads, () => {
  test('work at the same time, are as many as were needed, and are used again', async () => {
    const pool = open();
    const latches = [new SharedArrayBuffer(4), new SharedArrayBuffer(4)];
    const blocked = latches.map((latch) => call(pool, 'block', { latch }));
    for (const latch of latches) {
      Atomics.store(new Int32Array(latch), 0, 1);
      Atomics.notify(new Int32Array(latch), 0);
    }
    const ids = await Promise.all(blocked);
    expect(new Set(ids).size).toBe(2);
    for (let turn = 0; turn < 4; turn += 1) {
      expect(ids).toContain(await call(pool, 'thread'));
    }
  });

  test.each([
    ['exit', 'it ended with code 3'],
    ['crash', 'out of the blue'],
    ['reject', 'nobody listens'],
  ])('one that ends in %s fails its request, and another takes its place', async (method, why) => {
    const pool = open();
    const first = await call(pool, 'thread');
    const lost = await failing(pool, method);
    expect(lost).toBeInstanceOf(WorkerLost);
    expect(lost).toHaveProperty('message', expect.stringContaining(why));
    expect(await call(pool, 'thread')).not.toBe(first);
  });

  test('end with the pool, whatever they do', async () => {
    const pool = open();
    await call(pool, 'thread');
    const stuck = expect(call(pool, 'block', { latch: new SharedArrayBuffer(4) })).rejects.toThrow(
      WorkerLost,
    );
    await pool.close();
    await stuck;
  });
});

describe('modules of endpoints for threads', startsThreads, () => {
  test('that cannot serve are refused at the start, with the reason', async () => {
    const nothing = moduleUrlsOf([new URL('./nothing.ts', import.meta.url)]);
    await expect(open({ modules: nothing }).start()).rejects.toThrow('must export its endpoints');
    const missing = moduleUrlsOf(['/no/such/module.js']);
    await expect(open({ modules: missing }).start()).rejects.toThrow('/no/such/module.js');
  });

  test('are URLs or absolute paths', () => {
    expect(moduleUrlsOf(['/a/b.js', new URL('file:///c.js'), 'file:///d.js'])).toEqual([
      ...['file:///a/b.js', 'file:///c.js', 'file:///d.js'],
    ]);
    for (const wrong of [[], ['./endpoints.js'], [{}], [7]]) {
      expect(() => moduleUrlsOf(wrong)).toThrow(TypeError);
    }
  });
});
