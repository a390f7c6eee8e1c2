import { definite } from '../../rpc/index.ts';
import { queueKey } from './history.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * What the scheduled RPC probes have found, kept in Redis as one value a cluster and handed to the detectors with every
 * observation. Only what is needed to tell a streak: an answer wipes what came before it.
 */
export interface ProbeHistory {
  /** By `queueKey`. */
  readonly tracks: Readonly<Record<string, ProbeTrack>>;
  /** When the newest round ended, milliseconds since the epoch. */
  readonly probedAtMs?: number;
}

/** One queue behind which an RPC server stands. */
export interface ProbeTrack {
  readonly vhost: string;
  readonly queue: string;
  /** The exchange that leads to it under its own name, as last seen. Kept when the binding is lost: it says where to. */
  readonly exchange?: string;
  /** Oldest first, at most `PROBES_KEPT`. Probes that could not be made are not among them. */
  readonly samples: readonly ProbeSample[];
  /** The newest probe could not be made: it says nothing, and breaks no streak. */
  readonly blind?: { readonly atMs: number; readonly because: string };
}

export interface ProbeSample {
  readonly atMs: number;
  readonly verdict: 'alive' | 'deaf' | 'absent';
  readonly tookMs: number;
  /** For people; left out where it is alive. */
  readonly how?: string;
  readonly consumers?: number;
  /** The connections that consume it, as they were when it did not answer; stored under this name. Absent: they could not be listed. */
  readonly readers?: readonly string[];
  /** Requests that are with the service and not acknowledged, read when it did not answer. */
  readonly unacknowledged?: number;
  /** Requests a second that its consumer acknowledged at that time. */
  readonly ackRate?: number;
  /**
   * Bindings from named exchanges, read when no route led to it: under its `own` name, only under `other` keys, or
   * `none`. Absent: they could not be read.
   */
  readonly bindings?: 'own' | 'other' | 'none';
}

/** What came of one probe of a round. */
export interface Probed {
  readonly vhost: string;
  readonly queue: string;
  readonly exchange?: string;
  readonly sample: ProbeSample | { readonly atMs: number; readonly blindBecause: string };
}

/** How many results in a row are kept. */
export const PROBES_KEPT = 20;

export const noProbes: ProbeHistory = { tracks: {} };

/** Folds a round into the memory. Queues that a whole listing no longer has are forgotten. */
export function rememberProbes(
  { tracks: known }: ProbeHistory,
  probed: readonly Probed[],
  { queues }: Pick<Snapshot, 'queues'>,
  atMs: number,
): ProbeHistory {
  const tracks = queues.missing.length > 0 ? { ...known } : keptOf(known, queues.rows);
  for (const one of probed) {
    const key = queueKey(one.vhost, one.queue);
    tracks[key] = trackOf(known[key], one);
  }
  return { tracks, probedAtMs: atMs };
}

function keptOf(
  known: ProbeHistory['tracks'],
  rows: readonly { readonly vhost: string; readonly name: string }[],
): Record<string, ProbeTrack> {
  const kept: Record<string, ProbeTrack> = {};
  for (const { vhost, name } of rows) {
    const key = queueKey(vhost, name);
    const track = known[key];
    if (track !== undefined) {
      kept[key] = track;
    }
  }
  return kept;
}

function trackOf(before: ProbeTrack | undefined, { vhost, queue, exchange, sample }: Probed): ProbeTrack {
  const bound = exchange ?? before?.exchange;
  const same = { vhost, queue, ...definite({ exchange: bound }) };
  const samples = before?.samples ?? [];
  if ('blindBecause' in sample) {
    return { ...same, samples, blind: { atMs: sample.atMs, because: sample.blindBecause } };
  }
  // What was before an answer is of no use; the answer itself says since when it has been silent.
  if (sample.verdict === 'alive') {
    return { ...same, samples: [sample] };
  }
  return { ...same, samples: [...samples.slice(1 - PROBES_KEPT), sample] };
}

/** When it was last tried, whatever came of it; undefined when never. */
export const lastTriedAtMs = ({ samples, blind }: ProbeTrack): number | undefined => {
  const atMs = Math.max(samples.at(-1)?.atMs ?? 0, blind?.atMs ?? 0);
  return atMs === 0 ? undefined : atMs;
};

/** The newest results that are all the same, oldest first. */
export function streakOf({ samples }: ProbeTrack, verdict: ProbeSample['verdict']): readonly ProbeSample[] {
  const broken = samples.findLastIndex((sample) => sample.verdict !== verdict);
  return samples.slice(broken + 1);
}
