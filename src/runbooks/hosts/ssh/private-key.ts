import type { ParsedKey } from 'ssh2';
import { fingerprintOf } from './host-key.ts';
import { loadSsh2 } from './load-ssh2.ts';

export type PrivateKey =
  | { readonly kind: 'key'; readonly key: ParsedKey; readonly fingerprint: string }
  | { readonly kind: 'unusable'; readonly because: string };

/** Reads a private key's text. What is wrong with it is told without a word of it. */
export function readPrivateKey(text: string, passphrase?: string): PrivateKey {
  if (!/^\s*-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    return { kind: 'unusable', because: 'is not a private key: a private key begins with -----BEGIN' };
  }
  // Files lose their last newline on the way here, and the format wants it.
  const parsed: ParsedKey | Error | readonly ParsedKey[] = loadSsh2().utils.parseKey(
    `${text.trim()}\n`,
    passphrase,
  );
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key === undefined || key instanceof Error || !key.isPrivateKey()) {
    const because =
      passphrase === undefined
        ? 'cannot be read; if it is encrypted, set passphrase'
        : 'cannot be read with this passphrase';
    return { kind: 'unusable', because };
  }
  return { kind: 'key', key, fingerprint: `${key.type} ${fingerprintOf(key.getPublicSSH())}` };
}

/** Why a private key cannot be used; undefined when it can. For the configuration, before anything is dialled. */
export function privateKeyProblem(text: string, passphrase?: string): string | undefined {
  const read = readPrivateKey(text, passphrase);
  return read.kind === 'key' ? undefined : read.because;
}
