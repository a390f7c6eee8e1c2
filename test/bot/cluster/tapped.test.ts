import { expect, test } from 'vitest';
import { requestContextOf, tappedOf } from '../../../src/bot/cluster/tapped.ts';

const passed = { exchange: 'nova', routingKey: 'k', bytes: 9 };

test.each([
  [
    'a notification',
    {
      event_type: 'instance.create',
      publisher_id: 'compute.cmp1',
      priority: 'INFO',
      payload: { a: 1 },
      _context_user: 'u',
    },
    {
      kind: 'notification',
      eventType: 'instance.create',
      publisherId: 'compute.cmp1',
      priority: 'INFO',
      payload: { a: 1 },
    },
  ],
  [
    'a request',
    { method: 'ping', args: { host: 'cmp1' }, version: '1.2', namespace: null },
    { kind: 'request', method: 'ping', version: '1.2', args: { host: 'cmp1' } },
  ],
  ['anything else', { result: 1 }, { kind: 'other', message: { result: 1 } }],
])('%s is read', (_what, message, said) => {
  expect(tappedOf({ ...passed, message })).toEqual(said);
});

test('what cannot be read says why', () => {
  expect(tappedOf({ ...passed, message: undefined, unreadable: 'no JSON' })).toEqual({
    kind: 'unreadable',
    because: 'no JSON',
  });
});

test('the context is what stands under its keys', () => {
  expect(requestContextOf({ ...passed, message: { _context_user: 'u', method: 'm' } })).toEqual({
    user: 'u',
  });
  expect(requestContextOf({ ...passed, message: undefined })).toEqual({});
});
