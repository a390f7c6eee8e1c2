/** Time enters here, so that tests can hold it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`, or at once with a rejection when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
