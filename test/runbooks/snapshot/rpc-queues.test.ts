import { expect, test } from 'vitest';
import { isRpcQueue, rpcNameOf } from '../../../src/runbooks/snapshot/rpc-queues.ts';
import { hex } from '../observation.ts';

test.each([
  ['compute', true],
  ['compute.cmp1', true],
  ['cinder-volume.vol1@lvm', true],
  ['notifications.info', false],
  ['versioned_notifications.error', false],
  ['barbican.notifications', false],
  [`reply_${hex('a')}`, false],
  [`compute_fanout_${hex('a')}`, false],
  ['compute_fanout', false],
  ['amq.gen-JzTY20BRgKO-HjmUJj0wLg', false],
])('an RPC server may stand behind %s: %s', (name, isRpc) => {
  expect(isRpcQueue({ name })).toBe(isRpc);
});

test('nobody answers behind a stream', () => {
  expect(isRpcQueue({ name: 'compute', type: 'stream' })).toBe(false);
});

test.each([
  ['compute', ['compute'], { topic: 'compute' }],
  ['compute.cmp1', ['compute'], { topic: 'compute', server: 'cmp1' }],
  ['compute.cmp1.example.org', ['compute'], { topic: 'compute', server: 'cmp1.example.org' }],
  [
    'ironic.conductor_manager.ctl1.example.org',
    ['ironic.conductor_manager'],
    { topic: 'ironic.conductor_manager', server: 'ctl1.example.org' },
  ],
  ['compute.cmp1.example.org', [], { topic: 'compute', server: 'cmp1.example.org' }],
  ['.hidden', [], { topic: '.hidden' }],
  ['ends.', [], { topic: 'ends.' }],
])('%s beside %j is %j', (name, queues, parts) => {
  expect(rpcNameOf(name, (queue) => queues.includes(queue))).toEqual(parts);
});
