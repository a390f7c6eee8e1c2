import { describe, expect, test } from 'vitest';
import { probeOfQueue } from '../../../../src/runbooks/book/common/consumers.ts';
import { unboundService } from '../../../../src/runbooks/book/services/unbound-service.ts';
import type { Answer, Look } from '../../../../src/runbooks/look.ts';
import type { Observation } from '../../../../src/runbooks/snapshot/observation.ts';
import type { ProbeSample } from '../../../../src/runbooks/snapshot/probe-history.ts';
import {
  A,
  answers,
  type Change,
  cardText,
  connection,
  consumer,
  contextOf,
  decided,
  MINUTE,
  NOW,
  queue,
  seen,
  settings,
  stepOf,
} from '../../observation.ts';
import { probed, samples } from '../../probes.ts';
import { ledger, treat } from '../treatment.ts';

const SOCKET = '10.3.0.35:32803 -> 10.3.0.44:5672';
const absent = (bindings: ProbeSample['bindings'] = 'none', many = 2) =>
  samples('absent', many, () => (bindings === undefined ? {} : { bindings }));

const lost = (change: Change = {}): Observation =>
  seen({
    queues: [queue('compute', { consumers: 2 }), queue('compute.cmp2')],
    connections: [connection(SOCKET, { clientName: 'nova-compute:812:uuid', peerHost: '10.3.0.35' })],
    consumers: [consumer('compute', SOCKET)],
    probes: probed({ compute: { samples: absent(), exchange: 'nova' } }),
    ...change,
  });

const found = (now: Observation) => unboundService.detect(now);

test('a queue that is read, and that nothing leads to twice in a row, is unbound', () => {
  expect(cardText(unboundService, lost())).toMatchInlineSnapshot(`
    "critical: no exchange routes to compute: every request to it is lost
    Queue: compute (2 consumers)
    Belongs to exchange: nova
    Requests lost for: at least 1 min
    Service: nova-compute"
  `);
  expect(found(lost())).toMatchObject([
    { key: 'unbound:/:compute', subject: 'compute', severity: 'critical', facts: { knownFrom: 'memory' } },
  ]);
});

test('queues of one topic are one card', () => {
  const both = { samples: absent(), exchange: 'nova' };
  const now = lost({ probes: probed({ compute: both, 'compute.cmp2': both }) });
  expect(found(now)).toMatchObject([{ subject: 'compute', facts: { total: 2, exchange: 'nova' } }]);
  expect(cardText(unboundService, now)).toContain('no exchange routes to 2 queues of compute');
});

describe('no false alarm', () => {
  test.each<[string, Observation]>([
    ['it was so once only', lost({ probes: probed({ compute: { samples: absent('none', 1) } }) })],
    ['nobody reads it', lost({ queues: [queue('compute', { consumers: 0 })] })],
    ['its consumers were not counted', lost({ queues: [{ vhost: '/', name: 'compute', seenBy: A }] })],
    [
      'its bindings could not be read',
      lost({
        probes: probed({ compute: { samples: absent(undefined).map(({ bindings: _, ...rest }) => rest) } }),
      }),
    ],
    [
      'it is bound under other keys, and was never seen under its own: a pool of listeners',
      lost({ probes: probed({ compute: { samples: absent('other') } }) }),
    ],
    ['the last probe is long ago', lost({ takenAtMs: NOW + 11 * MINUTE })],
    [
      'the last probe was answered',
      lost({ probes: probed({ compute: { samples: [...absent(), ...samples('alive', 1)] } }) }),
    ],
    [
      'the operator ignores it',
      lost({ settings: { detection: { ...settings.detection, ignoreQueues: ['^compute'] } } }),
    ],
    [
      'it holds notifications',
      lost({
        queues: [queue('notifications.info')],
        probes: probed({ 'notifications.info': { samples: absent() } }),
      }),
    ],
  ])('when %s', (_why, now) => {
    expect(found(now)).toEqual([]);
  });
});

describe('where it belongs', () => {
  const at = (now: Observation) => {
    const [finding] = found(now);
    return unboundService.facts.parse(finding?.facts);
  };
  const unknown = { compute: { samples: absent() } };
  const bound = (exchange: string) => ({ samples: samples('alive', 1), exchange });
  const [compute] = settings.services.filter(({ name }) => name === 'nova-compute');

  test.each<[string, Observation, object]>([
    ['is remembered', lost(), { exchange: 'nova', knownFrom: 'memory' }],
    [
      'is configured',
      lost({
        probes: probed(unknown),
        settings: { services: compute === undefined ? [] : [{ ...compute, exchange: 'nova' }] },
      }),
      { exchange: 'nova', knownFrom: 'configuration' },
    ],
    [
      'follows from the others of its topic',
      lost({ probes: probed({ ...unknown, 'compute.cmp2': bound('nova') }) }),
      { exchange: 'nova', knownFrom: 'siblings' },
    ],
    [
      'does not follow from others that do not agree',
      lost({
        queues: [queue('compute'), queue('compute.cmp1'), queue('compute.cmp2')],
        probes: probed({ ...unknown, 'compute.cmp1': bound('nova'), 'compute.cmp2': bound('openstack') }),
      }),
      { candidates: ['nova', 'openstack'] },
    ],
    [
      'is not known, and other services are bound elsewhere',
      lost({ probes: probed({ ...unknown, 'cinder-volume': bound('openstack') }) }),
      { candidates: ['openstack'] },
    ],
  ])('%s', (_how, now, facts) => {
    const { exchange, knownFrom, candidates } = at(now) as Record<string, unknown>;
    expect({ exchange, knownFrom, candidates }).toEqual({
      exchange: undefined,
      knownFrom: undefined,
      candidates: [],
      ...facts,
    });
  });
});

const ping = probeOfQueue({ vhost: '/', name: 'compute' });
const bindings = { look: 'bindings', vhost: '/', queue: 'compute' } as const;
const nowhere: Answer = { kind: 'probe', verdict: 'absent', tookMs: 2, how: 'No queue is bound.' };
const answered: Answer = { kind: 'probe', verdict: 'alive', tookMs: 4, how: 'It answered.' };
const none: Answer = { kind: 'bindings', bindings: [] };
const own: Answer = { kind: 'bindings', bindings: [{ exchange: 'nova', routingKey: 'compute' }] };
const context = (now: Observation, ...pairs: readonly (readonly [Look, Answer])[]) =>
  contextOf(unboundService, now, { answered: answers(...pairs) });
const asked = (probe: Answer, bound: Answer): readonly (readonly [Look, Answer])[] => [
  [ping, probe],
  [bindings, bound],
];
const homeless = lost({
  probes: probed({ compute: { samples: absent() }, 'cinder-volume': { samples: [], exchange: 'openstack' } }),
});

describe('what it proposes', () => {
  test.each<[string, readonly (readonly [Look, Answer])[], string]>([
    [
      'nothing leads to it',
      asked(nowhere, none),
      'go: No exchange routes to compute. It belongs to exchange nova.',
    ],
    ['it is bound and answers', asked(answered, own), 'stop: It is bound again.'],
    [
      'the bindings could not be read',
      asked(nowhere, { kind: 'unseen', because: 'timeout' }),
      'stop: I could not list the bindings (compute: timeout)',
    ],
    [
      'it could not be probed',
      asked({ ...nowhere, verdict: 'unreachable', how: 'no broker' }, none),
      'stop: I could not probe it again, so I propose nothing (compute: no broker)',
    ],
  ])('when %s', (_when, pairs, verdict) => {
    expect(decided(unboundService, 'still-unbound', context(lost(), ...pairs))).toBe(verdict);
  });

  test('no repair of a binding that is listed and routes nothing', () => {
    expect(decided(unboundService, 'still-unbound', context(lost(), ...asked(nowhere, own)))).toContain(
      'stop: The broker lists the binding of compute but routes nothing through it: its routing table is damaged, and binding again would change nothing. Delete the binding in the management UI, create it again there, and probe. If that does not help, delete the queue while its service is stopped.',
    );
  });

  test('the binding first where its place is known, else the connection', () => {
    const ids = (now: Observation) =>
      unboundService.choices?.(context(now, ...asked(nowhere, none))).map(({ id }) => id);
    expect(ids(lost())).toEqual(['bind:nova', 'close']);
    expect(ids(homeless)).toEqual(['close', 'bind:openstack']);
  });

  test('nothing where neither its place nor its reader is known', () => {
    const now = lost({ probes: probed({ compute: { samples: absent() } }), consumers: [] });
    expect(decided(unboundService, 'still-unbound', context(now, ...asked(nowhere, none)))).toContain(
      'stop: I know neither the exchange of compute nor its consumers. Add “exchange” to the service’s entry under “services”, or restart the service by hand.',
    );
  });

  test('the evidence says what leads to it, and who reads it', () => {
    const { show } = stepOf(unboundService, 'inspect', 'bindings');
    expect(show(context(lost(), ...asked(nowhere, none))).lines).toMatchInlineSnapshot(`
      [
        "compute: bound to no named exchange; consumed by nova-compute:812@10.3.0.35; No queue is bound",
        "Bind to nova again: it was bound there when it was last seen",
      ]
    `);
  });
});

describe('the treatment', () => {
  const world = (now: Observation) => {
    let isBound = false;
    return {
      observe: () => now,
      answer: (look: Look): Answer =>
        look.look === 'bindings' ? (isBound ? own : none) : isBound ? answered : nowhere,
      act: () => {
        isBound = true;
        return { kind: 'applied' as const, detail: 'done' };
      },
    };
  };

  test('binds the queue again under its own name', () => {
    const { run, acts } = treat('unbound-service', world(lost()));
    expect(acts).toEqual(['queue.bind / compute nova compute']);
    expect(ledger(run)).toEqual([
      'applied Bind compute to nova again',
      'held Probes of compute arrive and are answered',
    ]);
    expect(run.state).toBe('done');
  });

  test('where its place is not known it closes the reader’s connection, or binds where people say', () => {
    expect(treat('unbound-service', world(homeless)).acts).toEqual([`connection.close ${SOCKET}`]);
    const chosen = treat('unbound-service', world(homeless), { choice: 'bind:openstack' });
    expect(chosen.acts).toEqual(['queue.bind / compute openstack compute']);
  });
});

test('it is over when a probe reaches it, answered or not', () => {
  const facts = found(lost())[0]?.facts;
  const over = (now: Observation) => unboundService.isOver?.(now.snapshot, facts, now.probes).go;
  expect([
    over(lost()),
    over(lost({ probes: probed({ compute: { samples: samples('alive', 1) } }) })),
    over(lost({ probes: probed({ compute: { samples: samples('deaf', 1) } }) })),
    over(lost({ queues: [] })),
    over(lost({ probes: probed({}) })),
  ]).toEqual([false, true, true, true, false]);
});
