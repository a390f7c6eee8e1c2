import { Command, Option } from 'commander';
import { SEARCHED, SEARCHED_FOR_AGENT } from '../config/file/searched.ts';
import { version } from '../process/version.ts';
import { type CommonOptions, type Console, URL_VARIABLE } from './common/console.ts';
import { type CommandName, exitText } from './exit-codes.ts';

/** Commands of the terminal with their arguments and options. `onExit` gets the exit code of the one that ran. */
export function commandTree(options: Console, onExit: (exitCode: number) => void): Command {
  const root = new Command('watership')
    .description('Keeps RabbitMQ under OpenStack alive: looks, says what is wrong, asks, repairs, proves.')
    .version(version())
    .exitOverride()
    // `call … --version 1.2` is the version of the RPC; `watership --version` is our own.
    .enablePositionalOptions()
    .configureOutput({ writeOut: options.out, writeErr: options.err })
    .showSuggestionAfterError()
    .showHelpAfterError('With --help behind it the command says what it takes.');

  // Each command is loaded when it is asked for: `--version` and `--help` wait for none of them.
  const command = <Own extends CommonOptions>(
    name: CommandName,
    description: string,
    load: () => Promise<(console: Console, own: Own, args: readonly string[]) => Promise<number>>,
    searched: readonly string[] = SEARCHED,
  ): Command =>
    root
      .command(name)
      .description(description)
      .addOption(new Option('--config <file>', `configuration file (default: ${searched.join(', ')})`))
      .option('--json', 'print JSON')
      .addHelpText('after', () => exitText(name))
      .action(async (...handed: readonly unknown[]) => {
        const self = handed.at(-1);
        if (!(self instanceof Command)) return;
        const run = await load();
        onExit(await run(options, self.opts<Own>(), self.args));
      });

  command('start', 'run the bot', async () => (await import('./start.ts')).startCommand);
  command(
    'check',
    'read the configuration and test each connection',
    async () => (await import('./check/check.ts')).checkCommand,
  );
  command('sweep', 'look once and print what is wrong', async () => (await import('./sweep.ts')).sweepCommand)
    .option('--cluster <name>', 'only this cluster')
    .addHelpText(
      'after',
      `
One look has no memory and sends no probes: growth, zombie and orphan queues, deaf and unbound services are not found
by it. \`watership probe --all\` asks the services; a running bot finds all of it, and what it has open is told too, and
counts in the exit code, where Redis can be reached.`,
    );
  const broker = (self: Command): Command =>
    self
      .option(
        '--url <url>',
        `rabbit://user:password@host:port/vhost instead of a configuration; or in ${URL_VARIABLE}`,
      )
      .option('--cluster <name>', 'only this cluster')
      .option('--vhost <name>', 'this vhost');
  const request = (self: Command): Command =>
    broker(self)
      .argument('<topic>', 'such as compute')
      .argument('<method>', 'such as ping')
      .option('--server <name>', 'only this server of the topic')
      .option('--fanout', 'to every server of the topic (a cast only)')
      .option('--namespace <name>', 'of the method')
      .option('--version <version>', 'of the RPC interface, such as 1.2')
      .option('--exchange <name>', 'such as nova (default: where the queue is bound)')
      .option('--timeout <duration>', 'longest wait', '10s')
      .option('--args <json>', 'the arguments, as a JSON object')
      .option('--context <json>', 'the request context, as a JSON object');
  request(command('call', 'call a service', async () => (await import('./rpc/call.ts')).callCommand));
  request(
    command(
      'cast',
      'send a service a request that is not answered',
      async () => (await import('./rpc/cast.ts')).castCommand,
    ),
  );
  broker(
    command(
      'probe',
      'ask services whether they answer',
      async () => (await import('./rpc/probe.ts')).probeCommand,
    ),
  )
    .argument('[topic]', 'such as compute; its servers are asked too')
    .argument('[server]', 'only this server of the topic')
    .option('--exchange <name>', 'such as nova (default: where the queue is bound)')
    .option('--all', 'every service of the configuration');
  broker(
    command(
      'tap',
      'show what passes an exchange, and take nothing away',
      async () => (await import('./rpc/tap.ts')).tapCommand,
    ),
  )
    .argument('<exchange>', 'such as nova, or openstack where the services share one')
    .argument('<routing-key>', 'such as notifications.#')
    .option('--max-messages <n>', 'end after so many')
    .option('--max-seconds <n>', 'end after so many seconds', '60')
    .option('--unmask', 'show tokens and passwords too');
  command(
    'incidents',
    'list incidents, newest first',
    async () => (await import('./incidents.ts')).incidentsCommand,
  )
    .option('--cluster <name>', 'only this cluster')
    .option('--limit <n>', 'how many (default: 20)');
  command(
    'runbooks',
    'list what the bot can see and treat',
    async () => (await import('./runbooks.ts')).runbooksCommand,
  ).option('--markdown', 'print docs/runbooks.md');
  command(
    'digest',
    'print what happened since the last digest; posts nothing',
    async () => (await import('./digest.ts')).digestCommand,
  );
  command('audit', 'print who did what, and why', async () => (await import('./audit/audit.ts')).auditCommand)
    .option('--run <id>', 'only this run')
    .option('--incident <id>', 'only this incident')
    .option('--since <duration>', 'only what is newer, such as 24h')
    .option('--limit <n>', 'how many of the newest (default: 50; all of a run, an incident or a time)')
    .option(
      '--verify',
      'find any edit, gap or cut, here and in the mirror: exits 0 sound, 2 broken, 3 not comparable',
    )
    .option('--file <paths...>', 'read these mirror files, the oldest first')
    .option('--markdown', 'with --incident or --run: print the post-mortem');
  command('halt', 'let nothing be done to a cluster, or to any, until it is resumed', async () =>
    (await import('./halt.ts')).haltCommand('halt'),
  ).argument('[cluster]', 'every cluster when left out');
  command('resume', 'end a halt: approvers may', async () =>
    (await import('./halt.ts')).haltCommand('resume'),
  ).argument('[cluster]', 'every cluster when left out');
  command(
    'approve',
    'show the plan of a run; with --plan, give it your vote: the same rules as in Slack',
    async () => (await import('./approve.ts')).approveCommand,
  )
    .argument('<run>', 'such as RUN-0193')
    .option('--plan <hash>', 'the plan that you have read')
    .option('--typed <text>', 'what the plan asks you to type')
    .option('--reason <text>', 'why; it goes to the audit log')
    .option('--break-glass <phrase>', 'on call and alone: stands for the second vote, and pages the owners');
  command(
    'agent',
    'serve the bot on this host: reads agent.yaml, not watership.yaml',
    async () => (await import('./agent.ts')).agentCommand,
    SEARCHED_FOR_AGENT,
  );
  command(
    'schema',
    'print the JSON Schema of the configuration file',
    async () => (await import('./schema.ts')).schemaCommand,
  );
  command(
    'sandbox',
    'start the sandbox of a source checkout',
    async () => (await import('./sandbox.ts')).sandboxCommand,
  ).argument('[arguments...]', 'break <fault>, heal, status or stop');
  return root;
}
