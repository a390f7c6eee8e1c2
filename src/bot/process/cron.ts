import { Cron } from 'croner';

/**
 * Options of every expression here. Lists of times count as fixed times, as in Vixie's cron: at a clock change each of them
 * comes once, a missing one at the end of the gap.
 */
const options = { mode: '5-or-6-parts', sloppyRanges: true, fixedTimeRule: 'no-wildcard' } as const;

/** Whether an expression can be read and its time ever comes. */
export function isCron(expression: string): boolean {
  try {
    // A date is read as a job that runs once; it has no pattern.
    const cron = new Cron(expression, { ...options, timezone: 'UTC' });
    return cron.getPattern() !== undefined && cron.nextRun() !== null;
  } catch {
    return false;
  }
}

/** First time later than `atMs`; undefined when there is none. */
export function nextTimeMs(expression: string, timezone: string, atMs: number): number | undefined {
  return new Cron(expression, { ...options, timezone }).nextRun(new Date(atMs))?.getTime();
}

/** Last time that is not later than `atMs`; undefined when there is none. */
export function lastTimeMs(expression: string, timezone: string, atMs: number): number | undefined {
  // What croner walks back from does not count itself.
  return new Cron(expression, { ...options, timezone }).previousRuns(1, new Date(atMs + 1))[0]?.getTime();
}
