import { definite } from '../../rpc/index.ts';
import { mayBeFamily } from './families.ts';
import type { ConnectionTrack, History, NodeTrack, QueueTrack, Sample } from './history.ts';
import { queueKey, SAMPLES_KEPT } from './history.ts';
import { hasAnswered } from './sides.ts';
import type { ConnectionSeen, Listing, QueueSeen, Snapshot } from './snapshot.ts';

/** Fewer channels than this on a connection are normal, and worth no memory. */
const CHANNELS_WORTH_KEEPING = 5;

/**
 * Folds one sweep into the memory. What a sweep could not see stays as it was: a track ends only when a whole listing
 * no longer has its subject, or when its subject is no longer notable.
 */
export function remember(history: History, snapshot: Snapshot): History {
  return {
    sweeps: history.sweeps + 1,
    queues: queueTracks(history.queues, snapshot.queues, snapshot.takenAtMs),
    connections: connectionTracks(history.connections, snapshot.connections, snapshot.takenAtMs),
    nodes: nodeTracks(history.nodes, snapshot),
  };
}

function queueTracks(
  known: History['queues'],
  listing: Listing<QueueSeen>,
  atMs: number,
): Record<string, QueueTrack> {
  const isWhole = listing.missing.length === 0;
  const tracks: Record<string, QueueTrack> = isWhole ? {} : { ...known };
  for (const queue of listing.rows) {
    const worth = worthOf(queue);
    // A whole listing began with no tracks at all: ten thousand quiet queues cost nothing, not even their keys.
    if (worth === 'quiet' && isWhole) {
      continue;
    }
    const key = queueKey(queue.vhost, queue.name);
    const track = known[key];
    if (worth === 'notable') {
      tracks[key] = queueTrack(track, queue, atMs);
    } else if (worth === 'quiet') {
      delete tracks[key];
    } else if (track !== undefined) {
      tracks[key] = track;
    }
  }
  return tracks;
}

/** Whether a row is worth a track. One without numbers is not quiet but unknown: a young queue, or one whose node is down. */
function worthOf({ name, ready, consumers }: QueueSeen): 'notable' | 'quiet' | 'unknown' {
  if (ready !== undefined && ready > 0) {
    return 'notable';
  }
  if (consumers === 0 && mayBeFamily(name)) {
    return 'notable';
  }
  return ready === undefined ? 'unknown' : 'quiet';
}

function queueTrack(known: QueueTrack | undefined, queue: QueueSeen, atMs: number): QueueTrack {
  const { ready, consumers } = queue;
  const lastConsumerAtMs = consumers !== undefined && consumers > 0 ? atMs : known?.lastConsumerAtMs;
  const consumerlessSinceMs =
    consumers === undefined
      ? known?.consumerlessSinceMs
      : consumers === 0
        ? (known?.consumerlessSinceMs ?? atMs)
        : undefined;
  return {
    ready: sampled(known?.ready, ready, atMs),
    ...definite({ consumerlessSinceMs, lastConsumerAtMs }),
  };
}

function connectionTracks(
  known: History['connections'],
  listing: Listing<ConnectionSeen>,
  atMs: number,
): Record<string, ConnectionTrack> {
  const tracks: Record<string, ConnectionTrack> = listing.missing.length === 0 ? {} : { ...known };
  for (const { name, channels } of listing.rows) {
    const track = known[name];
    if (channels === undefined) {
      if (track !== undefined) {
        tracks[name] = track;
      }
    } else if (channels >= CHANNELS_WORTH_KEEPING) {
      tracks[name] = { channels: sampled(track?.channels, channels, atMs) };
    } else {
      delete tracks[name];
    }
  }
  return tracks;
}

/** Of the configured nodes only: a node that left the configuration is forgotten. */
function nodeTracks(known: History['nodes'], snapshot: Snapshot): Record<string, NodeTrack> {
  const atMs = snapshot.takenAtMs;
  const apart = nodesApart(snapshot);
  const tracks: Record<string, NodeTrack> = {};
  for (const view of snapshot.nodes) {
    const before = known[view.name];
    const uptimeMs = hasAnswered(view)
      ? view.answer.peers.find(({ name }) => name === view.name)?.uptimeMs
      : undefined;
    const hasRestarted =
      uptimeMs !== undefined && before?.uptimeMs !== undefined && uptimeMs < before.uptimeMs;
    tracks[view.name] = {
      ...before,
      ...definite({ uptimeMs }),
      ...(hasAnswered(view) ? { lastAnswerAtMs: atMs } : {}),
      ...(hasRestarted ? { restartedAtMs: atMs } : {}),
      ...(apart.has(view.name) ? { apartAtMs: atMs } : {}),
    };
  }
  return tracks;
}

/** Nodes on different sides, named in a partition, or running for one view and not for another. */
function nodesApart(snapshot: Snapshot): ReadonlySet<string> {
  const apart = new Set(snapshot.sides.length > 1 ? snapshot.sides.flatMap(({ members }) => members) : []);
  const isRunning = new Map<string, boolean>();
  for (const row of snapshot.nodes.filter(hasAnswered).flatMap(({ answer }) => answer.peers)) {
    if (isRunning.get(row.name) === !row.isRunning) {
      apart.add(row.name);
    }
    isRunning.set(row.name, row.isRunning);
    if (row.partitions === undefined || row.partitions.length === 0) {
      continue;
    }
    for (const name of [row.name, ...row.partitions]) {
      apart.add(name);
    }
  }
  return apart;
}

/** With one more measurement at the end, and the oldest ones let go. */
function sampled(
  samples: readonly Sample[] = [],
  count: number | undefined,
  atMs: number,
): readonly Sample[] {
  return count === undefined ? samples : [...samples.slice(1 - SAMPLES_KEPT), [atMs, count]];
}
