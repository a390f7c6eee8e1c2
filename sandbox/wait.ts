import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until the answer is neither undefined nor false; a throw counts as "not yet". */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  options: { readonly withinMs: number; readonly everyMs?: number; readonly signal?: AbortSignal },
): Promise<T> {
  const deadline = performance.now() + options.withinMs;
  let last: unknown;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) {
        return answer;
      }
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`${what}: not within ${Math.round(options.withinMs / 1000)} s`, { cause: last });
    }
    await sleep(options.everyMs ?? 100, undefined, options.signal ? { signal: options.signal } : {});
  }
}
