import { Command, Option } from 'commander';
import { SEARCHED, SEARCHED_FOR_AGENT } from '../config/file/searched.ts';
import { version } from '../process/version.ts';
import { type CommonOptions, type Console, URL_VARIABLE } from './common/console.ts';
import { type CommandName, exitText } from './exit-codes.ts';

/** Commands of the terminal with their arguments and options. `onExit` gets the exit code of the one that ran. */
export function commandTree(options: Console, onExit: (exitCode: number) => void): Command {
  const root = new Command('watership')
    .description(
      'Keeps RabbitMQ under OpenStack alive: finds faults, proposes repairs, asks for approval, repairs and verifies.',
    )
    .version(version())
    .exitOverride()
    // `call … --version 1.2` is the version of the RPC; `watership --version` is our own.
    .enablePositionalOptions()
    .configureOutput({ writeOut: options.out, writeErr: options.err })
    .showSuggestionAfterError()
    .showHelpAfterError('Add --help to see the arguments and options of the command.');

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
        if (!(self instanceof Command)) {
          return;
        }
        const run = await load();
        onExit(await run(options, self.opts<Own>(), self.args));
      });

  command('start', 'run the bot', async () => (await import('./start.ts')).startCommand);
  command(
    'check',
    'read the configuration and test each connection',
    async () => (await import('./check/check.ts')).checkCommand,
  );
  command(
    'sweep',
    'sweep once and print what is wrong',
    async () => (await import('./sweep.ts')).sweepCommand,
  )
    .option('--cluster <name>', 'only this cluster')
    .addHelpText(
      'after',
      `
One sweep has no memory and sends no probes, so it does not find growth, zombie or orphan queues, or deaf or unbound
services. \`watership probe --all\` probes the services. A running bot finds all of them; where Redis can be reached, its
open incidents are printed too and count in the exit code.`,
    );
  const broker = (self: Command): Command =>
    self
      .option(
        '--url <url>',
        `broker rabbit://user:password@host:port/vhost, instead of a configuration; or set ${URL_VARIABLE}`,
      )
      .option('--cluster <name>', 'only this cluster')
      .option('--vhost <name>', 'use this vhost');
  const request = (self: Command): Command =>
    broker(self)
      .argument('<topic>', 'such as compute')
      .argument('<method>', 'such as ping')
      .option('--server <name>', 'only this server of the topic')
      .option('--fanout', 'send to every server of the topic (cast only)')
      .option('--namespace <name>', 'namespace of the method')
      .option('--version <version>', 'version of the RPC interface, such as 1.2')
      .option('--exchange <name>', 'exchange, such as nova (default: where the queue is bound)')
      .option('--timeout <duration>', 'wait at most this long', '10s')
      .option('--args <json>', 'arguments of the method, as a JSON object')
      .option('--context <json>', 'request context, as a JSON object');
  request(
    command('call', 'call a method of a service', async () => (await import('./rpc/call.ts')).callCommand),
  );
  request(
    command(
      'cast',
      'send a request to a service without waiting for an answer',
      async () => (await import('./rpc/cast.ts')).castCommand,
    ),
  );
  broker(
    command(
      'probe',
      'probe whether services answer',
      async () => (await import('./rpc/probe.ts')).probeCommand,
    ),
  )
    .argument('[topic]', 'such as compute; its servers are probed too')
    .argument('[server]', 'only this server of the topic')
    .option('--exchange <name>', 'exchange, such as nova (default: where the queue is bound)')
    .option('--all', 'every service of the configuration');
  broker(
    command(
      'tap',
      'show the messages that pass through an exchange; no queue loses a message',
      async () => (await import('./rpc/tap.ts')).tapCommand,
    ),
  )
    .argument('<exchange>', 'such as nova, or openstack where the services share one')
    .argument('<routing-key>', 'such as notifications.#')
    .option('--max-messages <n>', 'stop after this many messages')
    .option('--max-seconds <n>', 'stop after this many seconds', '60')
    .option('--unmask', 'show tokens and passwords unmasked');
  command(
    'incidents',
    'list incidents, newest first',
    async () => (await import('./incidents.ts')).incidentsCommand,
  )
    .option('--cluster <name>', 'only this cluster')
    .option('--limit <n>', 'how many (default: 20)');
  command(
    'runbooks',
    'list what the bot detects and what it can repair',
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
    .option('--since <duration>', 'only entries newer than this, such as 24h')
    .option('--limit <n>', 'how many of the newest (default: 50; all with --run, --incident or --since)')
    .option(
      '--verify',
      'find any edit, gap or cut, in Redis and in the mirror; the exit code is 0 if sound, 2 if broken, 3 if it could not compare',
    )
    .option('--file <paths...>', 'read these mirror files, the oldest first')
    .option('--markdown', 'with --incident or --run: print the post-mortem');
  command(
    'halt',
    'halt all repairs of a cluster, or of all clusters, until somebody resumes them',
    async () => (await import('./halt.ts')).haltCommand('halt'),
  ).argument('[cluster]', 'omit it for all clusters');
  command('resume', 'resume repairs after a halt (approvers only)', async () =>
    (await import('./halt.ts')).haltCommand('resume'),
  ).argument('[cluster]', 'omit it for all clusters');
  command(
    'approve',
    'show the plan of a run; with --plan, approve it under the same rules as in Slack',
    async () => (await import('./approve.ts')).approveCommand,
  )
    .argument('<run>', 'such as RUN-0193')
    .option('--plan <hash>', 'hash of the plan that you have read')
    .option('--typed <text>', 'confirmation that the plan asks you to type')
    .option('--reason <text>', 'why; it goes to the audit log')
    .option(
      '--break-glass <phrase>',
      'if you are on call and alone: replaces the second vote and pages the owners',
    );
  command(
    'agent',
    'run the agent of the bot on this host: reads agent.yaml, not watership.yaml',
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
    'start the sandbox (source checkout only)',
    async () => (await import('./sandbox.ts')).sandboxCommand,
  ).argument('[arguments...]', 'break <fault>, heal, status or stop');
  return root;
}
