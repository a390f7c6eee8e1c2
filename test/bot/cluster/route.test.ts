import { expect, test } from 'vitest';
import { routeTo } from '../../../src/bot/cluster/route.ts';
import type { BindingRow } from '../../../src/rpc/index.ts';
import { api, silent } from '../../runbooks/actions/fakes.ts';

const row = (source: string, routingKey = 'compute'): BindingRow => ({
  vhost: '/',
  source,
  destination: 'compute',
  destinationType: 'queue',
  routingKey,
});
const listing = (...rows: readonly BindingRow[]) =>
  api('rabbit@a', { bindingsOfQueue: () => Promise.resolve(rows) });
const away = api('rabbit@b', { bindingsOfQueue: silent('timeout') });
const wanted = { vhost: '/', queue: 'compute' };

test.each([
  [
    'its own name, on whichever node knows it',
    [listing(row('')), listing(row(''), row('nova'))],
    { bindings: 'own', exchange: 'nova' },
  ],
  ['its own name, with one node away', [away, listing(row('nova'))], { bindings: 'own', exchange: 'nova' }],
  [
    'the preferred of two exchanges',
    [listing(row('old'), row('nova'))],
    { bindings: 'own', exchange: 'nova' },
  ],
  ['only other keys', [listing(row('nova', 'notifications.info'))], { bindings: 'other' }],
  ['nothing but its own default binding', [listing(row('')), away], { bindings: 'none' }],
  ['nobody to ask', [away], undefined],
])('a queue bound under %s', async (_what, management, route) => {
  expect(await routeTo(management, { ...wanted, prefer: 'nova' }, 1_000)).toEqual(route);
});
