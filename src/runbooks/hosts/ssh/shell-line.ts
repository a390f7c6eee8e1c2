export type ShellLine =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'refused'; readonly because: string };

/**
 * An argv list as the one line that SSH can carry: the shell at the other end reads it back as exactly this list. What no
 * shell line can hold, or what is not text, is refused.
 */
export function shellLine(argv: readonly string[]): ShellLine {
  const [program] = argv;
  if (program === undefined) {
    return { kind: 'refused', because: 'the command is empty' };
  }
  // Some shells would take it for an option of their own `exec`.
  if (program.startsWith('-')) {
    return { kind: 'refused', because: `${JSON.stringify(program)} is not a program: it begins with a dash` };
  }
  const bad = argv.find((element) => unsendable.test(element));
  return bad === undefined
    ? { kind: 'line', line: argv.map(quote).join(' ') }
    : {
        kind: 'refused',
        because: `${JSON.stringify(bad)} contains a line break, a NUL or an incomplete character; nothing was sent`,
      };
}

const unsendable = /[\0\r\n\p{Surrogate}]/u;

/** Every element, also the harmless ones: a first word like `if` or `A=b` would mean something else unquoted. */
const quote = (element: string): string => `'${element.replaceAll("'", `'\\''`)}'`;
