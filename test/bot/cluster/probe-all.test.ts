import { describe, expect, test } from 'vitest';
import { candidatesOfAll, candidatesOfTopic, probeAll } from '../../../src/bot/cluster/probe-all.ts';
import type { ProbeAnswer } from '../../../src/runbooks/index.ts';
import { hex, queue, seen, settings } from '../../runbooks/observation.ts';

const now = seen({
  queues: [
    queue('compute.cmp2'),
    queue('compute', { consumers: 2 }),
    queue('compute.cmp1', { consumers: 0, ready: 4 }),
    queue('compute.info'),
    queue(`compute_fanout_${hex('1')}`),
    queue('computers'),
    queue('compute.cmp3', { vhost: 'other' }),
  ],
});
const names = (candidates: readonly { readonly queue: string }[]) =>
  candidates.map(({ queue: name }) => name);

test('of a topic: its shared queue and its servers’, in one vhost', () => {
  expect(names(candidatesOfTopic(now, 'compute', '/'))).toEqual(['compute', 'compute.cmp1', 'compute.cmp2']);
  expect(names(candidatesOfTopic(now, 'conductor', '/'))).toEqual(['conductor']);
});

test('of all: what somebody reads, and the services of which nothing is there', () => {
  const { candidates, missing } = candidatesOfAll(now);
  expect(names(candidates)).toEqual(['compute', 'compute.cmp2', 'compute.cmp3', 'computers']);
  expect(missing).toEqual(['cinder-scheduler', 'cinder-volume']);
  const services = settings.services.map((one) => ({ ...one, probe: 'off' as const }));
  expect(candidatesOfAll({ ...now, settings: { ...settings, services } })).toEqual({
    candidates: [],
    missing: [],
  });
});

describe('probing all candidates', () => {
  const answer = (change: Partial<ProbeAnswer>): ProbeAnswer => ({
    verdict: 'alive',
    tookMs: 3,
    how: 'It answered.',
    ...change,
  });

  test('answers in the order of the questions, whoever is quicker', async () => {
    const candidates = Array.from({ length: 20 }, (_, index) => ({ vhost: '/', queue: `q${index}` }));
    const probed = await probeAll(candidates, async ({ queue: name }) => {
      if (name === 'q0') {
        await new Promise((resolve) => setImmediate(resolve));
      }
      return answer({});
    });
    expect(names(probed)).toEqual(names(candidates));
  });

  test.each<[string, object, Partial<ProbeAnswer>, object]>([
    [
      'silence without a reader is absence',
      { consumers: 1 },
      { verdict: 'deaf', consumers: 0 },
      { verdict: 'absent', consumers: 0 },
    ],
    [
      'silence with a reader is deafness',
      { consumers: 0 },
      { verdict: 'deaf', consumers: 1 },
      { verdict: 'deaf', consumers: 1 },
    ],
    [
      'a reader to whom nothing leads is unbound',
      { consumers: 2 },
      { verdict: 'absent' },
      { verdict: 'unbound', consumers: 2 },
    ],
    [
      'a listed count stands where nobody counted again',
      { consumers: 2 },
      {},
      { verdict: 'alive', consumers: 2 },
    ],
    [
      'a queue that is left with messages is not asked',
      { consumers: 0, ready: 4 },
      {},
      { verdict: 'absent' },
    ],
  ])('%s', async (_what, candidate, given, expected) => {
    const [row] = await probeAll([{ vhost: '/', queue: 'q', ...candidate }], async () => answer(given));
    expect(row).toMatchObject(expected);
  });
});
