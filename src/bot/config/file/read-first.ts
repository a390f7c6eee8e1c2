import { existsSync, readFileSync } from 'node:fs';
import { listed } from '../../wording/words.ts';
import type { ConfigProblem } from './problem.ts';

export type ConfigText =
  | { readonly kind: 'ok'; readonly file: string; readonly text: string }
  | { readonly kind: 'bad'; readonly file: string; readonly problems: readonly ConfigProblem[] };

/** The named file, or else the first of those searched that is there. */
export function readFirst(path: string | undefined, searched: readonly [string, ...string[]]): ConfigText {
  const file = path ?? searched.find((candidate) => existsSync(candidate));
  if (file === undefined) {
    return unreadable(searched[0].replace(/^.*\//, ''), `none at ${listed(searched, 'or')}`);
  }
  try {
    return { kind: 'ok', file, text: readFileSync(file, 'utf8') };
  } catch (error) {
    return unreadable(file, error instanceof Error && 'code' in error ? String(error.code) : String(error));
  }
}

const unreadable = (file: string, came: string): ConfigText => ({
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
