import type { Pin } from './host-key.ts';

/** How a host is reached over SSH. */
export interface SshSettings {
  /** Host name or address to dial. */
  readonly address: string;
  /** @default 22 in the configuration */
  readonly port: number;
  readonly user: string;
  /** The private key's text. */
  readonly key?: string;
  readonly passphrase?: string;
  /** Socket of an SSH agent that holds the key. */
  readonly agentSocket?: string;
  /** Which keys of the host are accepted. None is ever taken on trust. */
  readonly trust:
    | { readonly kind: 'known-hosts'; readonly path: string }
    | { readonly kind: 'pin'; readonly pin: Pin };
  /** The name of another SSH host, through which this one is reached. */
  readonly jump?: string;
  /** For the connection up to the login, of each hop. @default 10000 in the configuration */
  readonly connectTimeoutMs: number;
}

/** `ops@10.3.0.44:22`, for people. */
export const sshPlaceOf = ({ user, address, port }: SshSettings): string =>
  `${user}@${address.includes(':') ? `[${address}]` : address}:${port}`;
