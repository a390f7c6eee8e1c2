import { describe, expect, test } from 'vitest';
import { privateKeyProblem } from '../../../../src/runbooks/index.ts';
import { sshKeyPair } from '../../../support/ssh-keys.ts';

const plain = sshKeyPair();
const locked = sshKeyPair('horse');

describe('a private key', () => {
  test('is taken with and without its last newline, and with its passphrase', () => {
    expect(privateKeyProblem(plain.private)).toBeUndefined();
    expect(privateKeyProblem(plain.private.trimEnd())).toBeUndefined();
    expect(privateKeyProblem(locked.private.trimEnd(), 'horse')).toBeUndefined();
  });

  test.each([
    [
      'a path',
      '/etc/watership/id_ed25519',
      undefined,
      'is not a private key: a private key begins with -----BEGIN',
    ],
    ['a public key', plain.public, undefined, 'is not a private key: a private key begins with -----BEGIN'],
    ['an encrypted one without its passphrase', locked.private, undefined, 'set passphrase'],
    ['an encrypted one with a wrong passphrase', locked.private, 'cow', 'with this passphrase'],
    ['one cut in half', plain.private.slice(0, 120), undefined, 'cannot be read'],
  ])('that is %s is told, and not repeated', (_what, text, passphrase, told) => {
    const problem = privateKeyProblem(text, passphrase);
    expect(problem).toContain(told);
    expect(problem).not.toMatch(/id_ed25519|AAAA|cow|b3Blb/);
  });
});
