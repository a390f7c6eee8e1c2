import { createLog } from '../process/log.ts';
import { systemClock } from '../process/system-clock.ts';
import { startBot } from '../start.ts';
import { type CommonOptions, type Console, exitCodes } from './common/console.ts';
import { readConfig } from './common/read-config.ts';
import { serve } from './serve.ts';

/** `watership start`: runs until it is asked to stop. */
export async function startCommand(console: Console, options: CommonOptions): Promise<number> {
  const config = readConfig(console, options);
  if (config === undefined) {
    return exitCodes.critical;
  }
  const log = createLog(config.log.level);
  return serve(console, log, {
    start: (signal) => startBot(config, { log, clock: systemClock, signal }),
    failure: 'Watership could not start',
  });
}
