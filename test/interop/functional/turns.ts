/** Values that are taken one after the other, as from Python's `queue.Queue`. */
export interface Turns<Value> {
  put(value: Value): void;
  /** The next value; null when none comes in time. */
  take(withinMs: number): Promise<{ readonly value: Value } | null>;
}

/** Begins empty. */
export function turns<Value>(): Turns<Value> {
  type Taken = { readonly value: Value };
  const waiting: Taken[] = [];
  const takers: ((taken: Taken) => void)[] = [];
  return {
    put(value) {
      const taker = takers.shift();
      if (taker) {
        taker({ value });
      } else {
        waiting.push({ value });
      }
    },
    take(withinMs) {
      const first = waiting.shift();
      if (first) {
        return Promise.resolve(first);
      }
      return new Promise((resolve) => {
        const late = setTimeout(() => {
          takers.splice(takers.indexOf(taker), 1);
          resolve(null);
        }, withinMs);
        const taker = (taken: Taken): void => {
          clearTimeout(late);
          resolve(taken);
        };
        takers.push(taker);
      });
    },
  };
}
