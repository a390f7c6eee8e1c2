import type { BotConfig } from './config.ts';
import { crossCheck } from './cross-checks.ts';
import type { Environment } from './environment.ts';
import { holdsPassword } from './fields.ts';
import { parseFile } from './parse-file.ts';
import type { ConfigPath, ConfigProblem } from './problem.ts';
import { readFirst } from './read-first.ts';
import { fileSchema } from './schema.ts';
import { shape } from './shape.ts';

export type Loaded =
  | { readonly kind: 'ok'; readonly file: string; readonly config: BotConfig }
  | { readonly kind: 'bad'; readonly file: string; readonly problems: readonly ConfigProblem[] };

const SEARCHED = ['./watership.yaml', '/etc/watership/watership.yaml'] as const;

/** Reads the configuration, and answers with it or with everything that is wrong with it, all at once. */
export function loadConfig(options: { readonly path?: string; readonly environment: Environment }): Loaded {
  const found = readFirst(options.path, SEARCHED);
  return found.kind === 'bad' ? found : parseConfig(found.text, found.file, options.environment);
}

/** The same for a text that is already read. */
export function parseConfig(text: string, file: string, environment: Environment): Loaded {
  const parsed = parseFile(text, environment, {
    schema: fileSchema,
    crossCheck: (raw) => crossCheck(raw, environment),
    isSecret,
  });
  return parsed.kind === 'ok'
    ? { kind: 'ok', file, config: shape(parsed.content, environment) }
    : { kind: 'bad', file, problems: parsed.problems };
}

/** What lets its holder command a host: a key that is shared with its agent, or one that logs in. */
const isSecret = (path: ConfigPath, value: string): boolean =>
  (path[0] === 'hosts' && /^(?:keys?|passphrase)$/.test(String(path[2]))) ||
  (path[0] === 'agents' && holdsPassword(value));
