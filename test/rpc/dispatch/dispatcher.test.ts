import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AccessPolicy, Dispatcher, expose } from '../../../src/rpc/dispatch/dispatcher.ts';
import { NoSuchMethod, PythonException, UnsupportedVersion } from '../../../src/rpc/errors.ts';
import { readRequest } from '../../../src/rpc/wire/request.ts';
import { jsonPayloadSerializer } from '../../../src/rpc/wire/serializer.ts';
import { Target } from '../../../src/rpc/wire/target.ts';

class Base {
  inherited() {
    return 'inherited';
  }
}

class Compute extends Base {
  readonly target = new Target({ version: '1.3' });
  readonly limit = 7;
  readonly #name = 'compute';

  echo(context: unknown, args: unknown) {
    return { context, args, name: this.#name };
  }

  _private() {
    return 'private';
  }

  shared = () => 'compute';
}

const network = {
  target: new Target({ namespace: 'net', version: '2.0', legacyNamespaces: ['old'] }),
  shared: expose(() => 'network'),
};

const endpoints = [new Compute(), network];
const ask = (message: object, policy?: AccessPolicy) =>
  new Dispatcher(endpoints, { ...(policy && { accessPolicy: policy }) }).dispatch(
    readRequest({ ...message }),
  );

describe('finding the method', () => {
  test('a method gets the context and the arguments, and keeps its this', async () => {
    const answer = await ask({ method: 'echo', args: { a: 1 }, version: '1.2', _context_user: 'u' });
    expect(answer).toEqual({ context: { user: 'u', client_timeout: null }, args: { a: 1 }, name: 'compute' });
  });

  test.each([
    [{ method: 'shared' }, 'compute'],
    [{ method: 'inherited' }, 'inherited'],
    [{ method: 'shared', namespace: null }, 'compute'],
    [{ method: 'shared', namespace: 'net', version: '2.0' }, 'network'],
    [{ method: 'shared', namespace: 'old', version: '2.0' }, 'network'],
  ])('%j is answered by %s', async (message, answer) => {
    expect(await ask(message)).toBe(answer);
  });

  test.each([
    { method: 'echo', version: '1.4' },
    { method: 'echo', version: '2.0' },
    { method: 'echo', version: null },
    { method: 'echo', namespace: 'nowhere' },
    { method: 'echo', namespace: 7 },
    { method: 'shared', namespace: 'net' },
  ])('%j is of no version that is served', async (message) => {
    await expect(ask(message)).rejects.toThrow(UnsupportedVersion);
  });

  test.each([
    'nosuch',
    '_private',
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    '',
    undefined,
    7,
    null,
  ])('method %j is none', async (method) => {
    await expect(ask({ method })).rejects.toThrow(NoSuchMethod);
  });

  test.each([
    [{ method: 'limit' }, "TypeError: 'int' object is not callable"],
    [{ method: 'target' }, "TypeError: 'Target' object is not callable"],
    [{ method: 'echo', version: '1' }, 'IndexError: list index out of range'],
    [{ method: 'echo', version: 1.2 }, "AttributeError: 'float' object has no attribute 'split'"],
    [{ method: 'echo', args: null }, "AttributeError: 'NoneType' object has no attribute 'items'"],
    [{ method: 'echo', args: [1] }, "AttributeError: 'list' object has no attribute 'items'"],
  ])('%j fails as it does in Python', async (message, wanted) => {
    const failure: unknown = await ask(message).catch((reason: unknown) => reason);
    expect(failure).toBeInstanceOf(PythonException);
    expect(failure instanceof PythonException && `${failure.pythonClass}: ${failure.message}`).toBe(wanted);
  });

  test('no arguments at all are empty ones', async () => {
    expect(await ask({ method: 'echo' })).toMatchObject({ args: {} });
  });
});

describe('access policies', () => {
  test('legacy lets private names through, but never what every object has', async () => {
    expect(await ask({ method: '_private' }, 'legacy')).toBe('private');
    for (const method of ['constructor', '__proto__', 'valueOf']) {
      await expect(ask({ method }, 'legacy')).rejects.toThrow(NoSuchMethod);
    }
  });

  test('explicit lets only exposed methods through', async () => {
    await expect(ask({ method: 'echo' }, 'explicit')).rejects.toThrow(NoSuchMethod);
    expect(await ask({ method: 'shared', namespace: 'net', version: '2.0' }, 'explicit')).toBe('network');
  });
});

test('an endpoint whose target is no Target is refused at once', () => {
  expect(() => new Dispatcher([{ target: { namespace: 'net' } }])).toThrow(TypeError);
});

test('results are serialised', async () => {
  const clock = { now: () => ({ at: new Date('2026-11-22T12:03:44.887Z'), set: new Set([1]) }) };
  const dispatcher = new Dispatcher([clock], { serializer: jsonPayloadSerializer });
  expect(await dispatcher.dispatch(readRequest({ method: 'now' }))).toEqual({
    at: '2026-11-22T12:03:44.887000',
    set: [1],
  });
});

test('a method that cannot even be made a string is answered like any other that is not there', async () => {
  for (const method of [{ toString: false }, { toJSON: 1 }, [{ toString: null }], null]) {
    await expect(ask({ method })).rejects.toThrow(NoSuchMethod);
  }
});

test('whatever comes as a request, only methods of the endpoint run', async () => {
  const allowed = new Set(['echo', 'shared', 'inherited', 'limit', 'target']);
  const hostile = fc.constantFrom(
    '__defineGetter__',
    'constructor',
    '__proto__',
    'prototype',
    'echo',
    'then',
    '#name',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.record(
        {
          method: fc.oneof(hostile, fc.jsonValue()),
          args: fc.jsonValue(),
          namespace: fc.jsonValue(),
          version: fc.oneof(fc.constantFrom('1.0', '1.3', '1.', '-1.0'), fc.jsonValue()),
        },
        { requiredKeys: [] },
      ),
      async (message) => {
        const outcome = await ask(message, 'legacy').then(
          () => 'ran' as const,
          (reason: unknown) => reason,
        );
        if (outcome === 'ran') {
          expect(allowed).toContain(message.method);
        } else {
          expect(
            [NoSuchMethod, UnsupportedVersion, PythonException].some((each) => outcome instanceof each),
          ).toBe(true);
        }
      },
    ),
  );
});
