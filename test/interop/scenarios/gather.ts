/** Keeps what comes until enough has come. */
export interface Gathered<Value> {
  add(value: Value): void;
  count(): number;
  /** Resolves with all that came once there are so many. */
  first(count: number): Promise<readonly Value[]>;
}

/** Begins with nothing. */
export function gather<Value>(): Gathered<Value> {
  const values: Value[] = [];
  const waiting = new Set<() => void>();
  return {
    add(value) {
      values.push(value);
      for (const look of waiting) {
        look();
      }
    },
    count: () => values.length,
    first: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (values.length < count) {
            return;
          }
          waiting.delete(look);
          resolve(values);
        };
        waiting.add(look);
        look();
      }),
  };
}
