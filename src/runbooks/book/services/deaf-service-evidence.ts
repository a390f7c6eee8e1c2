import { z } from 'zod';
import { definite } from '../../definite.ts';
import { queueKey } from '../../snapshot/history.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { ownerOfConnection } from '../../snapshot/owners.ts';
import {
  type ProbeHistory,
  type ProbeSample,
  type ProbeTrack,
  streakOf,
} from '../../snapshot/probe-history.ts';
import { isRpcQueue, rpcNameOf } from '../../snapshot/rpc-queues.ts';
import type { QueueSeen, Snapshot } from '../../snapshot/snapshot.ts';
import { answeringNodes, isListedWhole } from '../../snapshot/views.ts';
import { nameOfOwner } from '../common/consumers.ts';
import { suspectsOf } from './probe-suspects.ts';

/** Detector of deaf servers: connected, subscribed, probed several times in a row, and silent, while nothing else explains it. */

/** Facts name so many; the others are counted. */
const NAMED_IN_FACTS = 25;
/** What a probe found longer ago than this is no evidence about now. */
export const PROBE_STALE_MS = 600_000;
/** Requests acknowledged a second that the probes themselves do not account for: a server with more is at work. */
export const WORKING_ACK_RATE = 0.5;

/** Facts of one deaf server. Stored incidents hold them: names of fields do not change (`readers` are its consumers). */
const deafServer = z.object({
  /** Its queue, which is also its routing key. */
  queue: z.string(),
  probes: z.number(),
  sinceMs: z.number(),
  readers: z.array(z.string()),
  unacknowledged: z.number().optional(),
});

export const deafFacts = z.object({
  vhost: z.string(),
  topic: z.string(),
  service: z.string().optional(),
  /** The first twenty-five; `total` counts all. */
  servers: z.array(deafServer),
  total: z.number(),
  /** Servers of the same topic that answered their last probe. */
  answering: z.number(),
  seenAtMs: z.number(),
});
export type DeafFacts = z.infer<typeof deafFacts>;

/** The topics with at least one deaf server, as the newest sweep and the probes before it have it. */
export function deafTopics(now: Observation): readonly DeafFacts[] {
  const { snapshot, settings, probes } = now;
  const { suspects, rows } = suspectsOf(now, 'deaf', settings.detection.deafProbes);
  // While the broker accepts no messages no answer can come, whichever server listens.
  if (suspects.length === 0 || hasAlarm(snapshot)) {
    return [];
  }
  const topics = new Map<string, DeafFacts>();
  for (const { track, row, topic, group, service } of suspects) {
    const server = deafServerOf(now, track, row, rows);
    if (server === undefined) {
      continue;
    }
    const known = topics.get(group);
    topics.set(group, {
      vhost: row.vhost,
      topic,
      ...definite({ service }),
      servers: [...(known?.servers ?? []), server].slice(0, NAMED_IN_FACTS),
      total: (known?.total ?? 0) + 1,
      answering: 0,
      seenAtMs: snapshot.takenAtMs,
    });
  }
  return topics.size === 0 ? [] : withAnswering([...topics.values()], probes, rows);
}

function withAnswering(
  topics: readonly DeafFacts[],
  { tracks }: ProbeHistory,
  rows: ReadonlyMap<string, QueueSeen>,
): readonly DeafFacts[] {
  const alive = Object.entries(tracks).filter(
    ([key, track]) => rows.has(key) && track.samples.at(-1)?.verdict === 'alive',
  );
  return topics.map((facts) => ({
    ...facts,
    answering: alive.filter(
      ([, { vhost, queue }]) => vhost === facts.vhost && queue.startsWith(`${facts.topic}.`),
    ).length,
  }));
}

function deafServerOf(
  now: Observation,
  track: ProbeTrack,
  row: QueueSeen,
  rows: ReadonlyMap<string, QueueSeen>,
): DeafFacts['servers'][number] | undefined {
  const { settings, snapshot } = now;
  // Without a consumer it is not deaf but gone, which is another trouble.
  if ((row.consumers ?? 0) === 0) {
    return undefined;
  }
  const whole = streakOf(track, 'deaf');
  const last = whole.at(-1);
  if (last === undefined || whole.length < settings.detection.deafProbes) {
    return undefined;
  }
  if (snapshot.takenAtMs - last.atMs > PROBE_STALE_MS) {
    return undefined;
  }

  // A server that also has a queue of its own is probed there: on the shared one another server may answer, or the wait is long.
  if (hasServers(row, rows)) {
    return undefined;
  }
  // Probes of a process that is gone were not for this one to answer: it is only just starting.
  const streak = ofOneConsumer(whole);
  const [first] = streak;
  if (first === undefined || streak.length < settings.detection.deafProbes) {
    return undefined;
  }
  if (isReplaced(snapshot, last)) {
    return undefined;
  }
  if (isWorking(streak)) {
    return undefined;
  }
  // A probe waits behind the messages that are there already. That is a backlog, whose own runbook tells slow from hung.
  if (isPiledUp(now, row, rows)) {
    return undefined;
  }
  return {
    queue: row.name,
    probes: streak.length,
    sinceMs: first.atMs,
    readers: namesOfConsumers(now, last.readers ?? [], row.name),
    ...definite({ unacknowledged: last.unacknowledged }),
  };
}

/** Whether this is the queue that servers share, while each of them also consumes one of its own. */
const hasServers = (row: QueueSeen, rows: ReadonlyMap<string, QueueSeen>): boolean =>
  [...rows.values()].some(
    (other) =>
      other.vhost === row.vhost &&
      other.name.startsWith(`${row.name}.`) &&
      (other.consumers ?? 0) > 0 &&
      isRpcQueue(other),
  );

/** The newest probes through which one and the same connection consumed the queue. Unknown consumers break nothing. */
function ofOneConsumer(streak: readonly ProbeSample[]): readonly ProbeSample[] {
  const consumers = streak.findLast((sample) => sample.readers !== undefined)?.readers;
  if (consumers === undefined) {
    return streak;
  }
  const isSame = (sample: ProbeSample): boolean =>
    sample.readers === undefined || sample.readers.some((name) => consumers.includes(name));
  return streak.slice(streak.findLastIndex((sample) => !isSame(sample)) + 1);
}

/** Whether all connections are gone that consumed the queue at the last probe. Then another process does, which was not probed yet. */
function isReplaced({ connections }: Snapshot, { readers }: ProbeSample): boolean {
  if (readers === undefined || readers.length === 0 || connections.missing.length > 0) {
    return false;
  }
  return !connections.rows.some(({ name }) => readers.includes(name));
}

/** Names of processes such as `nova-compute:4241@10.3.0.1`, as far as their connections give them. */
function namesOfConsumers(
  { snapshot, settings }: Observation,
  names: readonly string[],
  queue: string,
): string[] {
  const known = snapshot.connections.rows.filter(({ name }) => names.includes(name));
  const ids = known.map(
    (connection) => nameOfOwner(ownerOfConnection(connection, settings, [queue])) ?? connection.name,
  );
  return [...new Set(ids)].slice(0, NAMED_IN_FACTS);
}

/**
 * Whether a silent server is at work all the same: it acknowledges requests, or holds fewer of them than before. A service
 * whose threads are all busy answers late, and a restart would cost it what it is doing.
 */
function isWorking(streak: readonly ProbeSample[]): boolean {
  if ((streak.at(-1)?.ackRate ?? 0) > WORKING_ACK_RATE) {
    return true;
  }
  const inHand = streak.flatMap(({ unacknowledged }) =>
    unacknowledged === undefined ? [] : [unacknowledged],
  );
  return (inHand.at(-1) ?? 0) < (inHand[0] ?? 0);
}

function isPiledUp({ settings }: Observation, row: QueueSeen, rows: ReadonlyMap<string, QueueSeen>): boolean {
  const { topic } = rpcNameOf(row.name, (name) => rows.has(queueKey(row.vhost, name)));
  return [row.name, topic].some(
    (name) => (rows.get(queueKey(row.vhost, name))?.ready ?? 0) > settings.detection.backlogReady,
  );
}

/** Whether a node that answers has a memory or disk alarm. Then every publisher is blocked. */
export const hasAlarm = (snapshot: Snapshot): boolean =>
  answeringNodes(snapshot).some(({ answer }) =>
    answer.peers.some(({ hasMemoryAlarm, hasDiskAlarm }) => hasMemoryAlarm === true || hasDiskAlarm === true),
  );

/** Whether it is proved that a server answers there again, or that no server is there any more that should. */
export function isHeardAgain(
  snapshot: Snapshot,
  probes: ProbeHistory,
  vhost: string,
  queue: string,
): boolean {
  const row = snapshot.queues.rows.find((one) => one.vhost === vhost && one.name === queue);
  if (row === undefined) {
    return isListedWhole(snapshot.queues).go;
  }
  if (row.consumers === 0) {
    return true;
  }
  return probes.tracks[queueKey(vhost, queue)]?.samples.at(-1)?.verdict === 'alive';
}
