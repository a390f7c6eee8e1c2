const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** Below this a tenth of a second is still worth telling. */
const TENTHS_UNTIL_MS = 10_000;

/** Units from the biggest down, each a whole number of the one after it, and from how many on it is used. */
const units = [
  { ms: 86_400_000, word: 'days', from: 2 },
  { ms: 3_600_000, word: 'h', from: 1 },
  { ms: MINUTE_MS, word: 'min', from: 1 },
  { ms: SECOND_MS, word: 's', from: 1 },
] as const;

/**
 * Span of time in words, the same wherever somebody reads one: cards, threads, digests, the command line, errors.
 *
 * - at most two units that follow each other, rounded to the smaller one: `1 min 30 s`, `1 h 5 min`, `2 days 8 h`
 * - days from two on: `24 h`, `47 h 30 min`, `3 days`; a unit of which there is none is left out
 * - below ten seconds, one decimal: `1.5 s`; below one second, whole milliseconds, at least one: `999 ms`
 * - what is negative is nothing, because only a clock that was set makes it so: `0 s`
 * - what has no end or is no number: `an unlimited time`, `an unknown time`
 *
 * @example span(90_000) // '1 min 30 s'
 */
export function span(ms: number): string {
  if (Number.isNaN(ms)) {
    return 'an unknown time';
  }
  if (ms === Number.POSITIVE_INFINITY) {
    return 'an unlimited time';
  }
  if (ms <= 0) {
    return '0 s';
  }
  if (Math.round(ms) < SECOND_MS) {
    return `${Math.max(1, Math.round(ms))} ms`;
  }
  const tenths = Math.round(ms / 100);
  if (tenths * 100 < TENTHS_UNTIL_MS) {
    return `${tenths / 10} s`;
  }
  // The bigger unit is chosen after rounding, so that nothing reads `60 s` or `60 min`.
  for (const [index, { ms: bigMs, word, from }] of units.entries()) {
    const smaller = units[index + 1];
    const smallMs = smaller?.ms ?? bigMs;
    const rounded = toNearest(ms, smallMs);
    if (toNearest(ms, Math.min(smallMs, MINUTE_MS)) < from * bigMs) {
      continue;
    }
    const rest = (rounded % bigMs) / smallMs;
    const told = `${Math.floor(rounded / bigMs)} ${word}`;
    return rest === 0 || smaller === undefined ? told : `${told} ${rest} ${smaller.word}`;
  }
  return `${tenths / 10} s`;
}

const toNearest = (ms: number, unitMs: number): number => Math.round(ms / unitMs) * unitMs;
