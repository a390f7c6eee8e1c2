import { describe, expect, test } from 'vitest';
import { nextProbes } from '../../../src/runbooks/snapshot/next-probes.ts';
import { noProbes, type Probed, rememberProbes } from '../../../src/runbooks/snapshot/probe-history.ts';
import { hex, NOW, queue, seen, settings } from '../observation.ts';
import { probed, samples } from '../probes.ts';

const names = (now: Parameters<typeof nextProbes>[0], most = 100): readonly string[] =>
  nextProbes(now, most).targets.map(({ queue: name }) => name);

describe('who is probed', () => {
  test('queues of configured services that somebody reads, and that an RPC server may stand behind', () => {
    const now = seen({
      queues: [
        queue('compute.cmp1'),
        queue('compute.cmp2', { consumers: 0 }),
        queue('compute', { consumers: 2 }),
        queue(`compute_fanout_${hex('1')}`),
        queue('compute.info'),
        queue('somebody-else'),
        { ...queue('compute.cmp3'), consumers: undefined } as never,
      ],
    });
    expect(names(now)).toEqual(['compute', 'compute.cmp1']);
  });

  test('not those that are ignored, nor those of a service whose probe is off', () => {
    const queues = [queue('compute.cmp1'), queue('cinder-volume')];
    const { services, detection } = settings;
    const off = services.map((one) =>
      one.name === 'nova-compute' ? { ...one, probe: 'off' as const } : one,
    );
    expect(names(seen({ queues, settings: { services: off } }))).toEqual(['cinder-volume']);
    const ignoring = { detection: { ...detection, ignoreQueues: ['^cinder'] } };
    expect(names(seen({ queues, settings: ignoring }))).toEqual(['compute.cmp1']);
  });

  test('says where a queue is bound, and whether the process alone reads the shared one', () => {
    const queues = [queue('compute'), queue('compute.cmp1')];
    const probes = probed({ compute: { samples: [], exchange: 'nova' } });
    expect(nextProbes(seen({ queues, probes }), 10).targets).toEqual([
      { vhost: '/', queue: 'compute', exchange: 'nova' },
      { vhost: '/', queue: 'compute.cmp1', alsoConsumed: 'compute' },
    ]);
  });
});

describe('the turns in which services are probed', () => {
  const many = Array.from({ length: 25 }, (_, index) => `compute.cmp${String(index).padStart(2, '0')}`);
  const queues = many.map((name) => queue(name));

  test('all queues of a big cloud have theirs, however few a round holds', () => {
    let probes = noProbes;
    const asked: string[] = [];
    for (let round = 1; round <= 5; round += 1) {
      const now = seen({ queues, probes });
      const { targets, left } = nextProbes(now, 5);
      expect(left).toBe(20);
      const results = targets.map(
        (target): Probed => ({ ...target, sample: { atMs: NOW + round, verdict: 'alive', tookMs: 1 } }),
      );
      asked.push(...targets.map(({ queue: name }) => name));
      probes = rememberProbes(probes, results, now.snapshot, NOW + round);
    }
    expect(asked.toSorted()).toEqual(many);
  });

  test('those that did not answer come first, and take at most half of a round', () => {
    const deaf = Object.fromEntries(many.slice(5, 15).map((name) => [name, { samples: samples('deaf', 1) }]));
    const alive = Object.fromEntries(many.slice(15).map((name) => [name, { samples: samples('alive', 1) }]));
    const now = seen({ queues, probes: probed({ ...deaf, ...alive }) });
    expect(names(now, 6)).toEqual([...many.slice(5, 8), ...many.slice(0, 3)]);
  });
});
