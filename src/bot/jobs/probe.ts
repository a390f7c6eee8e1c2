import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import { type ConsumerRow, definite, reasonOf } from '../../rpc/index.ts';
import {
  nextProbes,
  noProbes,
  type ProbeAnswer,
  type Probed,
  type ProbeSample,
  type ProbeTarget,
  rememberProbes,
} from '../../runbooks/index.ts';
import type { BotContext, ClusterHandle } from '../context.ts';
import { acquireLease } from '../stores/lease.ts';

const LEASE_MS = 6_000;
/** A big cloud has thousands of queues: they take turns. */
const PROBES_A_ROUND = 200;
const AT_ONCE = 8;
const PROBE_MS = 6_500;
/** A round leaves time for the next one, and for what else the broker has to do. */
const ROUND_SHARE = 0.5;
const SHORTEST_ROUND_MS = 10_000;
/** Clusters and replicas that were started together must not probe together for ever. */
const START_JITTER_SHARE = 0.1;
const LONGEST_START_JITTER_MS = 5_000;
const BETWEEN_PROBES_MS = 50;
const READ_MS = 2_000;
const LISTING_MS = 8_000;
const READERS_KEPT = 10;

export type ProbeOutcome =
  | {
      readonly kind: 'probed';
      readonly probed: readonly Probed[];
      /** Queues that wait for a later round. */
      readonly left: number;
    }
  /** The round before is still at work, here or in another replica. */
  | { readonly kind: 'skipped' };

/**
 * One round of RPC probes: asks the services of one cluster, by their queues, whether they answer, and stores what came of
 * it for the detectors of the next sweep. It only reads, so a halt does not stop it.
 */
export async function probeRound(
  { stores, clock, config, log }: Pick<BotContext, 'stores' | 'clock' | 'config' | 'log'>,
  cluster: ClusterHandle,
  random: () => number = Math.random,
): Promise<ProbeOutcome> {
  const { name } = cluster.config.settings;
  const lease = await acquireLease(stores.leases, `probe:${name}`, randomUUID(), LEASE_MS);
  if (lease === undefined) {
    return { kind: 'skipped' };
  }
  try {
    const { probeMs, sweepMs } = config.schedule;
    await clock.sleep(random() * Math.min(LONGEST_START_JITTER_MS, probeMs * START_JITTER_SHARE));
    const seen = await cluster.lately(sweepMs);
    const known = (await stores.probes.get(name)) ?? noProbes;
    const { targets, left } = nextProbes({ ...seen, probes: known }, PROBES_A_ROUND);
    const endsAtMs = clock.now() + Math.max(SHORTEST_ROUND_MS, probeMs * ROUND_SHARE);
    const named = readersBy(cluster);
    // A few at once, in order; whoever finds the time over is left for the next round.
    const asked = await pLimit(AT_ONCE).map(targets, async (target) => {
      if (clock.now() >= endsAtMs || !lease.isHeld()) {
        return undefined;
      }
      await clock.sleep(random() * BETWEEN_PROBES_MS);
      return await probeOne(cluster, target, named, clock.now);
    });
    const probed = asked.filter((one) => one !== undefined);
    // Somebody else has the lease by now, and writes what it found.
    if (!lease.isHeld()) {
      return { kind: 'skipped' };
    }
    await stores.probes.put(name, rememberProbes(known, probed, seen.snapshot, clock.now()));
    const unasked = left + targets.length - probed.length;
    log.debug({ cluster: name, probed: probed.length, left: unasked }, 'Services were probed');
    return { kind: 'probed', probed, left: unasked };
  } finally {
    await lease.release();
  }
}

async function probeOne(
  cluster: ClusterHandle,
  target: ProbeTarget,
  readers: Readers,
  now: () => number,
): Promise<Probed> {
  const { vhost, queue } = target;
  const known = target.exchange === undefined ? {} : { exchange: target.exchange };
  // The queue's name is its routing key, so it stands for topic and server together.
  const answer: ProbeAnswer = await cluster.ports
    .probe({ topic: queue, vhost, ...known, timeoutMs: PROBE_MS })
    .catch((error: unknown) => ({
      verdict: 'unreachable',
      tookMs: 0,
      how: reasonOf(error),
    }));
  const work = answer.verdict === 'deaf' ? await workOf(cluster, target, readers) : {};
  const exchange = answer.exchange === undefined ? {} : { exchange: answer.exchange };
  return { vhost, queue, ...exchange, sample: sampleOf(answer, work, now()) };
}

function sampleOf(
  { verdict, tookMs, how, consumers, bindings }: ProbeAnswer,
  work: Work,
  atMs: number,
): Probed['sample'] {
  const counted = consumers === undefined ? {} : { consumers };
  const same = { atMs, tookMs: Math.round(tookMs), ...counted };
  switch (verdict) {
    case 'unreachable':
      return { atMs, blindBecause: how };
    case 'alive':
      return { ...same, verdict };
    case 'deaf':
      // Its reader went away after it was listed: that is no silence of a service that is there.
      if (consumers === 0) {
        return { ...same, verdict: 'absent', how };
      }
      return { ...same, verdict, how, ...work };
    case 'absent':
      return { ...same, verdict, how, ...definite({ bindings }) };
  }
}

type Work = Pick<ProbeSample, 'unacknowledged' | 'ackRate' | 'readers'>;

/** The connections that read a queue; undefined when they could not be listed. */
type Readers = (target: ProbeTarget) => Promise<readonly string[] | undefined>;

/** Names of connections cost the broker as much as a sweep: they are listed once a round, and only if somebody is silent. */
function readersBy({ ports: { management } }: ClusterHandle): Readers {
  let listed: Promise<readonly ConsumerRow[] | undefined> | undefined;
  return async ({ vhost, queue }) => {
    listed ??= Promise.any(management.map((api) => api.consumers({ timeoutMs: LISTING_MS }))).catch(
      () => undefined,
    );
    const reading = (await listed)?.filter((row) => row.vhost === vhost && row.queue === queue);
    const names = new Set(reading?.flatMap(({ connectionName }) => connectionName ?? []));
    // It has readers, or it would not have been asked: a listing without them is only behind.
    return names.size === 0 ? undefined : [...names].slice(0, READERS_KEPT);
  };
}

/** Whoever is silent may be busy: what its reader has in hand, and whether it acknowledges anything. */
async function workOf(
  { ports: { management } }: ClusterHandle,
  target: ProbeTarget,
  readers: Readers,
): Promise<Work> {
  const { vhost, queue, alsoConsumed } = target;
  const read = (name: string) =>
    Promise.any(management.map((api) => api.queue(vhost, name, { timeoutMs: READ_MS }))).catch(
      () => undefined,
    );
  const [own, shared, names] = await Promise.all([
    read(queue),
    alsoConsumed === undefined ? undefined : read(alsoConsumed),
    readers(target),
  ]);
  const rates = [own?.ackRate, shared?.ackRate].filter((rate) => rate !== undefined);
  return {
    ...definite({ readers: names, unacknowledged: own?.unacknowledged }),
    ...(rates.length === 0 ? {} : { ackRate: Math.max(...rates) }),
  };
}
