import { queueKey } from '../../src/runbooks/snapshot/history.ts';
import type { ProbeHistory, ProbeSample, ProbeTrack } from '../../src/runbooks/snapshot/probe-history.ts';
import { MINUTE, NOW } from './observation.ts';

type Change = Partial<ProbeSample>;

/** So many results of one kind, a minute apart, the last one half a minute ago. */
export const samples = (
  verdict: ProbeSample['verdict'],
  many: number,
  change: (index: number) => Change = () => ({}),
): readonly ProbeSample[] =>
  Array.from({ length: many }, (_, index) => ({
    atMs: NOW - MINUTE / 2 - (many - 1 - index) * MINUTE,
    verdict,
    tookMs: verdict === 'alive' ? 4 : 5_000,
    ...change(index),
  }));

/** Tracks by queue. */
export const probed = (
  tracks: Readonly<Record<string, Pick<ProbeTrack, 'samples'> & Partial<ProbeTrack>>>,
): ProbeHistory => ({
  tracks: Object.fromEntries(
    Object.entries(tracks).map(([queue, track]) => [queueKey('/', queue), { vhost: '/', queue, ...track }]),
  ),
  probedAtMs: NOW,
});
