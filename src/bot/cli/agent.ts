import { definite } from '../../rpc/index.ts';
import { loadAgent } from '../agent/load-agent.ts';
import { startAgent } from '../agent/start-agent.ts';
import { tellProblems } from '../config/file/problem.ts';
import { createLog } from '../process/log.ts';
import { systemClock } from '../process/system-clock.ts';
import { type CommonOptions, type Console, exitCodes, printJson } from './common/console.ts';
import { serve } from './serve.ts';

/** `watership agent`: serves one host until it is asked to stop; then it finishes what runs. */
export async function agentCommand(console: Console, options: CommonOptions): Promise<number> {
  const loaded = loadAgent({
    ...definite({ path: options.config }),
    environment: console.environment,
  });
  if (loaded.kind === 'bad') {
    if (options.json) {
      printJson(console, { file: loaded.file, problems: loaded.problems });
    } else {
      console.err(`${tellProblems(loaded.file, loaded.problems)}\n`);
    }
    return exitCodes.critical;
  }
  const log = createLog(loaded.config.log.level);
  return serve(console, log, {
    start: (signal) => startAgent(loaded.config, { log, clock: systemClock, signal }),
    failure: 'The agent could not start',
    // Not the code of a wrong configuration, after which systemd starts it no more: a full disk is emptied, and who holds the
    // journal ends.
    failureCode: exitCodes.unknown,
  });
}
