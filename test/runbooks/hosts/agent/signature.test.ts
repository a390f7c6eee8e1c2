import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSignedBy, sign } from '../../../../src/runbooks/hosts/agent/signature.ts';
import { KEY, OTHER_KEY } from './pair.ts';

const value = { host: 'compute-7', args: { service: 'nova', pid: '4' }, nonce: 'ab', signedAtMs: 5 };

describe('a signature', () => {
  test('is the same in whatever order the fields were written', () => {
    const { host, ...rest } = value;
    const reordered = { ...rest, args: { pid: '4', service: 'nova' }, host };
    expect(sign('request', reordered, KEY)).toBe(sign('request', value, KEY));
    expect(sign('request', value, KEY)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is a known one, so that both ends of different versions agree', () => {
    expect(sign('request', { a: 1 }, KEY)).toBe(
      'ac62e566157ad3dc89eb6536e98d234cf8558de9717af0e7d7fd9b8d852b52c8',
    );
  });

  test.each([
    ['the key that made it', sign('request', value, KEY), [KEY], true],
    ['either of two keys', sign('request', value, KEY), [OTHER_KEY, KEY], true],
    ['another key', sign('request', value, OTHER_KEY), [KEY], false],
    ['no key', sign('request', value, KEY), [], false],
    ['the same text as an answer', sign('answer', value, KEY), [KEY], false],
    ['a part of it', sign('request', value, KEY).slice(0, 32), [KEY], false],
    ['nothing', '', [KEY], false],
    ['what is no hexadecimal number', 'z'.repeat(64), [KEY], false],
  ] as const)('by %s: %s', (_, signature, keys, isGood) => {
    expect(isSignedBy('request', value, signature, [...keys])).toBe(isGood);
  });

  test('does not hold for any other value', () => {
    const signature = sign('request', value, KEY);
    fc.assert(
      fc.property(
        fc.constantFrom('host', 'nonce', 'signedAtMs'),
        fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
        (field, other) => {
          fc.pre(other !== value[field as 'host' | 'nonce' | 'signedAtMs']);
          expect(isSignedBy('request', { ...value, [field]: other }, signature, [KEY])).toBe(false);
        },
      ),
    );
  });
});
