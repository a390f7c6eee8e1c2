import { describe, expect, test } from 'vitest';
import type { HealthCheck, ManagementApi } from '../../../../src/rpc/index.ts';
import { api, silent, stage, view } from '../fakes.ts';

const at = (node: string, nodes: ManagementApi['nodes']): ManagementApi => api(node, { nodes });
const refused = silent('refused');
const dispensable = (each: ManagementApi): ManagementApi => ({
  ...each,
  healthCheck: () => Promise.resolve({ kind: 'ok' }),
});
const of = (action: string, node = 'rabbit@b') => ({ action, args: { node } });
const rejoin = { action: 'node.rejoin', args: { node: 'rabbit@b', peer: 'rabbit@a' } };

const whole = [at('rabbit@a', view('rabbit@a', 'rabbit@b')), at('rabbit@b', view('rabbit@a', 'rabbit@b'))];
const withoutB = [at('rabbit@a', view('rabbit@a')), at('rabbit@b', refused)];
const split = [at('rabbit@a', view('rabbit@a')), at('rabbit@b', view('rabbit@b'))];

describe('what people approve', () => {
  test.each([
    [of('node.stop'), 'Stop RabbitMQ on rabbit@b. On host ctl1:\nsystemctl stop rabbitmq-server'],
    [
      of('node.start'),
      'Start RabbitMQ on rabbit@b. On host ctl1:\nsystemctl --no-block start rabbitmq-server',
    ],
    [
      of('node.force_boot'),
      'Start rabbit@b without waiting for its peers. On host ctl1:\nsystemctl stop rabbitmq-server\n' +
        'rabbitmqctl -n rabbit@b force_boot\nsystemctl --no-block start rabbitmq-server',
    ],
    [
      rejoin,
      'Empty rabbit@b and have it join the cluster of rabbit@a. On host ctl1:\nrabbitmqctl -n rabbit@b stop_app\n' +
        'rabbitmqctl -n rabbit@b reset\nrabbitmqctl -n rabbit@b join_cluster rabbit@a\n' +
        'rabbitmqctl -n rabbit@b start_app',
    ],
  ])('names the node, the host and every command', (call, text) => {
    expect(stage([]).actions.describe(call)).toEqual({ text, tier: 'node' });
  });

  test('says when no host is configured, and then nothing goes', async () => {
    const { actions, ran } = stage([...whole, at('rabbit@c', view('rabbit@c'))]);
    for (const action of ['node.stop', 'node.start', 'node.force_boot']) {
      expect(actions.describe(of(action, 'rabbit@c')).text).toContain('no host is configured');
      expect(await actions.precheck(of(action, 'rabbit@c'))).toEqual({
        go: false,
        because: 'no host is configured for rabbit@c',
      });
      expect((await actions.execute(of(action, 'rabbit@c'), 'x')).kind).toBe('refused');
    }
    expect(ran).toEqual([]);
  });
});

describe('stopping a node', () => {
  test.each([
    ['another node runs', whole.map(dispensable), true],
    ['nobody says whether it may stop', whole, false],
    ['another node runs, though each takes the other for dead', split, true],
    ['no other node answers', [at('rabbit@a', silent()), at('rabbit@b', view('rabbit@b'))], false],
    ['the other answers but does not run', [at('rabbit@a', view()), at('rabbit@b', view('rabbit@b'))], false],
    ['it cannot be asked itself', [at('rabbit@a', view('rabbit@a', 'rabbit@b'))].map(dispensable), false],
    ['it is the only one', [at('rabbit@b', view('rabbit@b'))], false],
  ])('when %s: %#', async (_, management, go) => {
    expect((await stage(management).actions.precheck(of('node.stop'))).go).toBe(go);
  });

  test.each<readonly [string, HealthCheck, string | undefined]>([
    ['is known by the broker and fails', { kind: 'failed', items: ['q.1', 'q.2'] }, 'quorum of q.1, q.2'],
    ['fails without a name', { kind: 'failed', reason: 'because' }, 'because'],
    ['is not known by the broker', { kind: 'unsupported' }, undefined],
  ])('where the check %s', async (_, answer, because) => {
    const management = whole.map((api) => ({ ...api, healthCheck: () => Promise.resolve(answer) }));
    const verdict = await stage(management).actions.precheck(of('node.stop'));
    expect(verdict).toMatchObject(
      because === undefined ? { go: true } : { go: false, because: expect.stringContaining(because) },
    );
  });

  test('asks both checks of the node itself', async () => {
    const asked: string[] = [];
    const management = whole.map((api) => ({
      ...api,
      healthCheck: (check: string) => {
        asked.push(`${check} of ${api.node}`);
        return Promise.resolve({ kind: 'ok' as const });
      },
    }));
    expect((await stage(management).actions.precheck(of('node.stop'))).go).toBe(true);
    expect(asked).toEqual([
      'node-is-quorum-critical of rabbit@b',
      'node-is-mirror-sync-critical of rabbit@b',
    ]);
  });

  test.each([
    ['it refuses connections and no peer sees it running', withoutB, 'done'],
    ['it runs', whole, 'not-done'],
    ['it runs on the other side of a split', split, 'not-done'],
    [
      'it is silent for another reason',
      [at('rabbit@a', view('rabbit@a')), at('rabbit@b', silent())],
      'unknown',
    ],
    [
      'a peer still sees it',
      [at('rabbit@a', view('rabbit@a', 'rabbit@b')), at('rabbit@b', refused)],
      'unknown',
    ],
    ['no peer answers', [at('rabbit@a', silent()), at('rabbit@b', refused)], 'unknown'],
  ])('is settled when %s: %#', async (_, management, kind) => {
    const { actions, sleptMs } = stage(management);
    expect((await actions.reconcile(of('node.stop'))).kind).toBe(kind);
    expect(sleptMs() >= 15_000, 'only a proof is quick').toBe(kind !== 'done');
  });

  test('is settled once the peers have noticed', async () => {
    let looks = 0;
    const noticing: ManagementApi['nodes'] = (options) => {
      looks += 1;
      return (looks > 2 ? view('rabbit@a') : view('rabbit@a', 'rabbit@b'))(options);
    };
    const { actions } = stage([at('rabbit@a', noticing), at('rabbit@b', refused)]);
    expect((await actions.reconcile(of('node.stop'))).kind).toBe('done');
  });

  test('whose command fails is refused, with what it said', async () => {
    const { actions } = stage(whole, () => ({ kind: 'failed', exitCode: 4, output: 'Access denied\n' }));
    expect(await actions.execute(of('node.stop'), 'x')).toEqual({
      kind: 'refused',
      because: 'node.stop on ctl1 failed with exit code 4: Access denied',
    });
  });
});

describe('starting a node', () => {
  test('that was tried and failed is applied: the check and the fallbacks after it judge', async () => {
    const failing = stage(withoutB, () => ({ kind: 'failed', exitCode: 1, output: 'timeout' }));
    expect(await failing.actions.execute(of('node.start'), 'x')).toMatchObject({
      kind: 'applied',
      detail: expect.stringContaining('node.start on ctl1 failed with exit code 1: timeout'),
    });
    const never = stage(withoutB, () => ({ kind: 'not-started', because: 'no such program' }));
    expect((await never.actions.execute(of('node.start'), 'x')).kind).toBe('refused');
    const slow = stage(withoutB, () => ({ kind: 'unknown', because: 'too long' }));
    expect((await slow.actions.execute(of('node.start'), 'x')).kind).toBe('unknown');
  });

  test('is settled by the node saying that it runs', async () => {
    expect((await stage(split).actions.reconcile(of('node.start'))).kind).toBe('done');
    expect((await stage(withoutB).actions.reconcile(of('node.start'))).kind).toBe('not-done');
  });
});

describe('forcing a node to boot', () => {
  test('stops, marks and starts it, in this order', async () => {
    const { actions, ran } = stage(withoutB);
    expect(await actions.precheck(of('node.force_boot'))).toEqual({ go: true });
    expect((await actions.execute(of('node.force_boot'), 'x')).kind).toBe('applied');
    expect(ran.map(({ operation }) => operation)).toEqual(['node.stop', 'node.force_boot', 'node.start']);
  });

  test('is not done to a node that runs', async () => {
    expect((await stage(whole).actions.precheck(of('node.force_boot'))).go).toBe(false);
  });
});

describe('a node that rejoins its cluster', () => {
  test('empties the node and joins it, in this order, and gives the peer only to the join', async () => {
    const { actions, ran } = stage(split);
    expect(await actions.precheck(rejoin)).toEqual({ go: true });
    expect((await actions.execute(rejoin, 'x')).kind).toBe('applied');
    expect(ran.map(({ operation, args: { peer } }) => [operation, peer])).toEqual([
      ['node.stop_app', undefined],
      ['node.reset', undefined],
      ['node.join_cluster', 'rabbit@a'],
      ['node.start_app', undefined],
    ]);
  });

  test.each(['failed', 'unknown'] as const)(
    'ends at the first command that is %s, and tells what came before',
    async (kind) => {
      const { actions, ran } = stage(split, ({ operation }) => {
        if (operation !== 'node.join_cluster') {
          return { kind: 'done', exitCode: 0, output: '' };
        }
        return kind === 'failed'
          ? { kind, exitCode: 70, output: 'inconsistent' }
          : { kind, because: 'too long' };
      });
      const outcome = await actions.execute(rejoin, 'x');
      expect(outcome).toMatchObject({
        kind: kind === 'failed' ? 'refused' : 'unknown',
        because: expect.stringContaining('before that: node.stop_app and node.reset'),
      });
      expect(ran).toHaveLength(3);
    },
  );

  test('is not begun when the peer does not say that it runs, or is the node itself', async () => {
    const { actions } = stage([at('rabbit@a', silent()), at('rabbit@b', view('rabbit@b'))]);
    expect((await actions.precheck(rejoin)).go).toBe(false);
    const itself = { action: 'node.rejoin', args: { node: 'rabbit@a', peer: 'rabbit@a' } };
    expect((await stage(whole).actions.precheck(itself)).go).toBe(false);
  });

  test.each([
    [
      'is not alone',
      whole,
      rejoin.args,
      'rabbit@a sees rabbit@b running: it is not alone, and keeps its content',
    ],
    [
      'has another peer than the one that runs',
      [at('rabbit@a', silent()), at('rabbit@b', view('rabbit@b')), at('rabbit@c', view('rabbit@c'))],
      rejoin.args,
      'rabbit@a does not report that it runs: emptying rabbit@b would gain nothing',
    ],
    ['has no host', split, { node: 'rabbit@c', peer: 'rabbit@a' }, 'no host is configured'],
    [
      'would join what a command takes for an option',
      split,
      { node: 'rabbit@b', peer: '-f@a' },
      'host ctl1 has no command for node.join_cluster',
    ],
  ])('is not begun when the node %s: %#', async (_, management, args, because) => {
    const verdict = await stage(management).actions.precheck({ ...rejoin, args });
    expect(verdict).toMatchObject({ go: false, because: expect.stringContaining(because) });
  });

  test('is settled when both run together; else a person must look, for it may have stopped half-way', async () => {
    expect((await stage(whole).actions.reconcile(rejoin)).kind).toBe('done');
    expect((await stage(split).actions.reconcile(rejoin)).kind).toBe('unknown');
  });
});

describe('a call that cannot be', () => {
  const wrong = [
    { action: 'node.explode', args: { node: 'rabbit@a' } },
    { action: 'toString', args: {} },
    { action: 'node.stop', args: {} },
    { action: 'node.stop', args: { node: 'rabbit@a; reboot' } },
    { action: 'node.stop', args: { node: 'reboot; rabbit@a' } },
    { action: 'node.stop', args: { node: 'rabbit@a', also: 'rabbit@b' } },
    { action: 'queue.delete', args: { vhost: '/', name: 'q', maxReady: '12' } },
    { action: 'queue.delete', args: { vhost: '/', name: 'q', maxReady: -1 } },
    { action: 'queue.delete', args: { vhost: '/', name: '', maxReady: 1 } },
  ];

  test.each(wrong)('$action $args is refused everywhere, and never described', async (call) => {
    const { actions, ran } = stage(whole);
    expect(() => actions.describe(call)).toThrow();
    expect((await actions.precheck(call)).go).toBe(false);
    expect((await actions.execute(call, 'x')).kind).toBe('refused');
    expect((await actions.reconcile(call)).kind).toBe('unknown');
    expect(ran).toEqual([]);
  });

  test('an action that throws half-way leaves it unknown', async () => {
    const { actions } = stage(whole, () => {
      throw new Error('the executor broke');
    });
    expect(await actions.execute(of('node.stop'), 'x')).toEqual({
      kind: 'unknown',
      because: 'the executor broke',
    });
  });
});
