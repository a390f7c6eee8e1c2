import type { BotConfig } from '../../config/config.ts';
import type { Environment } from '../../process/environment.ts';

/*
 * What every command uses. The command line loads it before it knows which command is asked for: it imports nothing that
 * runs.
 */

/** What a command may use of the process around it. */
export interface Console {
  readonly environment: Environment;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Registers what SIGINT and SIGTERM call. */
  readonly onStop: (stop: (signal: string) => void) => void;
  /** Registers what is called when nobody reads the output any more: the pipe behind it is closed. */
  readonly onUnread?: (stop: () => void) => void;
}

/** Variable that stands in for `--url`: what is typed stands in the list of processes, what is exported does not. */
export const URL_VARIABLE = 'WATERSHIP_URL';

/** Options that every command takes. */
export interface CommonOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** The Nagios convention, also for commands that have only good and bad. */
export const exitCodes = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const;

/** What is said of a cluster that the configuration does not have. */
export const noCluster = (wanted: string | undefined, { clusters }: Pick<BotConfig, 'clusters'>): string =>
  `No cluster named “${wanted ?? ''}”. Known clusters: ${clusters.map(({ settings }) => settings.name).join(', ')}.`;

export const printJson = (console: Console, value: unknown): void =>
  console.out(`${JSON.stringify(value, null, 2)}\n`);

/** A terminal must not be steered by a queue's name: control characters are shown, not sent. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
