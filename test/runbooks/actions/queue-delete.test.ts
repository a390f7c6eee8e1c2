import { describe, expect, test } from 'vitest';
import type { ManagementApi, QueueDetailRow, WriteAnswer } from '../../../src/rpc/index.ts';
import { api, failure, silent, stage } from './fakes.ts';

const zombie: QueueDetailRow = {
  vhost: '/',
  name: 'scheduler_fanout_0f',
  type: 'classic',
  consumers: 0,
  ready: 400,
  arguments: {},
};
const call = { action: 'queue.delete', args: { vhost: '/', name: 'scheduler_fanout_0f', maxReady: 500 } };

const having = (row: QueueDetailRow | undefined): Partial<ManagementApi> => ({
  queue: () => Promise.resolve(row),
});
const nodes = (...answers: readonly Partial<ManagementApi>[]): readonly ManagementApi[] =>
  answers.map((answer, index) => api(`rabbit@${'abc'[index]}`, answer));
const check = (...answers: readonly Partial<ManagementApi>[]) =>
  stage(nodes(...answers)).actions.precheck(call);

describe('deleting a queue', () => {
  test('is described with its limits and the exact request, and needs a second person', () => {
    expect(
      stage([]).actions.describe({ ...call, args: { vhost: '/', name: 'a/b ?', maxReady: 36_496 } }),
    ).toEqual({
      text:
        'Delete queue "a/b ?" in vhost "/", only while it has no consumer and at most 36,496 ready messages: ' +
        'DELETE /api/queues/%2F/a%2Fb%20%3F?if-unused=true',
      tier: 'destructive',
    });
  });

  test('goes when two nodes say that nobody reads it and the loss was approved', async () => {
    expect(await check(having(zombie), having({ ...zombie, ready: 500 }), { queue: silent() })).toEqual({
      go: true,
    });
  });

  const { type: _type, ...untyped } = zombie;
  const { consumers: _consumers, ...unread } = zombie;
  const { ready: _ready, ...uncounted } = zombie;
  test.each<readonly [string, QueueDetailRow, string]>([
    ['is a quorum queue', { ...zombie, type: 'quorum' }, 'this one is quorum'],
    ['is a stream', { ...zombie, type: 'stream' }, 'this one is stream'],
    ['does not say its type', untyped, 'of unknown type'],
    ['has a consumer again', { ...zombie, consumers: 1 }, 'it has 1 consumer again'],
    ['does not say its consumers', unread, 'does not say how many consumers'],
    ['holds more than was approved', { ...zombie, ready: 501 }, 'it holds 501 ready messages by now'],
    ['does not say how much it holds', uncounted, 'does not say how many messages'],
    ['is exclusive', { ...zombie, exclusive: true }, 'exclusive'],
  ])('does not go when one node says that it %s', async (_, row, because) => {
    const verdict = await check(having(zombie), having(row), having(zombie));
    expect(verdict).toMatchObject({ go: false, because: expect.stringContaining(because) });
  });

  test('does not go on one vantage point of three, nor when the nodes disagree', async () => {
    expect(await check(having(zombie), { queue: silent() }, { queue: silent() })).toMatchObject({
      go: false,
      because: expect.stringContaining('too few nodes'),
    });
    expect(await check(having(zombie), having(undefined), having(zombie))).toMatchObject({
      go: false,
      because: expect.stringContaining('do not agree'),
    });
    expect(await check(having(zombie)), 'a cluster of one has one vantage point').toEqual({ go: true });
    expect((await check()).go, 'a cluster of none has none').toBe(false);
  });

  test('never touches a queue of the broker itself', async () => {
    const reserved = { action: 'queue.delete', args: { vhost: '/', name: 'amq.gen-x', maxReady: 1_000 } };
    const verdict = await stage(nodes(having({ ...zombie, name: 'amq.gen-x' }))).actions.precheck(reserved);
    expect(verdict.go).toBe(false);
  });

  test.each<readonly [WriteAnswer, object]>([
    [{ kind: 'accepted' }, { kind: 'applied', detail: 'deleted through rabbit@b' }],
    [{ kind: 'absent' }, { kind: 'applied', detail: 'it was already gone' }],
    [
      { kind: 'refused', reason: "queue 'x' in use" },
      { kind: 'refused', because: "the broker refused: queue 'x' in use" },
    ],
  ])('%j from the broker is %j', async (answer, outcome) => {
    const asked: unknown[] = [];
    const { actions } = stage(
      nodes(
        { queue: silent() },
        {
          ...having(zombie),
          deleteQueue: (vhost, name, options) => {
            asked.push([vhost, name, options.ifUnused]);
            return Promise.resolve(answer);
          },
        },
      ),
    );
    expect(await actions.execute(call, 'INC-1')).toEqual(outcome);
    expect(asked).toEqual([['/', 'scheduler_fanout_0f', true]]);
  });

  test.each([
    ['timeout', 'unknown'],
    ['unreachable', 'unknown'],
    ['not-json', 'unknown'],
    ['http-error', 'unknown'],
    ['refused', 'refused'],
    ['unauthorized', 'refused'],
  ] as const)('a request that ends in %s is %s', async (why, kind) => {
    const { actions } = stage(nodes({ ...having(zombie), deleteQueue: () => Promise.reject(failure(why)) }));
    expect((await actions.execute(call, 'INC-1')).kind).toBe(kind);
  });

  test('sends nothing when no node answers', async () => {
    const { actions } = stage(nodes({ queue: silent() }, { queue: silent() }));
    expect((await actions.execute(call, 'INC-1')).kind).toBe('refused');
  });

  test('is settled by absence on enough nodes, and by nothing else', async () => {
    const settle = async (...answers: readonly Partial<ManagementApi>[]) =>
      (await stage(nodes(...answers)).actions.reconcile(call)).kind;
    const gone = having(undefined);
    expect(await settle(gone, gone, { queue: silent() })).toBe('done');
    expect(await settle(gone, { queue: silent() }, { queue: silent() })).toBe('unknown');
    expect(await settle(gone, having(zombie), gone)).toBe('unknown');
  });
});
