import { describe, expect, test } from 'vitest';
import type { ManagementApi, NodeRow, QueueDetailRow, WriteAnswer } from '../../../../src/rpc/index.ts';
import { api, failure, silent, stage } from '../fakes.ts';

const NAME = `scheduler_fanout_${'0f'.repeat(16)}`;
const zombie: QueueDetailRow = {
  vhost: '/',
  name: NAME,
  type: 'classic',
  exclusive: false,
  consumers: 0,
  ready: 400,
  unacknowledged: 0,
  arguments: {},
};
const call = { action: 'queue.delete', args: { vhost: '/', name: NAME, maxReady: 500 } };

const calm: NodeRow = {
  name: '',
  isRunning: true,
  partitions: [],
  hasMemoryAlarm: false,
  hasDiskAlarm: false,
};
const rows = (change: Partial<NodeRow> = {}): Partial<ManagementApi> => ({
  nodes: () =>
    Promise.resolve([
      { ...calm, name: 'rabbit@a', ...change },
      { ...calm, name: 'rabbit@b' },
      { ...calm, name: 'rabbit@c' },
    ]),
});
const having = (row: QueueDetailRow | undefined): Partial<ManagementApi> => ({
  queue: () => Promise.resolve(row),
  ...rows(),
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
      deletes: { vhost: '/', name: 'a/b ?', messages: 36_496 },
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
  const { exclusive: _exclusive, ...unowned } = zombie;
  const { unacknowledged: _unacknowledged, ...unacked } = zombie;
  test.each<readonly [string, QueueDetailRow, string]>([
    ['is a quorum queue', { ...zombie, type: 'quorum' }, 'this one is quorum'],
    ['is a stream', { ...zombie, type: 'stream' }, 'a stream is never deleted'],
    ['does not say its type', untyped, 'of unknown type'],
    ['has a consumer again', { ...zombie, consumers: 1 }, 'it has 1 consumer again'],
    ['does not say its consumers', unread, 'the broker does not report how many consumers it has'],
    [
      'holds more than was approved',
      { ...zombie, ready: 501 },
      'it now holds 501 ready messages, but the loss of at most 500 was approved',
    ],
    ['does not say how much it holds', uncounted, 'the broker does not report how many messages it holds'],
    ['is exclusive', { ...zombie, exclusive: true }, 'exclusive'],
    ['does not say whose it is', unowned, 'whether a connection owns it'],
    ['has something unacknowledged', { ...zombie, unacknowledged: 2 }, 'holds 2 of its messages'],
    ['does not say what is unacknowledged', unacked, 'how many messages are unacknowledged'],
    ['hands out messages', { ...zombie, deliverRate: 0.2 }, 'a client consumes it: 0.2 messages a second'],
    ['is told of acknowledgements', { ...zombie, ackRate: 3 }, 'a client consumes it: 3 messages a second'],
    ['is part of a federation', { ...zombie, isFederated: true }, 'federation'],
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

  test('needs two nodes for the queue and two for the cluster: one does not stand for the other', async () => {
    const silentAboutIt = { ...rows(), queue: silent() };
    expect(await check(having(zombie), silentAboutIt, silentAboutIt)).toMatchObject({
      go: false,
      because: expect.stringMatching(/^too few nodes answered: GET/),
    });
    const untold = { ...having(zombie), nodes: silent() };
    expect(await check(having(zombie), untold, untold)).toMatchObject({
      go: false,
      because: 'too few nodes reported the state of the cluster',
    });
  });

  test.each<readonly [string, Partial<ManagementApi>, string]>([
    ['lists a partition', rows({ partitions: ['rabbit@b'] }), 'lists a partition'],
    ['has a memory alarm', rows({ hasMemoryAlarm: true }), 'memory alarm'],
    ['has a disk alarm', rows({ hasDiskAlarm: true }), 'disk alarm'],
    [
      'tells nothing of itself',
      { nodes: () => Promise.resolve([]) },
      'rabbit@a does not report its own state',
    ],
  ])('does not go while a node %s', async (_, nodesOf, because) => {
    const verdict = await check({ ...having(zombie), ...nodesOf }, having(zombie), having(zombie));
    expect(verdict).toMatchObject({ go: false, because: expect.stringContaining(because) });
  });

  const { partitions: _partitions, ...unjoined } = calm;
  const { hasMemoryAlarm: _memAlarm, ...unwatched } = calm;
  test.each<readonly [string, NodeRow, string]>([
    ['that it was apart', { ...calm, partitions: ['rabbit@a'] }, 'rabbit@c lists a partition'],
    ['of an alarm', { ...calm, hasMemoryAlarm: true }, 'rabbit@c has a memory alarm'],
    ['not whether it is apart', unjoined, 'rabbit@c does not report its own state'],
    ['not whether it has an alarm', unwatched, 'rabbit@c does not report its own state'],
  ])('does not go while the last node that is asked tells %s', async (_, row, because) => {
    const last = { ...having(zombie), nodes: () => Promise.resolve([{ ...row, name: 'rabbit@c' }]) };
    const verdict = await check(having(zombie), having(zombie), last);
    expect(verdict).toMatchObject({ go: false, because: expect.stringContaining(because) });
  });

  test('does not go when a shovel uses it, or nobody says', async () => {
    const used = { ...having(zombie), shovelQueues: () => Promise.resolve([{ name: NAME }]) };
    expect(await check(used, having(zombie))).toMatchObject({ go: false, because: 'a shovel uses it' });
    const untold = { ...having(zombie), shovelQueues: silent() };
    expect(await check(untold, untold)).toMatchObject({ go: false });
  });

  test('a quorum queue is another action, for many votes, which reads it again in the same breath', async () => {
    const quorum = { ...zombie, type: 'quorum' };
    const other = { ...call, action: 'queue.delete_quorum' };
    const asked: unknown[] = [];
    const deleting = (row: QueueDetailRow) => ({
      ...having(row),
      deleteQueue: (_vhost: string, _name: string, { ifUnused }: { readonly ifUnused: boolean }) => {
        asked.push(ifUnused);
        return Promise.resolve<WriteAnswer>({ kind: 'accepted' });
      },
    });
    const { actions } = stage(nodes(deleting(quorum), deleting(quorum)));
    expect(actions.describe(other)).toMatchObject({
      tier: 'mass',
      deletes: { vhost: '/', name: NAME, messages: 500 },
    });
    expect(await actions.precheck(other)).toEqual({ go: true });
    expect((await actions.execute(other, 'INC-1')).kind).toBe('applied');
    expect(asked).toEqual([false]);
    const awake = stage(nodes(deleting({ ...quorum, consumers: 1 }), deleting(quorum)));
    expect(await awake.actions.execute(other, 'INC-1')).toMatchObject({ kind: 'refused' });
    const stream = stage(nodes(deleting({ ...quorum, type: 'stream' }), deleting(quorum)));
    expect(await stream.actions.precheck(other)).toMatchObject({
      because: expect.stringContaining('a stream is never deleted'),
    });
    expect(asked).toEqual([false]);
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
    expect(asked).toEqual([['/', NAME, true]]);
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

  test.each([
    ['a quorum queue', { ...zombie, type: 'quorum' }],
    ['of unknown type', untyped],
  ])(
    'sends nothing when any node says that it is %s: the guard of the broker holds for classic ones alone',
    async (type, row) => {
      const asked: string[] = [];
      const deleteQueue: ManagementApi['deleteQueue'] = (_vhost, name) => {
        asked.push(name);
        return Promise.resolve({ kind: 'accepted' });
      };
      const { actions } = stage(nodes({ ...having(zombie), deleteQueue }, { ...having(row), deleteQueue }));
      expect(await actions.execute(call, 'INC-1')).toEqual({
        kind: 'refused',
        because: `Nothing was sent: it is ${type}`,
      });
      expect(asked).toEqual([]);
    },
  );

  test('is settled by absence on enough nodes, and by nothing else', async () => {
    const settle = async (...answers: readonly Partial<ManagementApi>[]) =>
      (await stage(nodes(...answers)).actions.reconcile(call)).kind;
    const gone = having(undefined);
    expect(await settle(gone, gone, { queue: silent() })).toBe('done');
    expect(await settle(gone, { queue: silent() }, { queue: silent() })).toBe('unknown');
    expect(await settle(gone, having(zombie), gone)).toBe('unknown');
  });
});
