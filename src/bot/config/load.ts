import { existsSync, readFileSync } from 'node:fs';
import { isMap, isNode, LineCounter, parseDocument, visit, type YAMLParseError } from 'yaml';
import type { BotConfig } from './config.ts';
import { crossCheck } from './cross-checks.ts';
import type { Environment } from './environment.ts';
import { explain, type Origin, problemAt } from './explain.ts';
import type { ConfigPath, ConfigProblem } from './problem.ts';
import { fileSchema } from './schema.ts';
import { fillIn, shield } from './secrets.ts';
import { shape } from './shape.ts';

export type Loaded =
  | { readonly kind: 'ok'; readonly file: string; readonly config: BotConfig }
  | { readonly kind: 'bad'; readonly file: string; readonly problems: readonly ConfigProblem[] };

const SEARCHED = ['./watership.yaml', '/etc/watership/watership.yaml'];

/** Reads the configuration, and answers with it or with everything that is wrong with it, all at once. */
export function loadConfig(options: { readonly path?: string; readonly environment: Environment }): Loaded {
  const file = options.path ?? SEARCHED.find((candidate) => existsSync(candidate));
  if (file === undefined) return unreadable('watership.yaml', `none at ${SEARCHED.join(' or ')}`);
  try {
    return parseConfig(readFileSync(file, 'utf8'), file, options.environment);
  } catch (error) {
    return unreadable(file, error instanceof Error && 'code' in error ? String(error.code) : String(error));
  }
}

const unreadable = (file: string, came: string): Loaded => ({
  kind: 'bad',
  file,
  problems: [
    {
      path: '',
      expected: 'a readable configuration file',
      came,
      cure: 'create it, or name another with --config',
    },
  ],
});

/** The same for a text that is already read. */
export function parseConfig(text: string, file: string, environment: Environment): Loaded {
  const lines = new LineCounter();
  const document = parseDocument(shield(text), { lineCounter: lines });
  if (document.errors.length > 0) {
    return { kind: 'bad', file, problems: [yamlProblem(document.errors, lines)] };
  }

  const filledPaths = new Set<string>();
  const problems: ConfigProblem[] = [];
  const lineAt = (path: ConfigPath): number | undefined => {
    for (let length = path.length; length >= 0; length -= 1) {
      const found = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      if (isNode(found) && found.range) return lines.linePos(found.range[0]).line;
    }
    return undefined;
  };

  visit(document, {
    Scalar(key, scalar, ancestors) {
      if (typeof scalar.value !== 'string' || key === 'key') return;
      const filled = fillIn(scalar.value, environment);
      const path = pathOf(key, ancestors);
      if (filled.kind === 'bad') {
        problems.push(
          problemAt(path, { lineAt }, 'a secret to fill in', `no ${filled.missing}`, filled.cure),
        );
        filledPaths.add(JSON.stringify(path));
      } else if (filled.wasFilled) {
        scalar.value = filled.value;
        filledPaths.add(JSON.stringify(path));
      }
    },
  });

  const raw: unknown = document.toJS();
  const origin: Origin = {
    valueAt: (path) => at(raw, path),
    lineAt,
    knownKeys,
    wasFilled: (path) => filledPaths.has(JSON.stringify(path)),
  };
  const parsed = fileSchema.safeParse(raw ?? {});
  const issues = parsed.success ? [] : parsed.error.issues;
  tellNew(
    problems,
    issues.flatMap((issue) => explain(issue, origin)),
  );
  tellNew(
    problems,
    crossCheck(raw).map(({ path, expected, came, cure }) => problemAt(path, origin, expected, came, cure)),
  );
  if (parsed.success && problems.length === 0) return { kind: 'ok', file, config: shape(parsed.data) };
  return {
    kind: 'bad',
    file,
    problems: problems.toSorted((left, right) => (left.line ?? 0) - (right.line ?? 0)),
  };
}

/** One problem a field: a field that is wrong by itself is not also told to be wrong beside others. */
function tellNew(problems: ConfigProblem[], more: readonly ConfigProblem[]): void {
  const told = new Set(problems.map(({ path }) => path));
  problems.push(...more.filter(({ path }) => !told.has(path)));
}

/** Only the first: what the parser stumbles over behind it mostly follows from it. */
function yamlProblem(errors: readonly YAMLParseError[], lines: LineCounter): ConfigProblem {
  const [first] = errors.toSorted((one, other) => one.pos[0] - other.pos[0]);
  const said = first?.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '');
  const isWithoutColon = first?.code === 'MULTILINE_IMPLICIT_KEY';
  return {
    path: '',
    ...(first === undefined ? {} : { line: lines.linePos(first.pos[0]).line }),
    expected: 'YAML',
    came: isWithoutColon ? 'a line without "key: value"' : (said ?? 'something else'),
    cure: isWithoutColon
      ? 'write a colon and a space behind the key'
      : 'correct the line; quote text that holds ":" or "#", and indent with spaces',
  };
}

/** The path of a scalar, from the pairs and lists above it. */
function pathOf(key: unknown, ancestors: readonly unknown[]): ConfigPath {
  const path: (string | number)[] = [];
  for (const [index, ancestor] of ancestors.entries()) {
    const child = ancestors[index + 1];
    if (hasItems(ancestor) && !isMap(ancestor)) {
      path.push(child === undefined ? Number(key) : ancestor.items.indexOf(child));
    } else if (isPairLike(ancestor)) {
      path.push(String(ancestor.key));
    }
  }
  return path;
}

const hasItems = (value: unknown): value is { readonly items: readonly unknown[] } =>
  typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items);

const isPairLike = (value: unknown): value is { readonly key: unknown } =>
  typeof value === 'object' && value !== null && 'key' in value && !('contents' in value);

function at(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (current, part) =>
      typeof current === 'object' && current !== null ? Reflect.get(current, part) : undefined,
    value,
  );
}

/** Keys that the schema knows at a path, read from the schema itself. */
function knownKeys(path: ConfigPath): readonly string[] {
  let schema: unknown = fileSchema;
  for (const part of path) schema = step(unwrap(schema), part);
  const shapeOf = property(unwrap(schema), 'shape');
  return typeof shapeOf === 'object' && shapeOf !== null ? Object.keys(shapeOf) : [];
}

function step(schema: unknown, part: string | number): unknown {
  if (typeof part === 'number') return property(schema, 'element');
  return property(property(schema, 'shape'), part) ?? property(schema, 'valueType');
}

/** Takes `optional`, `default` and `prefault` off. */
function unwrap(schema: unknown): unknown {
  const inner = property(property(schema, 'def'), 'innerType');
  return inner === undefined ? schema : unwrap(inner);
}

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
