import { count, span } from '../../rpc/index.ts';

/* The words of runbooks. How a time, a number and a row of names read is decided in `src/rpc/wording`, for everybody. */
export { count, counted, listed, span } from '../../rpc/index.ts';

/** Longest sentence of a push notification: the first hundred characters decide whether someone gets up. */
const HEADLINE_LIMIT = 100;
const MINUTE_MS = 60_000;

/** Span that still goes on. Beyond a minute only whole minutes count: else every sweep would edit the card that shows it. */
export const spanSoFar = (ms: number): string =>
  span(ms < MINUTE_MS ? Math.floor(ms / 1_000) * 1_000 : Math.floor(ms / MINUTE_MS) * MINUTE_MS);

/** First few of many, and how many more there are. @default total as many as are given */
export function some(parts: readonly string[], limit: number, total: number = parts.length): string {
  const shown = parts.slice(0, limit);
  const left = total - shown.length;
  return left > 0 ? `${shown.join(', ')} and ${count(left)} more` : shown.join(', ');
}

/** First wording that fits a push notification; the last one is cut when none does. */
export function fitting(...wordings: readonly string[]): string {
  const fits = wordings.find((wording) => wording.length < HEADLINE_LIMIT);
  return fits ?? `${(wordings.at(-1) ?? '').slice(0, HEADLINE_LIMIT - 2)}…`;
}
