import { definite } from '../../rpc/index.ts';
import { ignoring } from './families.ts';
import { queueKey } from './history.ts';
import type { Observation } from './observation.ts';
import { lastTriedAtMs } from './probe-history.ts';
import { isRpcQueue, rpcNameOf } from './rpc-queues.ts';

/** One queue to probe. */
export interface ProbeTarget {
  readonly vhost: string;
  readonly queue: string;
  /** Where it was bound when it was last seen; absent: to be found out. */
  readonly exchange?: string;
  /** The topic's shared queue, where the same process is its only consumer: what it acknowledges there is its work too. */
  readonly alsoConsumed?: string;
}

export interface NextProbes {
  readonly targets: readonly ProbeTarget[];
  /** How many queues wait for a later round. */
  readonly left: number;
}

/** Of a round, for those that did not answer last time: they are wanted soon, and must not starve the others. */
const SUSPECT_SHARE = 0.5;

/**
 * Queues to probe in this round: those of the configured services that have a consumer, first the ones that did not
 * answer last time, then the ones that were asked the longest ago. With more queues than a round holds, all get their turn.
 */
export function nextProbes(now: Observation, most: number): NextProbes {
  const all = probeTargets(now);
  const tracks = new Map(
    all.map((target) => [target, now.probes.tracks[queueKey(target.vhost, target.queue)]]),
  );
  const triedAtMs = (target: ProbeTarget): number => {
    const track = tracks.get(target);
    return (track && lastTriedAtMs(track)) ?? 0;
  };
  const isSuspect = (target: ProbeTarget): boolean => {
    const last = tracks.get(target)?.samples.at(-1);
    return last !== undefined && last.verdict !== 'alive';
  };
  const inOrder = all.toSorted(
    (one, other) =>
      triedAtMs(one) - triedAtMs(other) ||
      one.queue.localeCompare(other.queue) ||
      one.vhost.localeCompare(other.vhost),
  );
  const suspects = inOrder.filter(isSuspect).slice(0, Math.ceil(most * SUSPECT_SHARE));
  const first = new Set(suspects);
  const targets = [...suspects, ...inOrder.filter((target) => !first.has(target))].slice(0, most);
  return { targets, left: all.length - targets.length };
}

/** Every queue of a configured service behind which an RPC server is connected. */
export function probeTargets({ snapshot, settings, probes }: Observation): readonly ProbeTarget[] {
  const services = settings.services
    .filter(({ probe }) => probe !== 'off')
    .map(({ queues }) => new RegExp(queues, 'u'));
  const off = settings.services
    .filter(({ probe }) => probe === 'off')
    .map(({ queues }) => new RegExp(queues, 'u'));
  const isIgnored = ignoring(settings.detection.ignoreQueues);
  const consumers = new Map(
    snapshot.queues.rows.map((row) => [queueKey(row.vhost, row.name), row.consumers]),
  );
  return snapshot.queues.rows
    .filter(
      (row) =>
        (row.consumers ?? 0) > 0 &&
        isRpcQueue(row) &&
        !isIgnored(row.name) &&
        services.some((expression) => expression.test(row.name)) &&
        !off.some((expression) => expression.test(row.name)),
    )
    .map(({ vhost, name }) => {
      const { exchange } = probes.tracks[queueKey(vhost, name)] ?? {};
      const { topic, server } = rpcNameOf(name, (queue) => consumers.has(queueKey(vhost, queue)));
      const isAlone = server !== undefined && consumers.get(queueKey(vhost, topic)) === 1;
      return {
        vhost,
        queue: name,
        ...definite({ exchange }),
        ...(isAlone ? { alsoConsumed: topic } : {}),
      };
    });
}
