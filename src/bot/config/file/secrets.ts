import { readFileSync } from 'node:fs';
import type { Environment } from '../../process/environment.ts';

// `${NAME}` cannot stand unquoted in a YAML flow mapping: braces end the scalar there. Private-use characters of the same
// length stand in while YAML is parsed, so that line numbers stay true.
const OPEN = '\uE000';
const CLOSE = '\uE001';

/** Makes `${…}` safe for the YAML parser. `fillIn` undoes it. */
export const shield = (text: string): string =>
  text.replace(/\$\{([^{}\n]*)\}/g, (_, inner: string) => `$${OPEN}${inner}${CLOSE}`);

export type Filled =
  | {
      readonly kind: 'ok';
      readonly value: unknown;
      readonly wasFilled: boolean;
      /** Files that were read for it. */
      readonly files: readonly string[];
    }
  | Missing;

/** A value that is not there: what was expected, what came, and the cure, as a problem says them. */
interface Missing {
  readonly kind: 'bad';
  readonly expected: string;
  readonly came: string;
  readonly cure: string;
}

/** Puts in the values of `${ENV}` and `${file:/path}`; the content of a file loses its last newline. */
export function fillIn(value: string, environment: Environment): Filled {
  let problem: Missing | undefined;
  let wasFilled = false;
  const files: string[] = [];
  const filled = value.replace(new RegExp(`\\$${OPEN}([^${CLOSE}]*)${CLOSE}`, 'g'), (_, inner: string) => {
    wasFilled = true;
    if (inner.startsWith('file:')) {
      files.push(inner.slice('file:'.length));
    }
    const found = inner.startsWith('file:')
      ? fromFile(inner.slice('file:'.length))
      : fromEnvironment(inner, environment);
    if (found.kind === 'bad') {
      problem ??= found;
    }
    return found.kind === 'ok' ? found.text : '';
  });
  return problem ?? { kind: 'ok', value: filled, wasFilled, files };
}

type Read = { readonly kind: 'ok'; readonly text: string } | Missing;

function fromFile(path: string): Read {
  try {
    return { kind: 'ok', text: readFileSync(path, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return {
      kind: 'bad',
      expected: `a value in the file ${path}`,
      came: code === 'ENOENT' ? 'nothing: there is no such file' : `a file that cannot be read (${code})`,
      cure: `create ${path}, readable by the user that runs Watership, or name another file`,
    };
  }
}

function fromEnvironment(name: string, environment: Environment): Read {
  const text = environment.read(name);
  if (text !== undefined && text !== '') {
    return { kind: 'ok', text };
  }
  return {
    kind: 'bad',
    expected: `a value in the environment variable ${name}`,
    came: `nothing: it is ${text === undefined ? 'not set' : 'empty'}`,
    cure: `set ${name} in the environment, or use \${file:/path} to read it from a file`,
  };
}
