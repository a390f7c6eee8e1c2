import { createHmac } from 'node:crypto';
import ssh2 from 'ssh2';
import { describe, expect, test } from 'vitest';
import { askedFor, fingerprintOf, readPin, tellPin } from '../../../../src/runbooks/hosts/ssh/host-key.ts';
import { knownKeys } from '../../../../src/runbooks/hosts/ssh/known-hosts.ts';
import { sshKeyPair } from '../../../support/ssh-keys.ts';

const publicKey = (): string => sshKeyPair().public.split(' ', 2).join(' ');
const [one, other] = [publicKey(), publicKey()];
const rsa = ssh2.utils.generateKeyPairSync('rsa', { bits: 1024 }).public.split(' ', 2).join(' ');

function hashed(name: string): string {
  const salt = Buffer.from('0123456789abcdefghij');
  const hash = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${salt.toString('base64')}|${hash}`;
}

const countIn = (text: string, address = 'ctl1', port = 22): number =>
  knownKeys(text, address, port).pins.length;

describe('known_hosts', () => {
  test.each<[string, string, string, number, number]>([
    ['a name', `ctl1 ${one}`, 'ctl1', 22, 1],
    ['a name and a comment', `ctl1 ${one} root@ctl1`, 'ctl1', 22, 1],
    ['a name in other letters', `CTL1.Example ${one}`, 'ctl1.EXAMPLE', 22, 1],
    ['a list', `a,ctl1,10.0.0.1 ${one}`, '10.0.0.1', 22, 1],
    ['an IPv6 address', `fe80::1 ${one}`, 'fe80::1', 22, 1],
    ['two keys of a host', `ctl1 ${one}\nctl1 ${rsa}`, 'ctl1', 22, 2],
    ['another name', `ctl2 ${one}`, 'ctl1', 22, 0],
    ['a longer name', `ctl11 ${one}`, 'ctl1', 22, 0],
    ['a name where a dot is no wildcard', `a.b ${one}`, 'axb', 22, 0],
    ['a wildcard', `*.example ${one}`, 'ctl1.example', 22, 1],
    ['a wildcard for one character', `ctl? ${one}`, 'ctl1', 22, 1],
    ['a wildcard for exactly one character', `ctl? ${one}`, 'ctl12', 22, 0],
    ['an exclusion', `*.example,!ctl1.example ${one}`, 'ctl1.example', 22, 0],
    ['an exclusion of another', `*.example,!ctl2.example ${one}`, 'ctl1.example', 22, 1],
    ['only an exclusion', `!ctl2 ${one}`, 'ctl1', 22, 0],
    ['a port', `[ctl1]:2222 ${one}`, 'ctl1', 2222, 1],
    ['a port that is another', `[ctl1]:2222 ${one}`, 'ctl1', 2223, 0],
    ['a port asked, none written', `ctl1 ${one}`, 'ctl1', 2222, 0],
    ['a port written, none asked', `[ctl1]:2222 ${one}`, 'ctl1', 22, 0],
    ['a hashed name', `${hashed('ctl1')} ${one}`, 'ctl1', 22, 1],
    ['a hashed name with a port', `${hashed('[ctl1]:2222')} ${one}`, 'ctl1', 2222, 1],
    ['a hash of another', `${hashed('ctl2')} ${one}`, 'ctl1', 22, 0],
    ['a hash of a newer kind', `|2|x|y ${one}`, 'ctl1', 22, 0],
    ['a comment', `# ctl1 ${one}`, 'ctl1', 22, 0],
    ['an indented line with a carriage return', `\t ctl1  ${one}\r\n`, 'ctl1', 22, 1],
    ['a key that says another type', `ctl1 ssh-rsa ${one.split(' ')[1]}`, 'ctl1', 22, 0],
    ['a key that is cut short', `ctl1 ssh-ed25519 AAAA`, 'ctl1', 22, 0],
    ['a line of the first protocol', 'ctl1 1024 35 1234567890', 'ctl1', 22, 0],
    ['a certificate authority', `@cert-authority ctl1 ${one}`, 'ctl1', 22, 0],
    ['a revoked key', `@revoked ctl1 ${one}`, 'ctl1', 22, 0],
    ['nothing', '', 'ctl1', 22, 0],
  ])('with %s', (_what, text, address, port, count) => {
    expect(countIn(text, address, port)).toBe(count);
  });

  test('tells revoked keys and authorities apart from keys', () => {
    const known = knownKeys(`@revoked * ${one}\n@cert-authority * ${other}\nctl1 ${rsa}`, 'ctl1', 22);
    expect(known.revoked.map(tellPin)).toEqual([expect.stringMatching(/^ssh-ed25519 SHA256:/)]);
    expect(known.authorityLines).toEqual([2]);
    expect(known.pins.map(tellPin)).toEqual([expect.stringMatching(/^ssh-rsa SHA256:/)]);
  });

  test.each(['@revoked ctl1 ssh-ed25519 AAAA', '@revoked ctl9', `@new ctl1 ${one}`])(
    'does not pass over a marked line that it cannot read: %s',
    (line) => {
      expect(knownKeys(`ctl1 ${one}\n${line}`, 'ctl1', 22).unreadableLines).toEqual([2]);
    },
  );
});

describe('a pinned key', () => {
  test('is written as a key or as its fingerprint', () => {
    const blob = Buffer.from(one.split(' ')[1] ?? '', 'base64');
    expect(readPin(`${one} root@ctl1`)).toMatchObject({ kind: 'key', type: 'ssh-ed25519' });
    expect(readPin(fingerprintOf(blob))).toEqual({ kind: 'fingerprint', fingerprint: fingerprintOf(blob) });
    expect(fingerprintOf(blob)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  });

  test.each([
    '',
    'SHA256:',
    'SHA256:abc',
    'MD5:aa:bb',
    'ssh-ed25519',
    'ssh-ed25519 AAAA',
    `ssh-rsa ${one.split(' ')[1]}`,
  ])('is not %j', (text) => {
    expect(readPin(text)).toBeUndefined();
  });

  test('is asked for first, and SHA-1 never', () => {
    const pin = readPin(rsa);
    expect(askedFor(pin === undefined ? [] : [pin]).slice(0, 3)).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-ed25519',
    ]);
    expect(askedFor([])[0]).toBe('ssh-ed25519');
    expect(askedFor([])).not.toContain('ssh-rsa');
  });
});
