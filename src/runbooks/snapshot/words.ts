const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Longest sentence of a push notification: the first hundred characters decide whether someone gets up. */
const HEADLINE_LIMIT = 100;

/** `36496` as `36,496`. */
export const count = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');

/** `1 queue`, `2 queues`. */
export const counted = (value: number, noun: string, plural = `${noun}s`): string =>
  `${count(value)} ${value === 1 ? noun : plural}`;

/** Rounded down to one unit: `45 s`, `12 min`, `26 h`, `3 days`. */
export function span(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.max(0, Math.floor(ms / 1000))} s`;
  if (ms < 2 * HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < 3 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  return `${Math.floor(ms / DAY_MS)} days`;
}

/** `150 s`, however long it is: for what is read beside a deadline. */
export const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;

/** `a`, `a and b`, `a, b and c`. */
export function sentence(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** The first few, and how many more there are. @default total as many as are given */
export function some(parts: readonly string[], limit: number, total: number = parts.length): string {
  const shown = parts.slice(0, limit);
  const left = total - shown.length;
  return left > 0 ? `${shown.join(', ')} and ${count(left)} more` : shown.join(', ');
}

/** The first wording that fits a push notification; the last one is cut when none does. */
export function fitting(...wordings: readonly string[]): string {
  const fits = wordings.find((wording) => wording.length < HEADLINE_LIMIT);
  return fits ?? `${(wordings.at(-1) ?? '').slice(0, HEADLINE_LIMIT - 2)}…`;
}
