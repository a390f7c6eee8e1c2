import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type KeptAlive, keepAlive } from './keep-alive.ts';
import { type Layout, projectFolder } from './layout.ts';
import type { Supervisor } from './supervisor.ts';
import { waitFor } from './wait.ts';
import { whileAlive } from './while-alive.ts';

/** Starts the bot as its users would, and starts it again whenever it dies. Resolves when it says that it is ready. */
export async function startBot(options: {
  readonly layout: Layout;
  readonly healthPort: number;
  readonly supervisor: Supervisor;
}): Promise<KeptAlive> {
  const main = join(projectFolder, 'src', 'bot', 'main.ts');
  if (!existsSync(main)) {
    throw new Error(`The bot is missing: ${main}`);
  }
  const logFile = join(options.layout.logs, 'bot.log');
  const bot = keepAlive(
    options.supervisor,
    {
      name: 'bot',
      argv: [process.execPath, '--import', 'tsx', main, 'start', '--config', options.layout.config],
      cwd: projectFolder,
      logFile,
    },
    { restartAfterMs: 1_000 },
  );
  await whileAlive(
    bot.current(),
    waitFor(
      `the bot to be ready (its log: ${logFile})`,
      async () => (await fetch(`http://127.0.0.1:${options.healthPort}/readyz`)).ok,
      { withinMs: 60_000, everyMs: 200 },
    ),
  );
  return bot;
}
