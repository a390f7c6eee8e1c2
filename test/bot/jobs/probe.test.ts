import { describe, expect, test } from 'vitest';
import type { ClusterHandle } from '../../../src/bot/context.ts';
import { probeRound } from '../../../src/bot/jobs/probe.ts';
import { type ProbeAnswer, queueKey } from '../../../src/runbooks/index.ts';
import { api } from '../../runbooks/actions/fakes.ts';
import { NOW, queue, seen } from '../../runbooks/observation.ts';
import { createWorld, type World } from '../fakes/world.ts';

interface Stage {
  readonly world: World;
  readonly cluster: ClusterHandle;
  readonly asked: { readonly queue: string; readonly exchange: string | undefined }[];
}

function stage(
  names: readonly string[],
  answer: (queue: string) => ProbeAnswer | Promise<ProbeAnswer>,
): Stage {
  const world = createWorld({ startMs: NOW });
  const plain = world.context.clusters.get('prod-a');
  if (plain === undefined) {
    throw new Error('no cluster');
  }
  const asked: Stage['asked'] = [];
  const now = seen({ queues: names.map((name) => queue(name)) });
  const cluster: ClusterHandle = {
    ...plain,
    lately: async () => now,
    ports: {
      ...plain.ports,
      management: [
        api('rabbit@a', {
          consumers: async () => [
            { vhost: '/', queue: 'compute.cmp1', connectionName: 'socket 1' },
            { vhost: '/', queue: 'compute', connectionName: 'socket 2' },
          ],
          queue: async (vhost, name) => ({ vhost, name, arguments: {}, unacknowledged: 7, ackRate: 0.2 }),
        }),
      ],
      probe: async ({ topic, exchange }) => {
        asked.push({ queue: topic, exchange });
        return await answer(topic);
      },
    },
  };
  return { world, cluster, asked };
}

const alive: ProbeAnswer = { verdict: 'alive', tookMs: 3.4, how: 'It answered.', exchange: 'nova' };
const round = ({ world, cluster }: Stage) => probeRound(world.context, cluster, () => 0.5);
const track = async ({ world }: Stage, name: string) =>
  (await world.stores.probes.get('prod-a'))?.tracks[queueKey('/', name)];

describe('a round of probes', () => {
  test('stores what came of each, and where it is bound; the next one need not find that out', async () => {
    const house = stage(['compute.cmp1', 'notifications.info', 'stranger'], () => alive);
    expect(await round(house)).toMatchObject({ kind: 'probed', left: 0 });
    await round(house);
    expect(house.asked).toEqual([
      { queue: 'compute.cmp1', exchange: undefined },
      { queue: 'compute.cmp1', exchange: 'nova' },
    ]);
    expect(await track(house, 'compute.cmp1')).toMatchObject({
      exchange: 'nova',
      samples: [{ verdict: 'alive', tookMs: 3 }],
    });
  });

  test('of a silent service also what it has in hand, and who it is', async () => {
    const house = stage(['compute.cmp1'], () => ({
      verdict: 'deaf',
      tookMs: 5_000,
      how: 'No answer.',
      consumers: 1,
    }));
    await round(house);
    await round(house);
    const work = { unacknowledged: 7, ackRate: 0.2, readers: ['socket 1'] };
    const sample = { verdict: 'deaf', how: 'No answer.', consumers: 1, ...work };
    expect((await track(house, 'compute.cmp1'))?.samples).toMatchObject([sample, sample]);
  });

  test('of a queue whose reader went away meanwhile is no silence', async () => {
    const house = stage(['compute'], () => ({
      verdict: 'deaf',
      tookMs: 5_000,
      how: 'No answer.',
      consumers: 0,
    }));
    await round(house);
    expect((await track(house, 'compute'))?.samples).toMatchObject([{ verdict: 'absent', consumers: 0 }]);
  });

  test('that could not be made concludes nothing', async () => {
    const house = stage(['compute', 'compute.cmp1'], (name) => {
      if (name === 'compute') {
        throw new Error('the broker is away');
      }
      return { verdict: 'unreachable', tookMs: 1, how: 'The broker takes no messages now.' };
    });
    await round(house);
    expect(await track(house, 'compute')).toMatchObject({
      samples: [],
      blind: { because: 'the broker is away' },
    });
    expect(await track(house, 'compute.cmp1')).toMatchObject({
      samples: [],
      blind: { because: 'The broker takes no messages now.' },
    });
  });

  test('asks a few at once, and at most so many a round', async () => {
    let running = 0;
    let most = 0;
    const names = Array.from({ length: 230 }, (_, index) => `compute.cmp${index}`);
    const house = stage(names, async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return alive;
    });
    // So that the clock does not run out: each pause between two probes moves it on.
    const outcome = await probeRound(house.world.context, house.cluster, () => 0);
    expect(outcome).toMatchObject({ kind: 'probed', left: 30 });
    expect(house.asked).toHaveLength(200);
    expect(most).toBeLessThanOrEqual(8);
    await probeRound(house.world.context, house.cluster, () => 0);
    expect(new Set(house.asked.map((one) => one.queue)).size).toBe(230);
  });

  test('leaves the rest to the next one when its time is over', async () => {
    const house = stage(
      ['compute', 'compute.cmp1', ...Array.from({ length: 30 }, (_, at) => `compute.x${at}`)],
      () => {
        house.world.clock.pass(5_000);
        return alive;
      },
    );
    const outcome = await round(house);
    expect(outcome.kind === 'probed' && outcome.left).toBeGreaterThan(0);
    expect(house.asked.length).toBeLessThan(32);
  });

  test('steps aside while another is at work', async () => {
    const house = stage(['compute'], () => alive);
    await house.world.stores.leases.take('probe:prod-a', 'another replica', 60_000);
    expect(await round(house)).toEqual({ kind: 'skipped' });
    expect(house.asked).toEqual([]);
  });

  test('goes on while repairs are halted: it only reads', async () => {
    const house = stage(['compute'], () => alive);
    await house.world.stores.halts.halt(undefined, 'U0ALICE');
    expect(await round(house)).toMatchObject({ kind: 'probed' });
  });
});
