import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { redactKnown } from '../redact.ts';
import { agentCommand } from './agent.ts';
import { auditCommand } from './audit.ts';
import { checkCommand } from './check.ts';
import { type CommonOptions, type Console, exitCodes } from './console.ts';
import { digestCommand } from './digest.ts';
import { haltCommand } from './halt.ts';
import { incidentsCommand } from './incidents.ts';
import { runbooksCommand } from './runbooks.ts';
import { sandboxCommand } from './sandbox.ts';
import { schemaCommand } from './schema.ts';
import { startCommand } from './start.ts';
import { sweepCommand } from './sweep.ts';

/** The command line. Answers with the exit code; it never ends the process itself. */
export async function program(given: Console & { readonly argv: readonly string[] }): Promise<number> {
  // Whatever a command prints, and whatever error ends it: no secret of the configuration is in it.
  const options = {
    ...given,
    out: (text: string) => given.out(redactKnown(text)),
    err: (text: string) => given.err(redactKnown(text)),
  };
  let exitCode: number = exitCodes.ok;
  const root = new Command('watership')
    .description('Keeps RabbitMQ under OpenStack alive: looks, says what is wrong, asks, repairs, proves.')
    .version(version())
    .exitOverride()
    .configureOutput({ writeOut: options.out, writeErr: options.err })
    .showSuggestionAfterError();

  const command = <Own extends CommonOptions>(
    name: string,
    description: string,
    run: (console: Console, own: Own, args: readonly string[]) => Promise<number>,
  ): Command =>
    root
      .command(name)
      .description(description)
      .addOption(
        new Option(
          '--config <file>',
          'configuration file (default: ./watership.yaml, /etc/watership/watership.yaml)',
        ),
      )
      .option('--json', 'print JSON')
      .action(async (...handed: readonly unknown[]) => {
        const self = handed.at(-1);
        if (!(self instanceof Command)) return;
        exitCode = await run(options, self.opts<Own>(), self.args);
      });

  command('start', 'run the bot', startCommand);
  command('check', 'read the configuration and test each connection', checkCommand);
  command(
    'sweep',
    'look once and print what is wrong: exits 0 healthy, 1 warnings, 2 critical, 3 could not see',
    sweepCommand,
  ).option('--cluster <name>', 'only this cluster');
  command('incidents', 'list incidents, newest first', incidentsCommand)
    .option('--cluster <name>', 'only this cluster')
    .option('--limit <n>', 'how many', '20');
  command('runbooks', 'list what the bot can see and treat', runbooksCommand).option(
    '--markdown',
    'print docs/runbooks.md',
  );
  command('digest', 'print what happened since the last digest; posts nothing', digestCommand);
  command('audit', 'print who did what, and why', auditCommand)
    .option('--run <id>', 'only this run')
    .option('--incident <id>', 'only this incident')
    .option('--limit <n>', 'how many', '50');
  command(
    'halt',
    'let nothing be done to a cluster, or to any, until it is resumed',
    haltCommand('halt'),
  ).argument('[cluster]', 'every cluster when left out');
  command('resume', 'end a halt', haltCommand('resume')).argument('[cluster]', 'every cluster when left out');
  command('agent', 'serve the bot on this host: reads agent.yaml, not watership.yaml', agentCommand);
  command('schema', 'print the JSON Schema of the configuration file', schemaCommand);
  command('sandbox', 'start the sandbox of a source checkout', sandboxCommand).argument(
    '[arguments...]',
    'break <fault>, heal, status or stop',
  );

  try {
    await root.parseAsync([...options.argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Help and version arrive here as well, with exit code 0; what is wrong has been printed.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.unknown;
    options.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return exitCodes.unknown;
  }
}

/** The package's own number; the file stands at the same distance from the sources and from what is built of them. */
function version(): string {
  const text = readFileSync(resolve(import.meta.dirname, '../../../package.json'), 'utf8');
  const manifest: unknown = JSON.parse(text);
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
