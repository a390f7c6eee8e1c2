import { describe, expect, test } from 'vitest';
import type { NodeRow } from '../../../src/rpc/index.ts';
import type { Answer, Look } from '../../../src/runbooks/look.ts';
import type { NodeView, QueueSeen } from '../../../src/runbooks/snapshot/snapshot.ts';
import {
  A,
  answering,
  B,
  C,
  connection,
  consumer,
  downRow,
  HOUR,
  hex,
  NOW,
  nodes,
  queue,
  queueHistory,
  row,
  seen,
  silent,
} from '../observation.ts';
import { ledger, treat, type World } from './treatment.ts';

const unseen: Answer = { kind: 'unseen', because: 'nothing to see on paper' };
const applied = { kind: 'applied', detail: 'done' } as const;

/** Three nodes on paper: which of them run, and in which groups. */
class PaperCluster implements World {
  groups: readonly (readonly string[])[] = [[A, C], [B]];
  stopped = new Set<string>();
  /** What a start brings: by itself a node joins the first group. */
  onStart: (node: string) => 'joins' | 'alone' | 'fails' = () => 'joins';

  observe = () => seen({ nodes: nodes.map((node) => this.#view(node)) });

  answer = (look: Look): Answer =>
    look.look === 'side'
      ? { kind: 'side', node: look.node, queues: [], bindings: [], exchanges: [] }
      : look.look === 'reached-by'
        ? { kind: 'reached-by', nodes: [], how: 'not configured' }
        : unseen;

  act = ({ action, args }: { action: string; args: Readonly<Record<string, unknown>> }) => {
    const node = String(args['node']);
    if (action === 'node.stop') {
      this.stopped.add(node);
    }
    const starts = action === 'node.start' ? this.onStart(node) : 'joins';
    if (action !== 'node.stop' && starts !== 'fails') {
      this.stopped.delete(node);
      const others = this.groups.map((group) => group.filter((member) => member !== node));
      const isUp = (group: readonly string[]): boolean => group.some((member) => !this.stopped.has(member));
      const joined = others.find(isUp);
      this.groups =
        starts === 'joins' && joined !== undefined
          ? others.map((group) => (group === joined ? [...group, node] : group))
          : [...others, [node]];
    }
    return applied;
  };

  #view(node: string): NodeView {
    if (this.stopped.has(node)) {
      return silent(node);
    }
    const group = this.groups.find((members) => members.includes(node)) ?? [];
    const rows = nodes.map((peer): NodeRow => {
      if (!group.includes(peer) || this.stopped.has(peer)) {
        return downRow(peer);
      }
      const apart = this.groups.filter((members) => !members.includes(peer)).flat();
      return row(peer, { partitions: apart.filter((other) => !this.stopped.has(other)) });
    });
    return answering(node, rows);
  }
}

describe('a network split', () => {
  test('is repaired by one stop and one start, and proved three times', () => {
    const { run, acts } = treat('partition', new PaperCluster());
    expect([run.state, ...acts]).toEqual(['done', `node.stop ${B}`, `node.start ${B}`]);
    expect(ledger(run)).toEqual([
      'applied Stop RabbitMQ on server-45',
      'held server-45 has stopped',
      'applied Start RabbitMQ on server-45',
      'held server-45 is back in the cluster',
      'skipped If server-45 does not start: force it to boot',
      'skipped If server-45 starts alone: make it join the cluster again',
      'held Every node sees server-45 in the cluster again',
      'held Every node sees the whole cluster, and services answer',
    ]);
    expect(
      run.plan?.items.filter((item) => item.kind === 'act' && item.onlyIfNeeded).map(({ title }) => title),
    ).toEqual([
      'If server-45 does not start: force it to boot',
      'If server-45 starts alone: make it join the cluster again',
    ]);
  });

  test('is repaired on the side that the approver chose: all others stop before one starts', () => {
    const { run, acts } = treat('partition', new PaperCluster(), { choice: `keep:${B}` });
    expect(acts).toEqual([`node.stop ${A}`, `node.stop ${C}`, `node.start ${C}`, `node.start ${A}`]);
    expect(run.state).toBe('done');
  });

  test('forces a node to boot that does not start', () => {
    const cluster = new PaperCluster();
    cluster.onStart = () => 'fails';
    const { run, acts } = treat('partition', cluster);
    expect([run.state, ...acts]).toEqual([
      'done',
      `node.stop ${B}`,
      `node.start ${B}`,
      `node.force_boot ${B}`,
    ]);
  });

  test('has a node join again that starts alone', () => {
    const cluster = new PaperCluster();
    cluster.onStart = () => 'alone';
    const { run, acts } = treat('partition', cluster);
    expect([run.state, ...acts]).toEqual([
      'done',
      `node.stop ${B}`,
      `node.start ${B}`,
      `node.rejoin ${B} ${A}`,
    ]);
  });

  test('that heals while people read the plan is left alone', () => {
    const cluster = new PaperCluster();
    const observe = cluster.observe;
    let sweeps = 0;
    const { run, acts } = treat('partition', {
      ...cluster,
      observe: () => {
        sweeps += 1;
        if (sweeps > 3) {
          cluster.groups = [nodes];
        }
        return observe();
      },
    });
    expect([run.state, acts]).toEqual(['stopped', []]);
  });
});

test('a node that is down is started', () => {
  const cluster = new PaperCluster();
  cluster.groups = [nodes];
  cluster.stopped.add(C);
  const { run, acts } = treat('node-down', cluster);
  expect([run.state, ...acts]).toEqual(['done', `node.start ${C}`]);
});

describe('a zombie queue', () => {
  const zombie = `cinder-scheduler_fanout_${hex('4')}`;
  const siblings = ['1', '2'].map((digit) => queue(`cinder-scheduler_fanout_${hex(digit)}`));
  const history = { queues: queueHistory(zombie, { ready: [30, 40], consumerlessSinceMs: NOW - HOUR }) };

  const paper = (consumers: () => number): World & { readonly queues: QueueSeen[] } => {
    const queues: QueueSeen[] = [queue(zombie, { ready: 40, consumers: 0 }), ...siblings];
    return {
      queues,
      observe: () => seen({ queues, history }),
      answer: (look) => {
        if (look.look !== 'queue') {
          return unseen;
        }
        const found = queues.find(({ name }) => name === look.name);
        return {
          kind: 'queue',
          byNode: nodes.map((node) =>
            found
              ? { node, row: { ...found, isExclusive: false, unacknowledged: 0, consumers: consumers() } }
              : { node },
          ),
        };
      },
      act: ({ args }) => {
        queues.splice(0, queues.length, ...queues.filter(({ name }) => name !== args['name']));
        return applied;
      },
    };
  };

  test('is deleted, and its siblings are left', () => {
    const world = paper(() => 0);
    const { run, acts } = treat('zombie-queue', world);
    expect([run.state, ...acts]).toEqual(['done', `queue.delete / ${zombie} 440`]);
    expect(world.queues.map(({ name }) => name)).toEqual(siblings.map(({ name }) => name));
    expect(run.plan?.lost).toEqual([
      `At most 440 ready messages in ${zombie}, including what arrives before the deletion`,
    ]);
  });

  test('that keeps filling while people read the plan is deleted all the same, up to what they agreed to lose', () => {
    const world = paper(() => 0);
    let ready = 40;
    const filling = (step: number): World => ({
      ...world,
      observe: () => {
        ready += step;
        const [first, ...rest] = world.queues;
        if (first?.name === zombie) {
          world.queues.splice(0, world.queues.length, { ...first, ready }, ...rest);
        }
        return world.observe();
      },
    });
    const { run, acts } = treat('zombie-queue', filling(110));
    expect([run.state, acts.length]).toEqual(['done', 1]);
  });

  test('that somebody reads again at the last moment is left', () => {
    let looks = 0;
    const { run, acts } = treat(
      'zombie-queue',
      paper(() => (looks++ < 6 ? 0 : 1)),
    );
    expect([run.state, acts]).toEqual(['done', []]);
    expect(ledger(run)[0]).toBe(`skipped Delete ${zombie} with its 40 ready messages`);
  });
});

test('a hung reader is restarted, and the drain is followed', () => {
  const name = 'cinder-volume';
  let ready = 1_204;
  let isHung = true;
  const look = (): QueueSeen => queue(name, { ready });
  const { run, acts } = treat('backlog', {
    observe: () =>
      seen({
        queues: [look()],
        connections: [connection('one', { clientName: 'cinder-volume:812:aa', peerHost: '10.3.0.35' })],
        consumers: [consumer(name, 'one'), consumer(`${name}.vol1`, 'one')],
        history: { queues: queueHistory(name, { ready: [1_204, 1_204, 1_204] }) },
      }),
    answer: (asked) => {
      if (asked.look === 'queue') {
        if (!isHung) {
          ready = Math.max(0, ready - 400);
        }
        return { kind: 'queue', byNode: [{ node: A, row: look() }] };
      }
      if (asked.look !== 'probe') {
        return unseen;
      }
      return { kind: 'probe', verdict: isHung ? 'deaf' : 'alive', tookMs: 5_000, how: 'no reply in 5 s' };
    },
    act: () => {
      isHung = false;
      return applied;
    },
  });
  expect([run.state, ...acts]).toEqual(['done', 'service.restart 10.3.0.35 cinder-volume@10.3.0.35 812']);
  expect(run.items.at(-1)?.detail).toBe('0 ready messages; it held 1,204 ready messages');
});

describe('a channel leak', () => {
  const name = '10.3.0.35:32803 -> 10.3.0.44:5672';
  const paper = (): World => {
    let channels = 1_011;
    const leaky = () =>
      connection(name, { channels, clientName: 'nova-compute:4242:aa', peerHost: '10.3.0.35' });
    return {
      observe: () => seen({ connections: channels > 0 ? [leaky()] : [] }),
      answer: (look) => {
        if (look.look !== 'connection') {
          return unseen;
        }
        if (channels === 0) {
          return { kind: 'gone' };
        }
        return {
          kind: 'connection',
          connection: leaky(),
          channels: [],
          queues: [{ vhost: '/', name: 'compute' }],
        };
      },
      act: () => {
        channels = 0;
        return applied;
      },
    };
  };

  test('is ended by a restart of the component', () => {
    const { run, acts } = treat('channel-leak', paper());
    expect([run.state, ...acts]).toEqual(['done', 'service.restart 10.3.0.35 nova-compute 4242']);
  });

  test('is ended by closing the connection, where the approver prefers it', () => {
    const { run, acts } = treat('channel-leak', paper(), { choice: 'close' });
    expect([run.state, ...acts]).toEqual(['done', `connection.close ${name}`]);
  });
});

test.each([
  [
    'link-down',
    () => seen({ nodes: [answering(A, [row(A), downRow(B), row(C)]), answering(B), answering(C)] }),
  ],
  ['silent-drop', () => seen({ nodes: nodes.map((node) => silent(node, 'timeout', { portOpen: true })) })],
  ['cannot-see', () => seen({ nodes: [answering(A), answering(B), silent(C, 'tls')] })],
] as const)('%s only explains: no plan comes of it', (id, observe) => {
  const { run, acts } = treat(id, { observe, answer: () => unseen, act: () => applied });
  expect([run.state, run.plan, acts]).toEqual(['stopped', undefined, []]);
  expect(run.evidence.length).toBeGreaterThan(0);
});
