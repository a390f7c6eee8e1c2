import { createLog } from '../log.ts';
import { startBot } from '../start.ts';
import { systemClock } from '../system-clock.ts';
import { type CommonOptions, type Console, exitCodes, readConfig } from './console.ts';
import { serve } from './serve.ts';

/** `watership start`: runs until it is asked to stop. */
export async function startCommand(console: Console, options: CommonOptions): Promise<number> {
  const config = readConfig(console, options);
  if (config === undefined) return exitCodes.critical;
  const log = createLog(config.log.level);
  return serve(console, log, {
    start: (signal) => startBot(config, { log, clock: systemClock, signal }),
    failure: 'Watership could not start',
  });
}
