/** A point in time on the monotonic clock, milliseconds; Infinity is never. */
export type Deadline = number;

/** Never. */
export const never: Deadline = Number.POSITIVE_INFINITY;

/** Now, on the clock that deadlines use. */
export function now(): number {
  return performance.now();
}

/** The longest delay a timer takes, milliseconds. */
export const longestDelayMs = 2 ** 31 - 1;

/** Waits for a promise, but not beyond the deadline: then `expired()` is thrown. The promise itself goes on. */
export function before<Value>(
  deadline: Deadline,
  promise: Promise<Value>,
  expired: () => Error,
): Promise<Value> {
  if (deadline === never) {
    return promise;
  }
  // By hand: Promise.race costs several times as much, and every message comes through here.
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(expired()), delayUntil(deadline));
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (reason: Error) => {
        clearTimeout(timer);
        reject(reason);
      },
    );
  });
}

/** Milliseconds until the deadline, as a timer wants them. */
export function delayUntil(deadline: Deadline): number {
  return timerDelay(deadline - now());
}

/** A delay as a timer wants it: one beyond its 31 bits would fire at once. */
export function timerDelay(delayMs: number): number {
  return Math.min(longestDelayMs, Math.max(0, delayMs));
}

const goodbyeMs = 2_000;

/** Waits two seconds at most for what a broker that is frozen or takes nothing may never answer. Never throws. */
export async function briefly(answer: Promise<unknown>): Promise<void> {
  await before(now() + goodbyeMs, answer, () => new Error('no answer')).catch(() => {});
}

/** A pause that a signal can end early. It resolves either way. */
export function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      return resolve();
    }
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, timerDelay(delayMs));
    signal.addEventListener('abort', done);
  });
}
