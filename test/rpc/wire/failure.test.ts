import { expect, test } from 'vitest';
import { NoSuchMethod, PythonException, RemoteError, UnsupportedVersion } from '../../../src/rpc/errors.ts';
import { readFailure, writeFailure } from '../../../src/rpc/wire/failure.ts';

const sent = {
  class: 'ValueError',
  module: 'builtins',
  message: 'no',
  tb: ['Traceback\n'],
  args: ['no'],
  kwargs: {},
};

test.each([
  [new TypeError('no'), { class: 'TypeError', module: 'builtins' }],
  [new RangeError('no'), { class: 'ValueError', module: 'builtins' }],
  [new PythonException('KeyError', 'no'), { class: 'KeyError', module: 'builtins', args: ['no'] }],
  [
    new PythonException('InstanceNotFound', 'no', { module: 'nova.exception', args: [], kwargs: { id: 1 } }),
    { class: 'InstanceNotFound', module: 'nova.exception', args: [], kwargs: { id: 1 } },
  ],
  [new Error('no'), { class: 'Error', module: 'watership.rpc' }],
  ['no', { class: 'Exception', module: 'builtins', message: 'no' }],
  [
    new NoSuchMethod('m'),
    {
      class: 'NoSuchMethod',
      module: 'oslo_messaging.rpc.dispatcher',
      message: 'Endpoint does not support RPC method m',
    },
  ],
  [
    new UnsupportedVersion('1.9', 'm'),
    {
      class: 'UnsupportedVersion',
      module: 'oslo_messaging.rpc.dispatcher',
      message: 'Endpoint does not support RPC version 1.9. Attempted method: m',
    },
  ],
  [new RemoteError(sent), { class: 'ValueError', module: 'builtins', message: 'no', args: ['no'] }],
  [
    new RemoteError({ ...sent, class: 'InstanceNotFound', module: 'nova.exception' }),
    {
      class: 'RemoteError',
      module: 'oslo_messaging.rpc.client',
      args: ['InstanceNotFound', 'no', ['Traceback\n']],
    },
  ],
])('%s is written so that Python knows what to raise', (thrown, wanted) => {
  const failure = writeFailure(thrown);
  expect(failure).toMatchObject(wanted);
  expect(failure.tb.every((line) => line.endsWith('\n'))).toBe(true);
});

test('arguments that are no JSON do not keep a failure from being sent', () => {
  const circular: unknown[] = [];
  circular.push(circular);
  expect(writeFailure(new PythonException('ValueError', 'no', { args: circular })).args).toEqual(['no']);
});

test.each([null, undefined, ''])('%j means that nothing failed', (field) => {
  expect(readFailure(field)).toBeUndefined();
});

test('a failure comes as JSON text, and an object is tolerated', () => {
  expect(readFailure(JSON.stringify(sent))).toEqual(sent);
  expect(readFailure(sent)).toEqual(sent);
});

test('what is missing in a failure is empty', () => {
  expect(readFailure('{"class": "E", "module": "m"}')).toEqual({
    class: 'E',
    module: 'm',
    message: '',
    tb: [],
    args: [],
    kwargs: {},
  });
});

test('Python 2 called builtins exceptions', () => {
  expect(readFailure(JSON.stringify({ ...sent, module: 'exceptions' }))?.module).toBe('builtins');
});

test.each([
  ['A_Remote', 'm_Remote', 'A', 'm'],
  ['A_Remote', 'm', 'A_Remote', 'm'],
  ['A', 'm_Remote', 'A', 'm_Remote'],
])('%s of %s is class %s of %s', (className, module, wantedClass, wantedModule) => {
  const failure = readFailure(JSON.stringify({ ...sent, class: className, module }));
  expect([failure?.class, failure?.module]).toEqual([wantedClass, wantedModule]);
});

test.each(['{', '[]', '7', 7, true])(
  'a failure that cannot be read (%j) is a failure all the same',
  (field) => {
    expect(readFailure(field)?.message).toContain('cannot be read');
  },
);
