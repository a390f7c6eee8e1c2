import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AnyAuthMethod, Client } from 'ssh2';
import { span } from '../../wording/words.ts';
import { askedFor } from './host-key.ts';
import { loadSsh2 } from './load-ssh2.ts';
import { type PrivateKey, readPrivateKey } from './private-key.ts';
import { type SshSettings, sshPlaceOf } from './settings.ts';
import { readTrust } from './trust.ts';

/** A dead host is noticed after this, times three and a little. */
const KEEPALIVE_MS = 5_000;
/** Between a polite goodbye and hanging up. */
const GOODBYE_MS = 1_000;

/** A connection after the login. */
export interface SshLink {
  readonly client: Client;
  /** Why it is gone; undefined while it stands. */
  lost(): string | undefined;
  /** Whether what it is just saying is a no to a request: to be asked in the moment in which ssh2 tells of a failure. */
  saysNo(): boolean;
  /** Called once, when it is gone; what is returned takes the listener away again. */
  onLost(listener: () => void): () => void;
  /** Ends it, and resolves when it has ended. */
  close(): Promise<void>;
}

export type Connected =
  | { readonly kind: 'connected'; readonly link: SshLink }
  | { readonly kind: 'refused'; readonly because: string };

/** Dials, looks at the host's key before anything else is sent, and logs in. Never rejects. */
export async function connect(host: string, settings: SshSettings, through?: Duplex): Promise<Connected> {
  const { address, port, connectTimeoutMs, user, agentSocket } = settings;
  const ssh2 = loadSsh2();
  const key = settings.key === undefined ? undefined : readPrivateKey(settings.key, settings.passphrase);
  if (key?.kind === 'unusable') {
    return refused(`hosts.${host}.key ${key.because}`);
  }
  const trust = await readTrust(host, settings);
  const place = `${host} (${sshPlaceOf(settings)})`;

  const socket = through ?? createConnection({ host: address, port, noDelay: true });
  const client = new ssh2.Client();
  return new Promise((resolve) => {
    let distrust: string | undefined;
    let agentTrouble = '';
    let isIn = false;
    let lastHeard = '';
    const giveUp = (because: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(refused(because));
    };
    const timer = setTimeout(
      () => giveUp(`${place} did not complete the login within ${span(connectTimeoutMs)}`),
      connectTimeoutMs,
    );
    // For the whole life of the connection: an error that nobody hears would end the process.
    client.on('error', (error) => {
      if (isIn) {
        return;
      }
      const { level } = error as Error & { level?: string };
      // A method that could not be tried: the next one is, or the login fails.
      if (level === 'agent') {
        agentTrouble = `; what answers at ${agentSocket} is not an SSH agent`;
      } else if (distrust !== undefined) {
        giveUp(distrust);
      } else if (level === 'client-authentication') {
        giveUp(`${tellLogin(place, user, key)}${agentTrouble}`);
      } else {
        giveUp(`${place} could not be reached: ${error.message}`);
      }
    });
    client.once('close', () => {
      if (!isIn) {
        giveUp(distrust ?? `${place} closed the connection before the login`);
      }
    });
    client.once('ready', () => {
      isIn = true;
      clearTimeout(timer);
      resolve({ kind: 'connected', link: linkOf(client, socket, place, () => lastHeard) });
    });
    client.connect({
      sock: socket,
      username: user,
      authHandler: methodsOf(user, key, agentSocket),
      algorithms: { serverHostKey: askedFor(trust.pins) },
      hostVerifier: (offered: Buffer) => {
        distrust = trust.refusalOf(offered);
        return distrust === undefined;
      },
      // Ours covers the dialling too.
      readyTimeout: 0,
      // ssh2 tells a channel that was closed in the middle as it tells a no: only here they differ.
      debug: (message) => {
        if (message.startsWith('Inbound:')) {
          lastHeard = message;
        }
      },
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: 3,
    });
  });
}

const refused = (because: string): Connected => ({ kind: 'refused', because });

/** Keys only: a password is neither kept nor asked for. */
function methodsOf(user: string, key: PrivateKey | undefined, agentSocket: string | undefined) {
  const methods: AnyAuthMethod[] = [];
  if (key?.kind === 'key') {
    methods.push({ type: 'publickey', username: user, key: key.key });
  }
  if (agentSocket !== undefined) {
    methods.push({ type: 'agent', username: user, agent: agentSocket });
  }
  return methods;
}

function tellLogin(place: string, user: string, key: PrivateKey | undefined): string {
  const tried = key?.kind === 'key' ? `the key ${key.fingerprint}` : 'the keys of the SSH agent';
  return `${place} rejected the login of ${user} with ${tried}; is the public key in authorized_keys of ${user} on that host?`;
}

function linkOf(client: Client, socket: Duplex, place: string, lastHeard: () => string): SshLink {
  const listeners = new Set<() => void>();
  let reason: string | undefined;
  let hasEnded = false;
  const lose = (because: string): void => {
    if (reason !== undefined) {
      return;
    }
    reason = because;
    for (const listener of listeners) {
      listener();
    }
  };
  client.on('error', ({ message }) => lose(`the connection to ${place} broke: ${message}`));
  client.once('end', () => lose(`${place} ended the connection`));
  const closed = new Promise<void>((resolve) => {
    client.once('close', () => {
      hasEnded = true;
      lose(`the connection to ${place} was closed`);
      resolve();
    });
  });
  return {
    client,
    // Between the goodbye and its end nothing can be sent any more, and ssh2 throws at whoever tries.
    lost: () => reason ?? (socket.writable ? undefined : `the connection to ${place} is being closed`),
    saysNo: () => /\bCHANNEL_(?:OPEN_)?FAILURE\b/.test(lastHeard()),
    onLost: (listener) => {
      if (reason === undefined) {
        listeners.add(listener);
      } else {
        listener();
      }
      return () => listeners.delete(listener);
    },
    close: async () => {
      if (hasEnded) {
        return;
      }
      client.end();
      const timer = setTimeout(() => socket.destroy(), GOODBYE_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}
