import type { Logger } from 'pino';
import { type Console, exitCodes } from './common/console.ts';

/** Runs until the process is asked to stop, also while it is still starting; then it stops in order. */
export async function serve(
  console: Console,
  log: Logger,
  {
    start,
    failure,
    failureCode = exitCodes.critical,
  }: {
    readonly start: (signal: AbortSignal) => Promise<{ readonly stop: () => Promise<unknown> }>;
    /** What the log says when it could not start. */
    readonly failure: string;
    /** @default 2 */
    readonly failureCode?: number;
  },
): Promise<number> {
  const asked = new AbortController();
  const stopping = new Promise<string>((resolve) => {
    console.onStop((signal) => {
      // A second signal finds a handler that has nothing left to do: stopping is bounded in time anyway.
      asked.abort();
      resolve(signal);
    });
  });
  try {
    const running = await start(asked.signal);
    const signal = await stopping;
    log.info({ signal }, 'Stopping, because a signal asked for it');
    await running.stop();
    return exitCodes.ok;
  } catch (error) {
    if (asked.signal.aborted) {
      return exitCodes.ok;
    }
    log.fatal({ err: error }, failure);
    return failureCode;
  }
}
