import { describe, expect, test } from 'vitest';
import type { BindingRow, ManagementApi, WriteAnswer } from '../../../../src/rpc/index.ts';
import { api, failure, silent, stage } from '../fakes.ts';

const call = {
  action: 'queue.bind',
  args: { vhost: '/', queue: 'compute', exchange: 'nova', routingKey: 'compute' },
} as const;
const own: BindingRow = {
  vhost: '/',
  source: 'nova',
  destination: 'compute',
  destinationType: 'queue',
  routingKey: 'compute',
};
const byItself: BindingRow = { ...own, source: '' };
const otherKey: BindingRow = { ...own, routingKey: 'compute.cmp1' };

const listing = (...rows: readonly BindingRow[]): Partial<ManagementApi> => ({
  bindingsOfQueue: () => Promise.resolve(rows),
});
const existing: Partial<ManagementApi> = {
  queue: () => Promise.resolve({ vhost: '/', name: 'compute', arguments: {} }),
  exchanges: () => Promise.resolve([{ vhost: '/', name: 'nova' }]),
};
const nodes = (a: Partial<ManagementApi>, b = a) => [api('rabbit@a', a), api('rabbit@b', b)];
const accepting = (answer: WriteAnswer = { kind: 'accepted' }) => {
  const sent: unknown[] = [];
  const bindQueue: ManagementApi['bindQueue'] = (binding) => {
    sent.push(binding);
    return Promise.resolve(answer);
  };
  return { sent, bindQueue };
};

test('says what would be bound where, and wants one approver', () => {
  expect(stage([]).actions.describe(call)).toEqual({
    text: 'Bind queue "compute" to exchange "nova" under the key "compute" in vhost "/": POST /api/bindings/%2F/e/nova/q/compute',
    tier: 'reversible',
  });
});

describe('the precheck', () => {
  test.each<[string, readonly ManagementApi[], object]>([
    [
      'goes when the binding is missing',
      nodes({ ...listing(byItself, otherKey), ...existing }),
      { go: true },
    ],
    ['goes when it is bound already', nodes(listing(own)), { go: true, because: 'it is already bound' }],
    [
      'goes when one node lacks what the other lists',
      nodes({ ...listing(own), ...existing }, { ...listing(), ...existing }),
      { go: true },
    ],
    [
      'stops when nobody says whether both are there, which is not that they are gone',
      nodes({ ...listing(), ...existing, queue: silent('timeout') }),
      { go: false, because: 'no node answered whether the queue and the exchange exist' },
    ],
    [
      'stops when the queue is gone',
      nodes({ ...listing(), ...existing, queue: () => Promise.resolve(undefined) }),
      { go: false, because: 'the queue "compute" no longer exists' },
    ],
    [
      'stops when there is no such exchange',
      nodes({
        ...listing(),
        ...existing,
        exchanges: () => Promise.resolve([{ vhost: 'other', name: 'nova' }]),
      }),
      {
        go: false,
        because: 'the exchange "nova" does not exist: a service that reconnects declares it again',
      },
    ],
    [
      'stops when too few nodes answer',
      nodes(listing(), { bindingsOfQueue: silent('timeout') }),
      { go: false, because: 'too few nodes answered: GET /api/nodes on rabbit@a: timeout' },
    ],
  ])('%s', async (_what, management, verdict) => {
    expect(await stage(management).actions.precheck(call)).toEqual(verdict);
  });
});

describe('the execution', () => {
  test('binds through a node that does not list it', async () => {
    const { sent, bindQueue } = accepting();
    const { actions } = stage(nodes(listing(own), { ...listing(), bindQueue }));
    expect(await actions.execute(call, 'INC-1')).toEqual({
      kind: 'applied',
      detail: 'bound through rabbit@b',
    });
    expect(sent).toEqual([call.args]);
  });

  test.each<[string, Partial<ManagementApi>, object]>([
    ['is bound already', listing(own), { kind: 'applied', detail: 'it was already bound' }],
    [
      'the exchange is gone',
      { ...listing(), bindQueue: accepting({ kind: 'absent' }).bindQueue },
      { kind: 'refused', because: 'the queue or the exchange does not exist' },
    ],
    [
      'the broker refuses',
      { ...listing(), bindQueue: accepting({ kind: 'refused', reason: '400 no' }).bindQueue },
      { kind: 'refused', because: 'the broker refused: 400 no' },
    ],
    [
      'no answer comes',
      { ...listing(), bindQueue: () => Promise.reject(failure('timeout')) },
      { kind: 'unknown' },
    ],
    [
      'nothing arrived',
      { ...listing(), bindQueue: () => Promise.reject(failure('refused')) },
      { kind: 'refused' },
    ],
    ['no node answers', { bindingsOfQueue: silent('refused') }, { kind: 'refused' }],
  ])('when it %s', async (_what, node, outcome) => {
    expect(await stage(nodes(node)).actions.execute(call, 'INC-1')).toMatchObject(outcome);
  });
});

describe('after a crash', () => {
  test.each<[string, readonly ManagementApi[], string]>([
    ['one node lists it: done', nodes(listing(), listing(own)), 'done'],
    ['none lists it: not done', nodes(listing(otherKey)), 'not-done'],
    ['too few answer: not known', nodes({ bindingsOfQueue: silent('timeout') }), 'unknown'],
  ])('%s', async (_what, management, kind) => {
    expect(await stage(management).actions.reconcile(call)).toMatchObject({ kind });
  });
});

test.each([
  { ...call.args, exchange: '' },
  { ...call.args, queue: '' },
  { ...call.args, arguments: '{}' },
  { vhost: '/', queue: 'compute', exchange: 'nova' },
])('hostile arguments are refused: %j', async (args) => {
  const { actions } = stage([]);
  expect(() => actions.describe({ action: 'queue.bind', args })).toThrow('does not take these arguments');
  expect(await actions.execute({ action: 'queue.bind', args }, 'x')).toMatchObject({ kind: 'refused' });
});

test('names that would steer the request are refused before anything is sent', async () => {
  const { actions } = stage(nodes({ ...listing(), bindQueue: () => Promise.reject(new RangeError('no')) }));
  const args = { ...call.args, exchange: '..' };
  expect(await actions.execute({ action: 'queue.bind', args }, 'x')).toMatchObject({ kind: 'unknown' });
});
