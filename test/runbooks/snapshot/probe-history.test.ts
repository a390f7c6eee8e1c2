import { describe, expect, test } from 'vitest';
import { queueKey } from '../../../src/runbooks/snapshot/history.ts';
import {
  lastTriedAtMs,
  noProbes,
  PROBES_KEPT,
  type Probed,
  type ProbeHistory,
  rememberProbes,
  streakOf,
} from '../../../src/runbooks/snapshot/probe-history.ts';
import { A, NOW, queue, seen } from '../observation.ts';

const { snapshot } = seen({ queues: [queue('compute.cmp1')] });
const key = queueKey('/', 'compute.cmp1');
const result = (sample: Probed['sample'], exchange?: string): Probed => ({
  vhost: '/',
  queue: 'compute.cmp1',
  ...(exchange === undefined ? {} : { exchange }),
  sample,
});
const alive = (atMs: number) => result({ atMs, verdict: 'alive', tookMs: 3 }, 'nova');
const deaf = (atMs: number) => result({ atMs, verdict: 'deaf', tookMs: 5_000, how: 'No answer' });
const blind = (atMs: number) => result({ atMs, blindBecause: 'no broker' });
const probedSo = (...rounds: readonly Probed[]): ProbeHistory =>
  rounds.reduce((known, one) => rememberProbes(known, [one], snapshot, NOW), noProbes);

describe('the memory of probes', () => {
  test('keeps a streak of silence behind the last answer, and where the queue was bound', () => {
    const { tracks, probedAtMs } = probedSo(alive(1), deaf(2), deaf(3));
    expect(tracks[key]).toMatchObject({ exchange: 'nova', samples: [{ atMs: 1 }, { atMs: 2 }, { atMs: 3 }] });
    expect(tracks[key] && streakOf(tracks[key], 'deaf').map(({ atMs }) => atMs)).toEqual([2, 3]);
    expect(probedAtMs).toBe(NOW);
  });

  test('forgets what was before an answer', () => {
    expect(probedSo(deaf(1), deaf(2), alive(3)).tracks[key]?.samples).toEqual([
      { atMs: 3, verdict: 'alive', tookMs: 3 },
    ]);
  });

  test('a probe that could not be made breaks no streak and makes none', () => {
    const { tracks } = probedSo(deaf(1), blind(2), deaf(3), blind(4));
    const track = tracks[key];
    expect(track && streakOf(track, 'deaf')).toHaveLength(2);
    expect(track && lastTriedAtMs(track)).toBe(4);
    expect(probedSo(blind(2)).tracks[key]?.samples).toEqual([]);
  });

  test('is bounded', () => {
    const rounds = Array.from({ length: PROBES_KEPT + 10 }, (_, index) => deaf(index + 1));
    expect(probedSo(...rounds).tracks[key]?.samples).toHaveLength(PROBES_KEPT);
  });

  test('lets a queue go only when a whole listing no longer has it', () => {
    const known = probedSo(deaf(1));
    const gone = rememberProbes(known, [], seen().snapshot, NOW);
    const unseen = rememberProbes(
      known,
      [],
      { queues: { rows: [], missing: [{ node: A, why: 'timeout' }] } },
      NOW,
    );
    expect([Object.keys(gone.tracks), Object.keys(unseen.tracks)]).toEqual([[], [key]]);
  });
});
