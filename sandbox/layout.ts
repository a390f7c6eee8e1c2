import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderFromEnvironment } from './environment.ts';

/** The checkout. */
export const projectFolder: string = fileURLToPath(new URL('..', import.meta.url));

/** Where everything of one sandbox lies. */
export interface Layout {
  readonly folder: string;
  /** `sandbox.json`: by it other programs drive the sandbox. */
  readonly report: string;
  /** Whose folder it is: the sandbox's own process. */
  readonly claim: string;
  /** Which processes were started. */
  readonly pidList: string;
  /** The generated `watership.yaml`. */
  readonly config: string;
  /** The program by which the bot has something done to a node or service. */
  readonly hostCommand: string;
  readonly logs: string;
  readonly redis: string;
  readonly slack: string;
  readonly cluster: string;
}

/** The default folder is `.sandbox` in the checkout. */
export function layoutOf(folder?: string): Layout {
  const base = resolve(folder ?? folderFromEnvironment ?? join(projectFolder, '.sandbox'));
  return {
    folder: base,
    report: join(base, 'sandbox.json'),
    claim: join(base, 'claim.json'),
    pidList: join(base, 'pids.json'),
    config: join(base, 'watership.yaml'),
    hostCommand: join(base, 'bin', 'host'),
    logs: join(base, 'logs'),
    redis: join(base, 'redis'),
    slack: join(base, 'slack'),
    cluster: join(base, 'rabbitmq'),
  };
}
