import { definite } from '../../../rpc/index.ts';
import type { BotConfig } from '../../config/config.ts';
import { tellProblems } from '../../config/file/problem.ts';
import { loadConfig } from '../../config/load.ts';
import { type CommonOptions, type Console, printJson } from './console.ts';

/** The configuration, or undefined after its problems have been printed. */
export function readConfig(console: Console, options: CommonOptions): BotConfig | undefined {
  const loaded = loadConfig({
    ...definite({ path: options.config }),
    environment: console.environment,
  });
  if (loaded.kind === 'ok') {
    return loaded.config;
  }
  if (options.json) {
    printJson(console, { file: loaded.file, problems: loaded.problems });
  } else {
    console.err(`${tellProblems(loaded.file, loaded.problems)}\n`);
  }
  return undefined;
}
