import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson, stringifyJson } from '../../../../src/rpc/wire/json/tolerant-json.ts';

describe('reading JSON as Python writes it', () => {
  test.each([
    ['NaN', Number.NaN],
    ['[Infinity, -Infinity]', [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ['{"a": NaN, "b": "NaN \\u00e9\\n"}', { a: Number.NaN, b: 'NaN é\n' }],
    ['9223372036854775808', 9223372036854775808n],
    ['-9007199254740993', -9007199254740993n],
    ['9007199254740991', 9007199254740991],
    ['1234567890123456.5', 1234567890123456.5],
    ['12345678901234567e3', 12345678901234567e3],
    [' {"a" : [ ] , "b" : { } , "n" : 12345678901234567890 } ', { a: [], b: {}, n: 12345678901234567890n }],
  ])('%s is read as Python reads it', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  test('an integer beyond 2^53 is a string or a rounded number when so wanted', () => {
    expect(parseJson('[9223372036854775808]', 'string')).toEqual(['9223372036854775808']);
    expect(parseJson('[9223372036854775808]', 'number')).toEqual([2 ** 63]);
  });

  test('a key called __proto__ is a key, on the fast and the slow way', () => {
    for (const text of ['{"__proto__": {"x": 1}}', '{"__proto__": {"x": NaN}}']) {
      const read = parseJson(text);
      expect(Object.keys(Object(read))).toEqual(['__proto__']);
      expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    }
  });

  test.each([
    '',
    'nan',
    'Infinit',
    '+NaN',
    '[NaN,]',
    '{NaN: 1}',
    '{"a" NaN}',
    '[NaN',
    '01234567890123456',
    '"\u0001 NaN"',
    '[NaN "\\x"]',
    'NaN NaN',
    '"NaN',
    '[-]12345678901234567',
  ])('%j is refused', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  test('nesting without end is refused instead of filling the stack', () => {
    expect(() => parseJson(`${'['.repeat(100_000)}NaN`)).toThrow(SyntaxError);
  });

  test('the slow reader agrees with the native one on everything the native one takes', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(`[NaN, ${text}]`, 'number')).toEqual([Number.NaN, JSON.parse(text)]);
      }),
    );
  });

  test('any text is a value or a SyntaxError', () => {
    const fragments = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ',',
      ':',
      'NaN',
      '1234567890123456',
      '-',
      'e',
      '.',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(fragments, fc.string())), (parts) => {
        try {
          parseJson(parts.join(''));
        } catch (reason) {
          expect(reason).toBeInstanceOf(SyntaxError);
        }
      }),
    );
  });
});

describe('writing JSON as Python reads it', () => {
  test('big integers are written as digits, whatever else the value holds', () => {
    const value = { big: 9223372036854775808n, text: '"~big1~5"', list: [-1n, 1.5] };
    expect(stringifyJson(value)).toBe('{"big":9223372036854775808,"text":"\\"~big1~5\\"","list":[-1,1.5]}');
  });

  test('NaN and the infinities become null, so that every reader takes it', () => {
    expect(stringifyJson([Number.NaN, Number.POSITIVE_INFINITY, undefined])).toBe('[null,null,null]');
    expect(stringifyJson(undefined)).toBe('null');
  });

  test('what was read can be written and is the same when read again', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.jsonValue(), (integer, value) => {
        const text = stringifyJson({ integer, value });
        expect(parseJson(stringifyJson(parseJson(text)))).toEqual(parseJson(text));
      }),
    );
  });
});
