import { expect, test } from 'vitest';
import { inWordsOfToday } from '../../../../src/runbooks/engine/plan/old-words.ts';

test.each([
  [
    'At most 1,440 unread messages in 3 queues of a_fanout, with what still comes before it is deleted',
    'At most 1,440 ready messages in 3 queues of a_fanout, including what arrives before the deletion',
  ],
  [
    "The copies of 2 queues on b and c, up to 35 ready messages: the kept side's content stays",
    'The replicas of 2 queues on b and c, with up to 35 ready messages; the kept side keeps its own content',
  ],
  [
    'Messages that are not persistent, of 35 ready messages in 1 queue living on b',
    'The non-persistent messages among 35 ready messages in 1 queue hosted on b',
  ],
  [
    'Calls that are being served by nova-compute are cut off',
    'RPC calls in progress at nova-compute are interrupted',
  ],
  [
    'Calls on this connection of nova-compute:4242 are cut off',
    'RPC calls on this connection of nova-compute:4242 are interrupted',
  ],
  [
    'Calls that the readers of compute serve over the same connections are cut off',
    'RPC calls that the consumers of compute serve over the same connections are interrupted',
  ],
  [
    'Calls that compute.cmp1 may still be serving are cut off',
    'RPC calls that compute.cmp1 may still be serving are interrupted',
  ],
  [
    'Everything that c holds by itself: joining a cluster empties it first.',
    'Everything that only c holds: it is emptied before it joins the cluster.',
  ],
])('the loss that 0.1.0 worded “%s” is the same loss today', (then, today) => {
  expect(inWordsOfToday(then)).toBe(today);
  expect(inWordsOfToday(today)).toBe(today);
});
