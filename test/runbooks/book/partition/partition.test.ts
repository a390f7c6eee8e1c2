import { describe, expect, test } from 'vitest';
import { partition } from '../../../../src/runbooks/book/partition/partition.ts';
import type { Answer, Look } from '../../../../src/runbooks/look.ts';
import type { Observation } from '../../../../src/runbooks/snapshot/observation.ts';
import type { NodeView } from '../../../../src/runbooks/snapshot/snapshot.ts';
import {
  A,
  answering,
  answers,
  B,
  C,
  type Change,
  cardText,
  connection,
  contextOf,
  decided,
  downRow,
  NOW,
  nodes,
  quiet,
  row,
  seen,
  settings,
  silent,
  splitViews,
  stepOf,
  withoutC,
} from '../../observation.ts';

const split = (change: Change = {}): Observation => seen({ nodes: splitViews, ...change });

const side = (
  node: string,
  queues: readonly (readonly [name: string, ready?: number])[],
  bindings: readonly string[] = [],
): readonly [Look, Answer] => [
  { look: 'side', node },
  {
    kind: 'side',
    node,
    queues: queues.map(([name, ready]) => ({ vhost: '/', name, ...(ready === undefined ? {} : { ready }) })),
    bindings,
    exchanges: [],
  },
];

const emptySides = nodes.map((node) => side(node, []));

describe('a split is', () => {
  test.each([
    ['listed on both sides', splitViews],
    [
      'listed by one side only, after an asymmetric drop',
      [
        answering(A, [row(A, { partitions: [B] }), downRow(B), row(C)]),
        answering(B, [row(A), row(B), row(C)]),
        answering(C, [row(A), downRow(B), row(C)]),
      ],
    ],
    ['listed while one node does not answer', [splitViews[0], silent(B, 'timeout'), splitViews[2]]],
  ])('found when it is %s', (_, views) => {
    const now = seen({ nodes: views.filter((view) => view !== undefined) });
    expect(partition.detect(now)).toMatchObject([
      { key: 'network', subject: 'server-45', severity: 'critical' },
    ]);
  });

  test('lists without any rows are no proof that it is over', () => {
    const [finding] = partition.detect(split());
    if (finding === undefined) {
      throw new Error('The split is not found');
    }
    const over = ({ snapshot, probes }: Observation) =>
      partition.isOver?.(snapshot, finding.facts, probes).go;
    expect(over(seen({ nodes: nodes.map((name) => answering(name, [])) }))).toBe(false);
    expect(over(seen({ nodes: nodes.map((name) => silent(name, 'not-itself')) }))).toBe(false);
    expect(over(quiet)).toBe(true);
  });

  const healed = [answering(A, [row(A, { partitions: [B] }), row(B), row(C)]), answering(B), answering(C)];
  test.each<[string, Observation]>([
    ['a quiet cluster', quiet],
    ['a link that is down, while nothing is listed', seen({ nodes: [answering(A, [row(A), downRow(B)])] })],
    ['young rows without the key', seen({ nodes: [answering(A, [{ name: A, isRunning: true }])] })],
    ['rows that have not caught up with a node that has just started', withYoungB(healed)],
    ['rows left behind by autoheal', seen({ nodes: healed, settings: { partitionHandling: 'autoheal' } })],
    [
      'rows left behind by a node that is known to have restarted',
      seen({
        nodes: healed,
        history: { nodes: { [B]: { restartedAtMs: NOW - 3_000 } } },
      }),
    ],
    ['rows that still list a node which is down', seen({ nodes: [...withoutC(silent(C))].map(listingC) })],
    ['a cluster that says nothing at all', seen({ nodes: nodes.map((node) => silent(node)) })],
  ])('not found in %s', (_, now) => {
    expect(partition.detect(now)).toEqual([]);
  });
});

function withYoungB(views: readonly ReturnType<typeof answering>[]): Observation {
  return seen({
    nodes: views.map((view) =>
      view.name === B ? answering(B, [row(A), row(B, { uptimeMs: 4_000 }), row(C)]) : view,
    ),
  });
}

test('an entry that stays although all nodes see each other is a warning, with the same repair', () => {
  const now = seen({
    nodes: [answering(A, [row(A, { partitions: [B] }), row(B), row(C)]), answering(B), answering(C)],
  });
  expect(cardText(partition, now)).toContain(
    'warning: server-44 still lists a split, although all nodes see each other\n',
  );
});

function listingC(view: NodeView): NodeView {
  return view.answer.kind === 'silent'
    ? view
    : answering(view.name, [row(A, { partitions: [C] }), row(B, { partitions: [C] }), downRow(C)]);
}

test('the way to save what would be lost is named', () => {
  expect(partition.undo).toContain('/api/definitions');
});

test('a side that cannot be read is said to be so', () => {
  const [a, , c] = splitViews;
  const views = [a, silent(B, 'timeout'), c].filter((view) => view !== undefined);
  expect(cardText(partition, seen({ nodes: views }))).toBe(
    [
      'critical: network split, I cannot read server-45',
      'See each other: server-44, server-46 (majority, 2 of 3)',
      'Cut off: not known',
      'Read from: all nodes except server-45',
      'Partition handling: not in the configuration; the API does not report it',
    ].join('\n'),
  );
});

test('the card says who sees whom, and how many answered', () => {
  expect(cardText(partition, split())).toBe(
    [
      'critical: network split, server-45 cut off from server-44+server-46',
      'See each other: server-44, server-46 (majority, 2 of 3)',
      'Cut off: server-45',
      'Read from: all 3 nodes; all list the split',
      'Partition handling: not in the configuration; the API does not report it',
    ].join('\n'),
  );
});

describe('the side of a split to keep is', () => {
  const clients = [
    connection('one', { node: B }),
    connection('two', { node: B }),
    connection('three', { node: A }),
  ];
  const reachedBy = (nodes: readonly string[]): readonly [Look, Answer] => [
    { look: 'reached-by' },
    { kind: 'reached-by', nodes, how: `the transport URL names ${nodes.join(', ')}` },
  ];
  const firstOf = (now: Observation, ...pairs: readonly (readonly [Look, Answer])[]) =>
    partition.choices?.(contextOf(partition, now, { answered: answers(...pairs) }))[0];

  test('the one that the services are configured to reach', () => {
    expect(firstOf(split(), reachedBy([B]))).toEqual({
      id: `keep:${B}`,
      label: 'Keep server-45',
      because:
        `services reach the cluster through it (the transport URL names ${B}); ` +
        '0 client connections; 1 of 3 nodes, not a majority',
    });
  });

  test('the one with the most clients when the URL names nodes of both sides', () => {
    expect(firstOf(split({ connections: clients }), reachedBy([A, B, C]))).toMatchObject({
      label: 'Keep server-45',
      because: '2 client connections; 1 of 3 nodes, not a majority',
    });
  });

  test('the larger one when clients are even', () => {
    expect(firstOf(split())).toMatchObject({
      label: 'Keep server-44+server-46',
      because: '0 client connections; 2 of 3 nodes, a majority',
    });
  });

  test('not called empty where its connections could not be listed', () => {
    const missing = [{ node: B, why: 'timeout' }];
    const choices = partition.choices?.(
      contextOf(partition, split({ connections: { rows: [], missing } }), { answered: {} }),
    );
    expect(choices?.[1]?.because).toBe(
      'I could not count its client connections; 1 of 3 nodes, not a majority',
    );
  });
});

describe('what the discarded side of a split loses', () => {
  const lost = (pairs: readonly (readonly [Look, Answer])[], choice?: string) =>
    partition.lost(
      contextOf(partition, split(), {
        answered: answers(...pairs),
        ...(choice === undefined ? {} : { choice }),
      }),
    );

  test('is what exists only on the discarded side', () => {
    const both = [['conductor', 25] as const];
    expect(
      lost([
        side(A, both, ['nova → queue conductor (conductor)']),
        side(
          B,
          [
            ['conductor', 35],
            ['late.one', 3],
            ['late.two', 0],
          ],
          ['nova → queue late.one (late)'],
        ),
        side(C, both),
      ]),
    ).toEqual([
      '2 queues that exist only on server-45, with 3 ready messages: late.one, late.two',
      '1 binding that exists only on server-45: nova → queue late.one (late)',
      'The replicas of 1 queue on server-45, with up to 35 ready messages; the kept side keeps its own content',
    ]);
  });

  test('names bindings as short as queues', () => {
    const fanout = `scheduler_fanout_${'a'.repeat(32)}`;
    expect(
      lost([side(A, []), side(B, [], [`scheduler_fanout → queue ${fanout} (${fanout})`]), side(C, [])]),
    ).toEqual([
      '1 binding that exists only on server-45: scheduler_fanout → queue scheduler_fanout_aaaa.. (scheduler_fanout_aaaa..)',
    ]);
  });

  test('names what is not persistent where a queue lives on the discarded node', () => {
    expect(lost([side(A, [['conductor']]), side(B, [['conductor', 35]]), side(C, [['conductor']])])).toEqual([
      'The non-persistent messages among 35 ready messages in 1 queue hosted on server-45',
    ]);
  });

  test('is everything when a side could not be read', () => {
    expect(lost([side(A, []), side(C, [])])).toEqual([
      'I could not read what exists only on server-45: assume that everything there is lost.',
    ]);
  });

  test('follows the choice of the approver', () => {
    expect(lost([side(A, [['only.there', 1]]), side(B, []), side(C, [])], `keep:${B}`)).toEqual([
      '1 queue that exists only on server-44 and server-46, with 1 ready message: only.there',
    ]);
  });
});

describe('a restart after a split is', () => {
  const decide = (now: Observation, pairs = emptySides, choice?: string) =>
    decided(
      partition,
      'still-split',
      contextOf(partition, now, {
        found: split(),
        answered: answers(...pairs),
        ...(choice === undefined ? {} : { choice }),
      }),
    );

  test('is over when somebody mended it by hand, though old rows still list it and a side was chosen', () => {
    const stale = seen({
      nodes: [
        answering(A, [row(A, { partitions: [B] }), row(B), row(C)]),
        answering(B, [row(A), row(B), row(C)]),
        answering(C, [row(A), row(B), row(C, { partitions: [B] })]),
      ],
    });
    for (const choice of [undefined, `keep:${A}`, `keep:${B}`]) {
      expect(decide(stale, emptySides, choice)).toBe(
        'stop: All nodes see each other; only outdated entries still list a partition. No node needs a restart.',
      );
    }
  });

  test('offered when everything was read', () => {
    expect(decide(split())).toBe('go: The plan keeps server-44 and server-46: 2 of 3 nodes.');
  });

  test('offered for a minority only with a warning', () => {
    expect(decide(split(), emptySides, `keep:${B}`)).toBe(
      'go: The plan keeps server-45, only 1 of 3 nodes: approve it only if you want to keep this side.',
    );
  });

  test.each<[string, string, Observation]>([
    [
      'a node could not be read',
      'stop: I could not read server-46; I will not offer a restart.',
      seen({ nodes: [...splitViews.slice(0, 2), silent(C, 'timeout')] }),
    ],
    ['it has healed', 'stop: The split has healed by itself', quiet],
    [
      'the link is down again',
      'stop: The link is still down',
      seen({
        nodes: [
          answering(A, [row(A), downRow(B), row(C)]),
          answering(B, [downRow(A), row(B), downRow(C)]),
          answering(C),
        ],
      }),
    ],
    [
      'the node has no host to act on',
      'stop: I cannot restart server-45: the configuration names no host for it. Run these commands by hand',
      split({ settings: { nodes: settings.nodes.map(({ host: _, ...node }) => node) } }),
    ],
  ])('not offered when %s', (_, text, now) => {
    expect(decide(now).slice(0, text.length)).toBe(text);
  });

  test('by hand the nodes stop and start in the order of the runbook', () => {
    const nodes = [
      answering(A, [row(A, { partitions: [B, C] }), downRow(B), downRow(C)]),
      answering(B, [downRow(A), row(B), row(C)]),
      answering(C, [downRow(A), row(B), row(C)]),
    ];
    const hostless = { nodes: settings.nodes.map(({ host: _, ...node }) => node) };
    expect(decide(split({ nodes, settings: hostless }), emptySides, `keep:${A}`)).toBe(
      'stop: I cannot restart server-45 and server-46: the configuration names no host for them. ' +
        `Run these commands by hand, one after the other: rabbitmqctl -n ${B} stop_app; rabbitmqctl -n ${C} stop_app; ` +
        `rabbitmqctl -n ${C} start_app; rabbitmqctl -n ${B} start_app.`,
    );
  });

  test('not offered when a side could not be listed', () => {
    expect(decide(split(), [side(A, []), side(C, [])])).toMatch(
      /^stop: I could not read the queues of server-45;/,
    );
  });
});

describe('the nodes that are discarded', () => {
  const over = (id: string, choice: string) => {
    const step = partition.steps.find((candidate) => candidate.kind === 'each' && candidate.id === id);
    return step?.kind === 'each' ? step.over(contextOf(partition, split(), { choice })) : undefined;
  };

  test('all stop before the first of them starts, and the last to stop starts first', () => {
    expect([over('stop-nodes', `keep:${B}`), over('start-nodes', `keep:${B}`)]).toEqual([
      [A, C],
      [C, A],
    ]);
  });

  test('are forced to boot only when their API refuses, and rejoin only when they run alone', () => {
    const at = (now: Observation) => {
      const context = contextOf(partition, now, { found: split(), choice: `keep:${A}+${C}`, target: B });
      return [
        stepOf(partition, 'act', 'force-boot').when?.(context).kind,
        stepOf(partition, 'act', 'rejoin').when?.(context).kind,
        stepOf(partition, 'verify', 'back').holds(context).go,
      ];
    };
    expect({
      back: at(quiet),
      refusing: at(seen({ nodes: [answering(A), silent(B), answering(C)] })),
      hanging: at(seen({ nodes: [answering(A), silent(B, 'timeout'), answering(C)] })),
      alone: at(seen({ nodes: [answering(A), answering(B, [row(B)]), answering(C)] })),
    }).toEqual({
      back: ['skip', 'skip', true],
      refusing: ['go', 'skip', false],
      hanging: ['skip', 'skip', false],
      alone: ['skip', 'go', false],
    });
  });

  test('rejoin a node of the kept side', () => {
    const context = contextOf(partition, split(), { choice: `keep:${A}+${C}`, target: B });
    expect(stepOf(partition, 'act', 'rejoin').call(context)).toEqual({
      action: 'node.rejoin',
      args: { node: B, peer: A },
    });
  });
});

describe('the end is proved', () => {
  const topics = { queues: [{ vhost: '/', name: 'cinder-volume', seenBy: A, consumers: 1 }] };
  const probe: Look = { look: 'probe', topic: 'cinder-volume', vhost: '/' };
  const holds = (now: Observation, answer?: Answer) =>
    stepOf(partition, 'verify', 'whole').holds(
      contextOf(partition, now, { found: split(), answered: answer ? answers([probe, answer]) : {} }),
    );

  test('by every view and a living service', () => {
    expect(holds(seen(topics), { kind: 'probe', verdict: 'alive', tookMs: 12, how: 'replied pong' })).toEqual(
      {
        go: true,
        because: 'every node says that all of them run, and lists no partition; cinder-volume answers',
      },
    );
  });

  test('not by a deaf service', () => {
    expect(holds(seen(topics), { kind: 'probe', verdict: 'deaf', tookMs: 5_000, how: 'no reply' })).toEqual({
      go: false,
      because: 'no server of cinder-volume answers yet',
    });
  });

  test('without a probe that could be made, and it says so', () => {
    expect(holds(seen(topics), { kind: 'unseen', because: 'no AMQP' }).because).toMatch(
      /1 topic could not be probed/,
    );
  });

  test.each<[string, string, Observation]>([
    ['silence', 'server-45 does not answer', seen({ nodes: [answering(A), silent(B), answering(C)] })],
    [
      'a row too young to say',
      'server-44 does not yet report the partitions of server-45: it has just started',
      seen({
        nodes: [answering(A, [row(A), { name: B, isRunning: true }, row(C)]), answering(B), answering(C)],
      }),
    ],
    [
      'an old partition',
      'server-44 says that server-44 is cut off from server-45',
      seen({
        nodes: [answering(A, [row(A, { partitions: [B] }), row(B), row(C)]), answering(B), answering(C)],
      }),
    ],
  ])('not by %s', (_, text, now) => {
    expect(holds(now)).toMatchObject({ go: false, because: expect.stringContaining(text) });
  });
});
