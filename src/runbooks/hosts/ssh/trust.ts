import { readFile } from 'node:fs/promises';
import { fingerprintOf, matches, type Pin, tellPin, typeOf } from './host-key.ts';
import { type KnownKeys, knownKeys } from './known-hosts.ts';
import type { SshSettings } from './settings.ts';

/** What is known of a host before it is dialled. */
export interface Trust {
  readonly pins: readonly Pin[];
  /** Why the offered key is not accepted; undefined when it is. */
  refusalOf(offered: Buffer): string | undefined;
}

const nothing: KnownKeys = { pins: [], revoked: [], authorityLines: [], unreadableLines: [] };

/** Reads the pinned keys of a host. Read for every connection: the file may be mended while the bot runs. */
export async function readTrust(host: string, settings: SshSettings): Promise<Trust> {
  const { trust, address, port } = settings;
  if (trust.kind === 'pin') {
    return trustIn(host, settings, { ...nothing, pins: [trust.pin] });
  }
  let text: string;
  try {
    text = await readFile(trust.path, 'utf8');
  } catch (error) {
    // No file, no pins: then the refusal below tells what to do. One that cannot be read must be told as that.
    if (codeOf(error) !== 'ENOENT') {
      return refusing(`${trust.path} cannot be read (${codeOf(error)}), so no key of ${host} is known`);
    }
    text = '';
  }
  return trustIn(host, settings, knownKeys(text, address, port));
}

const refusing = (because: string): Trust => ({ pins: [], refusalOf: () => because });

function trustIn(host: string, settings: SshSettings, known: KnownKeys): Trust {
  const { trust } = settings;
  const file = trust.kind === 'known-hosts' ? trust.path : `hosts.${host}.hostKey`;
  const [unreadable] = known.unreadableLines;
  if (unreadable !== undefined) {
    return refusing(
      `line ${unreadable} of ${file} has a marker and cannot be read; it could revoke a key, so I accept no key: correct the line`,
    );
  }
  return {
    pins: known.pins,
    refusalOf: (offered) => {
      const shown = `${typeOf(offered) ?? 'a key'} ${fingerprintOf(offered)}`;
      if (known.revoked.some((pin) => matches(pin, offered))) {
        return `THE KEY OF ${host} IS REVOKED in ${file}: the host shows ${shown}. Nothing was sent. Do not accept it`;
      }
      if (known.pins.some((pin) => matches(pin, offered))) {
        return undefined;
      }
      if (known.pins.length > 0) {
        return changed(host, shown, known.pins, file);
      }
      const [authority] = known.authorityLines;
      return authority === undefined
        ? unknown(host, shown, settings)
        : `line ${authority} of ${file} trusts a certificate authority for ${host}, which is not supported; pin the host's own key. ${advice(shown, settings)}`;
    },
  };
}

const changed = (host: string, shown: string, pins: readonly Pin[], file: string): string =>
  `THE KEY OF ${host} IS NOT THE PINNED ONE: the host shows ${shown}, but ${file} has ${pins.map(tellPin).join(', ')}. ` +
  'Nothing was sent. Somebody may intercept the connection, or the host was reinstalled: find out which, then correct the pin';

const unknown = (host: string, shown: string, settings: SshSettings): string =>
  `no key of ${host} is pinned, so nothing was sent. The host shows ${shown}. ${advice(shown, settings)}`;

/** What to type; `address` is checked by the configuration to hold nothing that a shell would read. */
function advice(shown: string, { address, port, jump, trust }: SshSettings): string {
  const kind = { 'ssh-ed25519': 'ed25519', 'ssh-rsa': 'rsa' }[shown.split(' ')[0] ?? ''] ?? 'ecdsa';
  const scan = `\`ssh-keyscan -t ${kind}${port === 22 ? '' : ` -p ${port}`} ${address}\``;
  const keep =
    trust.kind === 'known-hosts'
      ? `add the line of ${scan}${jump === undefined ? '' : ` (run it on ${jump})`} to ${trust.path}`
      : 'write it as hostKey';
  return (
    `Compare that with \`ssh-keygen -lf /etc/ssh/ssh_host_${kind}_key.pub\` on the host itself, ` +
    `and only if it is the same, ${keep}`
  );
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);
