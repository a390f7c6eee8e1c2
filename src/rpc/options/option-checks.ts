/** What an option's value must be. */
export interface Wanted {
  readonly says: string;
  readonly is: (value: unknown) => boolean;
}

/** One wish for each option there is. */
export type WantedOptions<Options> = { readonly [Name in keyof Required<Options>]: Wanted };

/** True or false. */
export const aSwitch: Wanted = { says: 'true or false', is: (value) => typeof value === 'boolean' };

/** Any text. */
export const aText: Wanted = { says: 'a text', is: (value) => typeof value === 'string' };

/** Several texts. */
export const aListOfTexts: Wanted = {
  says: "a list of texts, such as ['notifications']",
  is: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
};

/** Something to be called. */
export const aFunction: Wanted = { says: 'a function', is: (value) => typeof value === 'function' };

/** Something with parts of its own. */
export const anObject: Wanted = {
  says: 'an object',
  is: (value) => typeof value === 'object' && value !== null,
};

/** A number that is not below `lowest`; Infinity is one. */
export const atLeast = (lowest: number): Wanted => ({
  says: `a number of at least ${lowest}`,
  is: (value) => typeof value === 'number' && value >= lowest,
});

/** What AMQP can carry as a prefetch. */
export const mostPrefetch = 65_535;

/** A number without a fraction: part of a message, or beyond what AMQP carries, is never reached. */
export const aWholeNumber = (lowest: number, highest = Number.MAX_SAFE_INTEGER): Wanted => ({
  says: `a whole number of at least ${lowest}${highest < Number.MAX_SAFE_INTEGER ? ` and at most ${highest}` : ''}`,
  is: (value) => Number.isInteger(value) && Number(value) >= lowest && Number(value) <= highest,
});

/** One of some words. */
export const oneOf = (...words: readonly string[]): Wanted => ({
  says: `one of ${words.join(', ')}`,
  is: (value) => typeof value === 'string' && words.includes(value),
});

/** The wish, or null. */
export const orNull = ({ says, is }: Wanted): Wanted => ({
  says: `${says}, or null`,
  is: (value) => value === null || is(value),
});

/**
 * Throws TypeError for an option that does not exist, or has a value that means nothing. Types say the same, but not in
 * plain JavaScript, and a misspelled option would wait for the night in which it matters.
 */
export function checkOptions<Options extends object>(
  of: string,
  given: Options,
  wanted: WantedOptions<Options>,
): void {
  if (!anObject.is(given)) {
    throw new TypeError(`The options of ${of} must be an object; it is ${kindOf(given)}.`);
  }
  const byName = new Map<string, Wanted>(Object.entries(wanted));
  for (const [name, value] of Object.entries(given)) {
    const wish = byName.get(name);
    if (!wish) {
      throw new TypeError(unknownOption(of, name, [...byName.keys()]));
    }
    if (value !== undefined && !wish.is(value)) {
      throw new TypeError(`The option ${name} of ${of} must be ${wish.says}; it is ${kindOf(value)}.`);
    }
  }
}

function unknownOption(of: string, name: string, known: readonly string[]): string {
  const meant = known.find((each) => isMeant(plainName(name), plainName(each)));
  const cure = meant === undefined ? `It has: ${known.join(', ')}.` : `Did you mean ${meant}?`;
  return `${of} has no option ${name}. ${cure}`;
}

/** Python's names differ by underscores and by units: `timeout` is `timeoutMs`, `batch_size` is `batchSize`. */
const isMeant = (given: string, known: string): boolean =>
  [known, known.replace(/(ms|seconds)$/, '')].includes(given);

const plainName = (name: string): string => name.replaceAll('_', '').toLowerCase();

/** A value as an error may show it: a text may be a secret. */
function kindOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) {
    return String(value);
  }
  if (Array.isArray(value)) {
    return 'a list';
  }
  if (value === undefined) {
    return 'nothing';
  }
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
