import type { z } from 'zod';
import { definite } from '../../../rpc/index.ts';
import { nearest } from './nearest.ts';
import { mayHoldSecret } from './own-secrets.ts';
import { type ConfigPath, type ConfigProblem, tellPath } from './problem.ts';

type Issue = z.core.$ZodIssue;

/** What is needed to say where a problem is and what came. */
export interface Origin {
  /** The value at a path of the parsed file. */
  valueAt(path: ConfigPath): unknown;
  lineAt(path: ConfigPath): number | undefined;
  /** Keys that the schema knows at a path. */
  knownKeys(path: ConfigPath): readonly string[];
  /** True when the value came from `${…}`. */
  wasFilled(path: ConfigPath): boolean;
}

/** A schema's issue in our words; an unknown key each becomes its own problem. */
export function explain(issue: Issue, origin: Origin): readonly ConfigProblem[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...path, key], key, origin));
  }
  const came = tellValue(path, origin);
  const expected = expectedOf(issue);
  const cure = cureOf(issue, path, expected, origin);
  return [problemAt(path, origin, expected, came, cure)];
}

export function problemAt(
  path: ConfigPath,
  origin: Pick<Origin, 'lineAt'>,
  expected: string,
  came: string,
  cure: string,
): ConfigProblem {
  const line = origin.lineAt(path);
  return { path: tellPath(path), ...definite({ line }), expected, came, cure };
}

function unknownKey(path: ConfigPath, key: string, origin: Origin): ConfigProblem {
  const known = origin.knownKeys(path.slice(0, -1));
  const near = nearest(key, known);
  const cure = near ? `write ${near} instead of ${key}` : `remove ${key}`;
  return problemAt(path, origin, `one of ${known.join(', ')}`, `the unknown key ${key}`, cure);
}

function expectedOf(issue: Issue): string {
  // Texts of our schema finish "expected …"; the library's own begin with a capital and a colon follows.
  if (!/^(Invalid|Too|Unrecognized|Expected)/.test(issue.message)) {
    return issue.message;
  }
  if (issue.code === 'invalid_type') {
    return issue.expected === 'object' ? 'a mapping' : `a ${issue.expected}`;
  }
  return issue.message.replace(/^[^:]*: (expected )?/, '');
}

function cureOf(issue: Issue, path: ConfigPath, expected: string, origin: Origin): string {
  const lastName = path.findLastIndex((part) => typeof part === 'string');
  const key = tellPath(path.slice(Math.max(lastName, 0)));
  const value = origin.valueAt(path);
  if (key === '') {
    return `write the file as ${expected}`;
  }
  if (value === undefined || value === null) {
    return `add ${key}: ${expected}`;
  }
  if (expected.startsWith('a duration') && /^\d+(\.\d+)?$/.test(String(value))) {
    return `write ${key}: ${String(value)}s for seconds; the other units are ms, m, h and d`;
  }
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  if (isScalar && issue.code === 'invalid_type' && issue.expected === 'string') {
    return `set ${key} to ${expected}; if it is one, put it in quotes`;
  }
  const offered = [...expected.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? '');
  const near = typeof value === 'string' ? nearest(value, offered) : undefined;
  return near ? `write ${key}: ${near}` : `set ${key} to ${expected}`;
}

/** What came, for people; a secret is never shown. */
function tellValue(path: ConfigPath, origin: Pick<Origin, 'valueAt' | 'wasFilled'>): string {
  const value = origin.valueAt(path);
  if (value === undefined || value === null) {
    return 'nothing';
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? 'an empty list' : 'a list';
  }
  if (typeof value === 'object') {
    return 'a mapping';
  }
  const key = path.findLast((part) => typeof part === 'string');
  if (origin.wasFilled(path) || (key !== undefined && mayHoldSecret(key))) {
    return value === '' ? 'an empty value' : 'a value that is not shown';
  }
  if (typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  // Up to the last @: a password that was not percent-encoded may hold one, or a slash.
  const text = String(value).replace(/\/\/\S*@/, '//…@');
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
