import type { Sample } from './history.ts';

const MINUTE_MS = 60_000;

/** Fewest samples from which steady growth is told from one burst. */
const SAMPLES_FOR_GROWTH = 9;

/** Change a minute from the first to the last sample; undefined until two of them are apart in time. */
export function perMinute(samples: readonly Sample[]): number | undefined {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || last[0] <= first[0]) {
    return undefined;
  }
  return ((last[1] - first[1]) / (last[0] - first[0])) * MINUTE_MS;
}

/** A rate from less than this is a burst, and says nothing about what comes. */
export const RATE_WINDOW_MS = 30_000;

/** How long the samples span. */
export const spanOf = (samples: readonly Sample[]): number =>
  Math.max(0, (samples.at(-1)?.[0] ?? 0) - (samples[0]?.[0] ?? 0));

/** A level that was reached is left only clearly below it, or when no kept sample reaches it any more. */
const EASES_BELOW = 0.8;

/** Is the level reached, or was it lately and is still near? A value that swings around it does not flap. */
export const isHeldAbove = (level: number, value: number, samples: readonly Sample[]): boolean =>
  value >= level || (value >= level * EASES_BELOW && samples.some(([, kept]) => kept >= level));

/**
 * How long until it is empty if it goes on falling as it does now; undefined when it does not fall.
 * Only the newest samples count: what happened five minutes ago says little about a drain.
 */
export function emptyInMs(samples: readonly Sample[]): number | undefined {
  const recent = samples.slice(-4);
  const last = recent.at(-1);
  const previous = recent.at(-2);
  const slope = perMinute(recent);
  if (!last || !previous || slope === undefined || slope >= 0 || last[1] > previous[1]) {
    return undefined;
  }
  return (last[1] / -slope) * MINUTE_MS;
}

/**
 * Gained over the kept samples, if the growth is steady: it never falls, and every third of the time adds to it.
 * A client that starts opens its channels once and stays flat; a leak goes on.
 */
export function steadyGrowth(samples: readonly Sample[]): number | undefined {
  if (samples.length < SAMPLES_FOR_GROWTH) {
    return undefined;
  }
  const counts = samples.map(([, value]) => value);
  if (counts.some((value, index) => index > 0 && value < (counts[index - 1] ?? 0))) {
    return undefined;
  }
  const at = (part: number): number => counts[Math.round(((counts.length - 1) * part) / 3)] ?? 0;
  const isGrowing = [1, 2, 3].every((part) => at(part) > at(part - 1));
  return isGrowing ? at(3) - at(0) : undefined;
}
