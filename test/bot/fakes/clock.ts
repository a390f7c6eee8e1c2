import type { Clock } from '../../../src/runbooks/index.ts';

/** A clock that a test holds: `sleep` lets the rest of the program run, then moves the time on by itself. */
export interface FakeClock extends Clock {
  /** Moves the time on. */
  pass(ms: number): void;
}

export function fakeClock(startMs = Date.UTC(2026, 10, 22, 3, 0, 0)): FakeClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    pass: (ms) => {
      nowMs += ms;
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const stop = (): void => reject(new Error('aborted'));
        if (signal?.aborted === true) {
          stop();
          return;
        }
        signal?.addEventListener('abort', stop, { once: true });
        // Real work that is waiting to be done goes first: a sleep never overtakes it.
        let turns = 5;
        const turn = (): void => {
          if (signal?.aborted === true) {
            return;
          }
          turns -= 1;
          if (turns > 0) {
            setImmediate(turn);
            return;
          }
          nowMs += ms;
          resolve();
        };
        setImmediate(turn);
      }),
  };
}
