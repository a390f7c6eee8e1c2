/** What becomes of an integer that a JavaScript number would round. */
export type BigIntegers = 'bigint' | 'string' | 'number';

/**
 * Value of JSON as Python writes it: `NaN`, `Infinity` and `-Infinity` are numbers, and integers beyond 2^53 are kept.
 * @throws SyntaxError for everything that Python refuses too.
 */
export function parseJson(text: string, bigIntegers: BigIntegers = 'bigint'): unknown {
  // The native parser is right for nearly every message, and several times as fast.
  if (!mayHoldBigInteger.test(text)) {
    try {
      return JSON.parse(text);
    } catch (reason) {
      if (!/NaN|Infinity/.test(text)) {
        throw reason;
      }
    }
  }
  const reader = new Reader(text, bigIntegers);
  return reader.document();
}

const mayHoldBigInteger = /\d{16}/;

/** Strict JSON of a value: big integers as digits, NaN and the infinities as null. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (reason) {
    if (!(reason instanceof TypeError) || !reason.message.includes('BigInt')) {
      throw reason;
    }
  }
  // JSON.rawJSON is not in Node 20: write the digits behind a mark no text can hold by chance, then take the mark away.
  const mark = `~big${crypto.randomUUID()}~`;
  const marked = JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'bigint' ? mark + each.toString() : each,
  );
  return marked.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
}

const deepestNesting = 900;
const numberPattern = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const blankPattern = /[ \t\n\r]*/y;
const literals: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
];

class Reader {
  readonly #text: string;
  readonly #bigIntegers: BigIntegers;
  #at = 0;
  #depth = 0;

  constructor(text: string, bigIntegers: BigIntegers) {
    this.#text = text;
    this.#bigIntegers = bigIntegers;
  }

  document(): unknown {
    const value = this.#value();
    if (this.#at !== this.#text.length) {
      this.#refuse();
    }
    return value;
  }

  #value(): unknown {
    this.#match(blankPattern);
    const first = this.#text[this.#at];
    const value =
      first === '{'
        ? this.#nested(() => this.#object())
        : first === '['
          ? this.#nested(() => this.#array())
          : first === '"'
            ? this.#string()
            : this.#scalar();
    this.#match(blankPattern);
    return value;
  }

  #nested<Value>(read: () => Value): Value {
    this.#depth += 1;
    if (this.#depth > deepestNesting) {
      throw new SyntaxError(`JSON is nested deeper than ${deepestNesting}`);
    }
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #object(): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    this.#at += 1;
    this.#match(blankPattern);
    if (!this.#take('}')) {
      do {
        this.#match(blankPattern);
        const key = this.#string();
        this.#match(blankPattern);
        if (!this.#take(':')) {
          this.#refuse();
        }
        entries.push([key, this.#value()]);
      } while (this.#take(','));
      if (!this.#take('}')) {
        this.#refuse();
      }
    }
    // fromEntries defines properties: a key called __proto__ stays a key.
    return Object.fromEntries(entries);
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    this.#at += 1;
    this.#match(blankPattern);
    if (this.#take(']')) {
      return items;
    }
    do {
      items.push(this.#value());
    } while (this.#take(','));
    if (!this.#take(']')) {
      this.#refuse();
    }
    return items;
  }

  #string(): string {
    if (this.#text[this.#at] !== '"') {
      this.#refuse();
    }
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== '"') {
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    // The native parser judges the escapes and control characters.
    const text: unknown = JSON.parse(this.#text.slice(this.#at, end + 1));
    this.#at = end + 1;
    return String(text);
  }

  #scalar(): unknown {
    for (const [word, value] of literals) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    const digits = this.#match(numberPattern);
    if (digits === undefined || digits[0] === '') {
      this.#refuse();
    }
    const isInteger = digits[1] === undefined && digits[2] === undefined;
    const number = Number(digits[0]);
    if (!isInteger || Number.isSafeInteger(number) || this.#bigIntegers === 'number') {
      return number;
    }
    return this.#bigIntegers === 'bigint' ? BigInt(digits[0]) : digits[0];
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) {
      return undefined;
    }
    this.#at = pattern.lastIndex;
    return found;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) {
      return false;
    }
    this.#at += 1;
    return true;
  }

  #refuse(): never {
    throw new SyntaxError(`Unexpected character at position ${this.#at} of a JSON text`);
  }
}
