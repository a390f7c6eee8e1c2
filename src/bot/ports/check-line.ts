/** One connection, and whether it works. */
export interface CheckLine {
  readonly state: 'ok' | 'warning' | 'bad';
  readonly what: string;
  readonly text: string;
}

export type CheckVerdict = Pick<CheckLine, 'state' | 'text'>;

export interface Check {
  readonly what: string;
  readonly ask: () => Promise<CheckVerdict>;
}

/** Longest time of one request of a check. */
export const CHECK_LIMIT_MS = 8_000;

export const ok = (text: string): CheckVerdict => ({ state: 'ok', text });
export const warning = (text: string): CheckVerdict => ({ state: 'warning', text });
export const bad = (text: string): CheckVerdict => ({ state: 'bad', text });
