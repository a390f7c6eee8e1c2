import { createLog } from '../log.ts';
import { startBot } from '../start.ts';
import { systemClock } from '../system-clock.ts';
import { type CommonOptions, type Console, exitCodes, readConfig } from './console.ts';

/** `watership start`: runs until it is asked to stop. */
export async function startCommand(console: Console, options: CommonOptions): Promise<number> {
  const config = readConfig(console, options);
  if (config === undefined) return exitCodes.critical;
  const log = createLog(config.log.level);
  const asked = new AbortController();
  const stopping = new Promise<string>((resolve) => {
    console.onStop((signal) => {
      // A second signal finds a handler that has nothing left to do: stopping is bounded in time anyway.
      asked.abort();
      resolve(signal);
    });
  });
  try {
    const bot = await startBot(config, { log, clock: systemClock, signal: asked.signal });
    const signal = await stopping;
    log.info({ signal }, 'Asked to stop');
    await bot.stop();
    return exitCodes.ok;
  } catch (error) {
    if (asked.signal.aborted) return exitCodes.ok;
    log.fatal({ err: error }, 'Watership could not start');
    return exitCodes.critical;
  }
}
