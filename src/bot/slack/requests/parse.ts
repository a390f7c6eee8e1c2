export interface Typed {
  /** Empty when nothing was typed. */
  readonly verb: string;
  readonly words: readonly string[];
  /** `share` at the end: the answer is for the channel. */
  readonly isShared: boolean;
}

/** Reads what was typed after `/rabbit`. Quotes keep words together; phones type curly ones. */
export function parseTyped(text: string): Typed {
  const pieces = [...text.trim().matchAll(/["“”]([^"“”]*)["“”]|(\S+)/g)].map(
    ([, quoted, bare]) => quoted ?? bare ?? '',
  );
  const isShared = pieces.length > 1 && pieces.at(-1)?.toLowerCase() === 'share';
  const [verb = '', ...words] = isShared ? pieces.slice(0, -1) : pieces;
  return { verb: verb.toLowerCase(), words, isShared };
}
