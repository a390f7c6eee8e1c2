/** One thing that is wrong with the configuration, and what to do about it. */
export interface ConfigProblem {
  /** Where in the file, `clusters[0].nodes[1].management`; empty for the whole file. */
  readonly path: string;
  /** Line of the file, from 1; absent when the file could not be read. */
  readonly line?: number;
  /** Finishes the sentence "expected …". */
  readonly expected: string;
  /** Finishes the sentence "got …". Never holds a secret. */
  readonly came: string;
  /** What to do, as an order. */
  readonly cure: string;
}

export type ConfigPath = readonly (string | number)[];

/** What no single field can tell is wrong: the same, before its line is known. */
export interface CrossProblem {
  readonly path: ConfigPath;
  readonly expected: string;
  readonly came: string;
  readonly cure: string;
}

export const tellPath = (path: ConfigPath): string =>
  path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index ? '.' : ''}${part}`)).join('');

/** The problems as lines for a terminal. */
export function tellProblems(file: string, problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  const lines = problems.map(({ path, line, expected, came, cure }) => {
    const place = [line === undefined ? '' : `line ${line}`, path].filter(Boolean).join(', ');
    return `  ${place || 'the file'}: expected ${expected}; got ${came}\n    → ${cure}`;
  });
  return [`${file}: ${count}`, ...lines].join('\n');
}
