/** Meaning of the exit codes of one command: 0 good, 1 to be looked at, 2 bad, 3 not known, as Nagios has them. */
export type ExitMeanings = Readonly<Partial<Record<0 | 1 | 2 | 3, string>>>;

const badConfiguration = 'the configuration is wrong';
const badCommandLine = 'the command line is wrong, or something failed; stderr says what';

/** Meaning of every exit code, by command. `--help` behind a command shows it. */
export const exitMeanings = {
  start: {
    0: 'stopped by a signal',
    2: 'the configuration is wrong, or the bot could not start',
    3: badCommandLine,
  },
  check: {
    0: 'everything works',
    1: 'it works, with warnings: something is not possible, or not advisable',
    2: 'the configuration is wrong, or something does not work',
    3: badCommandLine,
  },
  sweep: {
    0: 'healthy',
    1: 'warnings',
    2: 'critical',
    3: 'could not see everything: no node answers, or nothing wrong was found but a node does not answer; or the configuration is wrong',
  },
  call: {
    0: 'answered',
    1: 'the method raised an exception',
    2: 'no answer in time, or no server takes the request',
    3: 'could not ask: no broker, or the configuration or the command line is wrong',
  },
  cast: {
    0: 'sent',
    2: 'no server takes the request',
    3: 'could not send: no broker, or the configuration or the command line is wrong',
  },
  probe: {
    0: 'all answer',
    1: 'absent: no server has that name',
    2: 'deaf: connected but silent; or unbound: connected, but no exchange routes to it',
    3: 'could not ask: no broker, or the configuration or the command line is wrong',
  },
  tap: {
    0: 'listened until a limit was reached, or until it was stopped',
    3: 'could not listen: no broker, or the configuration or the command line is wrong',
  },
  incidents: { 0: 'listed', 2: badConfiguration, 3: badCommandLine },
  runbooks: { 0: 'listed', 3: badCommandLine },
  digest: { 0: 'printed', 2: badConfiguration, 3: badCommandLine },
  audit: {
    0: 'printed; with --verify: sound',
    2: 'the configuration is wrong; with --verify: an entry was edited, removed, replaced or cut off',
    3: 'the command line is wrong, or there is no such incident or run; with --verify: Redis could not be compared',
  },
  halt: { 0: 'halted', 2: 'refused, or the configuration is wrong', 3: badCommandLine },
  resume: { 0: 'resumed', 2: 'refused, or the configuration is wrong', 3: badCommandLine },
  approve: {
    0: 'the plan was shown, or the vote is recorded',
    2: 'refused, nothing to approve any more, or the configuration is wrong',
    3: 'no such run, or the command line is wrong, or something failed; stderr says what',
  },
  agent: {
    0: 'stopped by a signal',
    2: badConfiguration,
    3: 'it cannot start just now: try again (systemd does)',
  },
  schema: { 0: 'printed', 3: badCommandLine },
  sandbox: { 0: 'ended well', 3: 'not a source checkout; any other code is that of the sandbox itself' },
} as const satisfies Readonly<Record<string, ExitMeanings>>;

/** Name of a command of the terminal. */
export type CommandName = keyof typeof exitMeanings;

/** Exit codes of a command as its help shows them. */
export const exitText = (name: CommandName): string =>
  [
    '',
    'Exit codes:',
    ...Object.entries(exitMeanings[name]).map(([code, meaning]) => `  ${code}  ${meaning}`),
  ].join('\n');
