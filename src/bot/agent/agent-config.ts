import type { AllowList, OperationTemplates } from '../../runbooks/index.ts';

/** An agent's configuration after parsing: defaults filled in, secrets resolved, durations in milliseconds. */
export interface AgentConfig {
  /** Its name: the entry under `hosts` of the bot's configuration. */
  readonly host: string;
  readonly transportUrl: string;
  readonly keys: readonly [string, ...string[]];
  /** Commands of its services, from the preset and the operations. */
  readonly commands: OperationTemplates;
  readonly allow: AllowList;
  readonly journal: { readonly folder: string; readonly keepMs: number };
  readonly commandMs: number;
  /** The file itself, and those that its secrets were read from. */
  readonly readFrom?: readonly string[];
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' };
}
