import { isMainThread, threadId } from 'node:worker_threads';
import { PythonException, Target } from '../../../src/rpc/index.ts';

// Loaded by worker threads, as a user's module would be.

/** Blocks its thread, as real work would: until `latch` is opened by the main thread. */
function block(_context: unknown, { latch }: { latch: SharedArrayBuffer }) {
  Atomics.wait(new Int32Array(latch), 0, 0);
  return threadId;
}

class Work {
  readonly target = new Target({ version: '1.3' });

  echo(context: unknown, args: unknown) {
    return { context, args, isMainThread };
  }

  spin(_context: unknown, { ms }: { ms: number }) {
    const end = performance.now() + ms;
    while (performance.now() < end) {}
    return 'done';
  }

  block = block;

  thread() {
    return threadId;
  }

  python() {
    throw new PythonException('KeyError', 'no such key', { args: ['k', 2n ** 63n], kwargs: { code: 7 } });
  }

  plain() {
    throw new TypeError('no luck');
  }

  thrown() {
    throw { toString: () => 'odd' };
  }

  uncopyable() {
    return { work: () => {} };
  }

  circular() {
    const circle: unknown[] = [];
    circle.push(circle);
    return circle;
  }

  exit() {
    process.exit(3);
  }

  async crash() {
    setImmediate(() => {
      throw new Error('out of the blue');
    });
    await new Promise(() => {});
  }

  async reject() {
    void Promise.reject(new Error('nobody listens'));
    await new Promise(() => {});
  }

  _private() {
    return 'private';
  }
}

/** One set for each thread. */
export const endpoints = () => [new Work()];
