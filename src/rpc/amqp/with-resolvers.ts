/** A promise with the means to settle it. */
export interface Resolvable<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (reason: Error) => void;
}

/** Promise.withResolvers is not in Node 20. */
export function withResolvers<Value>(): Resolvable<Value> {
  let resolve: (value: Value) => void = () => {};
  let reject: (reason: Error) => void = () => {};
  const promise = new Promise<Value>((give, fail) => {
    resolve = give;
    reject = fail;
  });
  // Some are abandoned: their rejection must not end the process.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
