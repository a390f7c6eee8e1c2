import { type Document, isNode, LineCounter, parseDocument, type Scalar, type YAMLParseError } from 'yaml';
import type { z } from 'zod';
import type { Environment } from '../../process/environment.ts';
import { learnSecrets } from '../../process/redact.ts';
import { type Resolved, resolveAliases } from './aliases.ts';
import { explain, type Origin, problemAt } from './explain.ts';
import { recognisable } from './own-secrets.ts';
import type { ConfigPath, ConfigProblem, CrossProblem } from './problem.ts';
import { scalarsOf } from './scalars.ts';
import { type Filled, fillIn, shield } from './secrets.ts';

/** What makes a kind of configuration file. */
export interface FileKind<File> {
  readonly schema: z.ZodType<File>;
  /** What no single field can tell. */
  readonly crossCheck: (raw: unknown) => readonly CrossProblem[];
  /** Whether this value may come from `${…}` only. @default none */
  readonly isSecret?: (path: ConfigPath, value: string) => boolean;
  /** Whether the secrets of this file are worth nothing, so that they may stand in it. @default never */
  readonly isThrownAway?: (raw: unknown) => boolean;
}

export type Parsed<File> =
  /** `files`: those that were read for its secrets. */
  | { readonly kind: 'ok'; readonly content: File; readonly files: readonly string[] }
  | { readonly kind: 'bad'; readonly problems: readonly ConfigProblem[] };

/** Reads YAML, fills secrets in, and answers with the checked content or with everything that is wrong, all at once. */
export function parseFile<File>(text: string, environment: Environment, kind: FileKind<File>): Parsed<File> {
  const lines = new LineCounter();
  const document = parseDocument(shield(text), { lineCounter: lines });
  if (document.errors.length > 0) {
    return { kind: 'bad', problems: [yamlProblem(document.errors, lines, text)] };
  }

  const resolved = resolveAliases(document);
  if (resolved.kind === 'bad') {
    return { kind: 'bad', problems: [aliasProblem(resolved, lines)] };
  }

  const isThrownAway = kind.isThrownAway?.(valuesOf(document)) === true;
  const files = new Set<string>();
  const filledPaths = new Set<string>();
  const problems: ConfigProblem[] = [];
  const lineAt = (path: ConfigPath): number | undefined => {
    for (let length = path.length; length >= 0; length -= 1) {
      const found = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      if (isNode(found) && found.range) {
        return lines.linePos(found.range[0]).line;
      }
    }
    return undefined;
  };

  // The value behind an alias is filled in once, and judged at every place where it stands.
  const filledIn = new Map<Scalar, Filled>();
  for (const { path, scalar } of scalarsOf(document.contents, resolved.targets)) {
    const known = filledIn.get(scalar);
    if (known === undefined && typeof scalar.value !== 'string') {
      continue;
    }
    const filled = known ?? fillIn(String(scalar.value), environment);
    filledIn.set(scalar, filled);
    if (filled.kind === 'bad') {
      problems.push(problemAt(path, { lineAt }, filled.expected, filled.came, filled.cure));
      filledPaths.add(JSON.stringify(path));
    } else if (filled.wasFilled) {
      scalar.value = filled.value;
      filledPaths.add(JSON.stringify(path));
      for (const read of filled.files) {
        files.add(read);
      }
    } else if (!isThrownAway && kind.isSecret?.(path, String(scalar.value))) {
      problems.push(problemAt(path, { lineAt }, ...literalSecret));
    }
  }

  const raw = valuesOf(document);
  learnSecrets(recognisable(raw));
  const origin: Origin = {
    valueAt: (path) => at(raw, path),
    lineAt,
    knownKeys: (path) => knownKeys(kind.schema, path, raw),
    wasFilled: (path) => filledPaths.has(JSON.stringify(path)),
  };
  const parsed = kind.schema.safeParse(raw ?? {});
  const issues = parsed.success ? [] : parsed.error.issues;
  tellNew(
    problems,
    issues.flatMap((issue) => explain(issue, origin)),
  );
  tellNew(
    problems,
    kind
      .crossCheck(raw)
      .map(({ path, expected, came, cure }) => problemAt(path, origin, expected, came, cure)),
  );
  if (parsed.success && problems.length === 0) {
    return { kind: 'ok', content: parsed.data, files: [...files] };
  }
  return {
    kind: 'bad',
    problems: problems.toSorted((left, right) => (left.line ?? 0) - (right.line ?? 0)),
  };
}

const literalSecret = [
  'a secret from the environment or from a file',
  'a value written in this file',
  `write \${NAME} or \${file:/path} in its place`,
] as const;

/** One problem a field: a field that is wrong by itself is not also told to be wrong beside others. */
function tellNew(problems: ConfigProblem[], more: readonly ConfigProblem[]): void {
  const told = new Set(problems.map(({ path }) => path));
  problems.push(...more.filter(({ path }) => !told.has(path)));
}

/** Only the first: what the parser stumbles over behind it mostly follows from it. */
function yamlProblem(errors: readonly YAMLParseError[], lines: LineCounter, text: string): ConfigProblem {
  const [first] = errors.toSorted((one, other) => one.pos[0] - other.pos[0]);
  const said = first?.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '');
  if (first?.code === 'DUPLICATE_KEY') {
    // Shielding keeps every character in its place.
    const key = /^[^\s:]+/.exec(text.slice(first.pos[0]))?.[0] ?? '';
    const { line } = lines.linePos(first.pos[0]);
    return {
      path: key,
      line,
      expected: 'each key once',
      came: `a second ${key} beside the first`,
      cure: `remove one of them, or put what both hold under one ${key}:`,
    };
  }
  const isWithoutColon = first?.code === 'MULTILINE_IMPLICIT_KEY';
  return {
    path: '',
    ...(first === undefined ? {} : { line: lines.linePos(first.pos[0]).line }),
    expected: 'YAML',
    came: isWithoutColon ? 'a line without "key: value"' : (said ?? 'something else'),
    cure: isWithoutColon
      ? 'write a colon and a space after the key'
      : 'correct the line; quote text that holds ":" or "#", and indent with spaces',
  };
}

function aliasProblem(
  { at, came, cure }: Extract<Resolved, { kind: 'bad' }>,
  lines: LineCounter,
): ConfigProblem {
  const line = at.range ? { line: lines.linePos(at.range[0]).line } : {};
  return { path: '', ...line, expected: 'an alias that can be resolved', came, cure };
}

/** The bound of the library counts aliases, ours the values that they make. */
const valuesOf = (document: Document): unknown => document.toJS({ maxAliasCount: -1 });

function at(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (current, part) =>
      typeof current === 'object' && current !== null ? Reflect.get(current, part) : undefined,
    value,
  );
}

/** Keys that the schema knows at a path, read from the schema itself. */
function knownKeys(root: unknown, path: ConfigPath, raw: unknown): readonly string[] {
  let schema = root;
  for (const part of path) {
    schema = step(unwrap(schema), part);
  }
  const shapeOf = property(optionFor(unwrap(schema), at(raw, path)), 'shape');
  return typeof shapeOf === 'object' && shapeOf !== null ? Object.keys(shapeOf) : [];
}

function step(schema: unknown, part: string | number): unknown {
  if (typeof part === 'number') {
    return property(schema, 'element');
  }
  return property(property(schema, 'shape'), part) ?? property(schema, 'valueType');
}

/** Option of a discriminated union that the value means. */
function optionFor(schema: unknown, value: unknown): unknown {
  const key = property(property(schema, 'def'), 'discriminator');
  const options = property(schema, 'options');
  if (typeof key !== 'string' || !Array.isArray(options)) {
    return schema;
  }
  return options.find(
    (option) => property(property(property(option, 'shape'), key), 'value') === property(value, key),
  );
}

/** Takes `optional`, `default` and `prefault` off. */
function unwrap(schema: unknown): unknown {
  const inner = property(property(schema, 'def'), 'innerType');
  return inner === undefined ? schema : unwrap(inner);
}

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
