import ssh2 from 'ssh2';

const { generateKeyPairSync, parseKey } = ssh2.utils;

/**
 * An ed25519 key pair for a test, locked where there is a passphrase. One in some 230 that the library makes begins with a
 * zero byte, which it leaves out, and then nobody can read it, the library neither: such a one is made again.
 */
export function sshKeyPair(passphrase?: string): { readonly private: string; readonly public: string } {
  for (;;) {
    const pair =
      passphrase === undefined
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ed25519', { passphrase, cipher: 'aes256-ctr', rounds: 4 });
    if (!(parseKey(pair.private, passphrase) instanceof Error)) {
      return pair;
    }
  }
}
