import type { Environment } from '../process/environment.ts';
import type { BotConfig } from './config.ts';
import { crossCheck } from './cross/cross-checks.ts';
import { mustBeFilled } from './file/own-secrets.ts';
import { parseFile } from './file/parse-file.ts';
import type { ConfigProblem } from './file/problem.ts';
import { readFirst } from './file/read-first.ts';
import { SEARCHED } from './file/searched.ts';
import { fileSchema } from './schema/schema.ts';
import { shape } from './shape.ts';

export type Loaded =
  | { readonly kind: 'ok'; readonly file: string; readonly config: BotConfig }
  | { readonly kind: 'bad'; readonly file: string; readonly problems: readonly ConfigProblem[] };

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
    isSecret: mustBeFilled,
    isThrownAway,
  });
  return parsed.kind === 'ok'
    ? {
        kind: 'ok',
        file,
        config: { ...shape(parsed.content, environment), readFrom: [file, ...parsed.files] },
      }
    : { kind: 'bad', file, problems: parsed.problems };
}

/** The sandbox writes its own file anew at each start, with secrets that open nothing else. */
const isThrownAway = (raw: unknown): boolean =>
  typeof raw === 'object' && raw !== null && Reflect.get(raw, 'sandbox') !== undefined;
