import { z } from 'zod';
import { definite } from '../../rpc/index.ts';
import { type OperationTemplates, presets } from '../../runbooks/index.ts';
import { parseFile } from '../config/file/parse-file.ts';
import type { ConfigPath, ConfigProblem, CrossProblem } from '../config/file/problem.ts';
import { readFirst } from '../config/file/read-first.ts';
import { SEARCHED_FOR_AGENT } from '../config/file/searched.ts';
import { holdsPassword } from '../config/schema/fields.ts';
import type { Environment } from '../process/environment.ts';
import type { AgentConfig } from './agent-config.ts';
import { type AgentFile, agentFileSchema } from './agent-schema.ts';

export type LoadedAgent =
  | { readonly kind: 'ok'; readonly file: string; readonly config: AgentConfig }
  | { readonly kind: 'bad'; readonly file: string; readonly problems: readonly ConfigProblem[] };

/** Reads an agent's configuration, and answers with it or with everything that is wrong with it, all at once. */
export function loadAgent(options: {
  readonly path?: string;
  readonly environment: Environment;
}): LoadedAgent {
  const found = readFirst(options.path, SEARCHED_FOR_AGENT);
  return found.kind === 'bad' ? found : parseAgent(found.text, found.file, options.environment);
}

/** The same for a text that is already read. */
export function parseAgent(text: string, file: string, environment: Environment): LoadedAgent {
  const parsed = parseFile(text, environment, { schema: agentFileSchema, crossCheck, isSecret });
  if (parsed.kind === 'bad') {
    return { kind: 'bad', file, problems: parsed.problems };
  }
  const { content, files } = parsed;
  const [key, ...older] = content.keys;
  // The schema wants at least one.
  if (key === undefined) {
    throw new Error(`${file} has no keys`);
  }
  return { kind: 'ok', file, config: { ...shape(content, [key, ...older]), readFrom: [file, ...files] } };
}

/** There is no other place for them: a file is read by more people than it should be. */
const isSecret = (path: ConfigPath, value: string): boolean =>
  path[0] === 'keys' || (path[0] === 'transportUrl' && holdsPassword(value));

const shape = (file: AgentFile, keys: AgentConfig['keys']): AgentConfig => ({
  host: file.host,
  transportUrl: file.transportUrl,
  keys,
  commands: commandsOf(file),
  allow: file.allow,
  journal: { folder: file.journal.folder, keepMs: file.journal.keep },
  commandMs: file.commandLimit,
  log: file.log,
});

function commandsOf({ preset, operations }: Pick<AgentFile, 'preset' | 'operations'>): OperationTemplates {
  const restart = operations['service.restart'] ?? presets[preset]['service.restart'];
  const status = operations['service.status'] ?? presets[preset]['service.status'];
  return {
    ...definite({ 'service.restart': restart, 'service.status': status }),
  };
}

/** The fields that refer to each other, each by itself: what is wrong about one is the schema's to tell. */
const crossSchema = z.object({
  keys: z.array(z.string()).catch([]),
  preset: agentFileSchema.shape.preset.catch('systemd'),
  operations: agentFileSchema.shape.operations.catch({}),
  allow: agentFileSchema.shape.allow.catch({ restart: [], status: [], read: [] }),
});

function crossCheck(raw: unknown): readonly CrossProblem[] {
  const file = crossSchema.safeParse(raw).data;
  return file === undefined ? [] : [...twiceTheSameKey(file.keys), ...missingCommands(file)];
}

function* twiceTheSameKey([first, second]: readonly string[]): Iterable<CrossProblem> {
  if (first === undefined || first !== second) {
    return;
  }
  yield {
    path: ['keys', 1],
    expected: 'a key that differs from the first: two keys are for replacing one',
    came: 'the same',
    cure: 'remove the second',
  };
}

function* missingCommands(file: z.output<typeof crossSchema>): Iterable<CrossProblem> {
  const commands = commandsOf(file);
  const { restart, status } = file.allow;
  for (const [operation, list, services] of [
    ['service.restart', 'allow.restart', restart],
    ['service.status', 'allow.status', status],
  ] as const) {
    if (services.length === 0 || commands[operation] !== undefined) {
      continue;
    }
    yield {
      path: ['operations'],
      expected: `a command for ${operation}, because ${list} names ${services.join(', ')}`,
      came: `preset ${file.preset}, which has none`,
      cure: `add operations: { ${operation}: [<program>, …, "{service}"] }`,
    };
  }
}
