import { describe, expect, test } from 'vitest';
import { orphanReply } from '../../../../src/runbooks/book/dead-queues/orphan-reply.ts';
import { cardText, contextOf, HOUR, hex, NOW, queue, queueHistory, seen, stepOf } from '../../observation.ts';

const orphan = `reply_${hex('a')}`;
const named = 'reply_cmp7:nova-compute:3';
const living = queue(`reply_${hex('b')}`);
const since = {
  ...queueHistory(orphan, { consumerlessSinceMs: NOW - HOUR }),
  ...queueHistory(named, { consumerlessSinceMs: NOW - HOUR }),
};
const found = seen({
  queues: [queue(orphan, { ready: 12, consumers: 0 }), queue(named, { consumers: 0 }), living],
  history: { queues: since },
});

test('orphans are grouped in one card, in both manners of naming', () => {
  expect(cardText(orphanReply, found)).toBe(
    [
      'warning: 2 reply queues have had no consumer for 1 h, 12 ready messages',
      `Queues: ${orphan}, ${named}`,
      'Ready messages: 12',
      'No consumer for: 1 h',
      'Siblings with a consumer: 1 of 3 in reply',
    ].join('\n'),
  );
});

test('an empty one is for information: it expires by itself', () => {
  const now = seen({ queues: [queue(orphan, { consumers: 0 }), living], history: { queues: since } });
  expect(cardText(orphanReply, now)).toContain('info: reply queue reply_aaaa.. has had no consumer for 1 h');
});

describe('a wave of orphan reply queues', () => {
  const many = (count: number) =>
    seen({
      queues: Array.from({ length: count }, (_, index) =>
        queue(`reply_${index.toString(16).padStart(32, '0')}`, { consumers: 0 }),
      ),
    });

  test('is told whatever its age', () => {
    expect(orphanReply.detect(many(50))).toMatchObject([
      { severity: 'warning', subject: '50 queues of reply' },
    ]);
  });

  test('needs to be one', () => {
    expect(orphanReply.detect(many(49))).toEqual([]);
  });
});

test('no two vhosts share a card', () => {
  const elsewhere = { ...queue(orphan, { consumers: 0 }), vhost: '/nova' };
  const now = seen({
    queues: [queue(orphan, { consumers: 0 }), elsewhere],
    history: {
      queues: { ...since, [`/nova\u0000${orphan}`]: { ready: [], consumerlessSinceMs: NOW - HOUR } },
    },
  });
  expect(orphanReply.detect(now).map(({ key }) => key)).toEqual(['orphan:/', 'orphan:/nova']);
});

test('exactly those queues are deleted', () => {
  const step = orphanReply.steps.find(({ kind }) => kind === 'each');
  const context = contextOf(orphanReply, found);
  expect(step?.kind === 'each' && step.over(context)).toEqual([orphan, named]);
  expect(stepOf(orphanReply, 'act', 'delete').call({ ...context, target: named })).toEqual({
    action: 'queue.delete',
    args: { vhost: '/', name: named, maxReady: 100 },
  });
});
