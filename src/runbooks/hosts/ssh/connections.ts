import type { Duplex } from 'node:stream';
import { span } from '../../wording/words.ts';
import { type Connected, connect, type SshLink } from './connect.ts';
import type { SshSettings } from './settings.ts';

/** Time for which an unused connection is kept: the steps of a plan follow each other. */
const IDLE_MS = 15_000;

export type Leased =
  | {
      readonly kind: 'leased';
      readonly link: SshLink;
      /** To be called once. A connection given back as broken is not used again. */
      readonly giveBack: (how?: 'broken') => void;
    }
  | { readonly kind: 'refused'; readonly because: string };

interface Entry {
  readonly opening: Promise<Connected>;
  users: number;
  isBroken: boolean;
  idleTimer?: NodeJS.Timeout;
}

/** One connection a host, shared by everything that runs there. Hosts behind others are reached through those. */
export class Connections {
  readonly #hosts: Readonly<Record<string, SshSettings>>;
  readonly #entries = new Map<string, Entry>();
  /** Everything that is not closed yet, also what is no longer handed out. */
  readonly #links = new Set<SshLink>();
  #isClosed = false;

  constructor(hosts: Readonly<Record<string, SshSettings>>) {
    this.#hosts = hosts;
  }

  async lease(host: string): Promise<Leased> {
    if (this.#isClosed) {
      return { kind: 'refused', because: 'the connections to the hosts are closed' };
    }
    const entry = this.#entries.get(host) ?? this.#open(host);
    entry.users += 1;
    clearTimeout(entry.idleTimer);
    const connected = await entry.opening;
    if (connected.kind === 'refused') {
      return connected;
    }
    const { link } = connected;
    return {
      kind: 'leased',
      link,
      giveBack: (how) => {
        entry.users -= 1;
        if (how === 'broken') {
          this.#forget(host, entry);
        }
        if (entry.users > 0) {
          return;
        }
        if (entry.isBroken || this.#isClosed) {
          void link.close();
        } else {
          entry.idleTimer = setTimeout(() => {
            this.#forget(host, entry);
            void link.close();
          }, IDLE_MS);
        }
      },
    };
  }

  /** Ends every connection, also those in use. One that is being made ends as soon as it stands. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { idleTimer } of this.#entries.values()) {
      clearTimeout(idleTimer);
    }
    // What is used goes first: hanging up on a jump host would break the ones behind it.
    await Promise.all([...this.#links].toReversed().map((link) => link.close()));
  }

  #open(host: string): Entry {
    const opening = this.#connect(host).then((connected) => {
      if (connected.kind === 'refused') {
        this.#forget(host, entry);
      } else {
        this.#watch(host, entry, connected.link);
      }
      return connected;
    });
    const entry: Entry = { opening, users: 0, isBroken: false };
    this.#entries.set(host, entry);
    return entry;
  }

  #watch(host: string, entry: Entry, link: SshLink): void {
    this.#links.add(link);
    link.onLost(() => {
      this.#links.delete(link);
      this.#forget(host, entry);
    });
    if (this.#isClosed) {
      void link.close();
    }
  }

  /** The next caller gets a new connection. */
  #forget(host: string, entry: Entry): void {
    entry.isBroken = true;
    clearTimeout(entry.idleTimer);
    if (this.#entries.get(host) === entry) {
      this.#entries.delete(host);
    }
  }

  async #connect(host: string): Promise<Connected> {
    const settings = this.#hosts[host];
    if (settings === undefined) {
      return { kind: 'refused', because: `${host} is not reached over SSH` };
    }
    if (settings.jump === undefined) {
      return await connect(host, settings);
    }
    const jump = await this.lease(settings.jump);
    if (jump.kind === 'refused') {
      return { kind: 'refused', because: `${host} is reached through ${settings.jump}: ${jump.because}` };
    }
    const way = await forward(jump.link, settings);
    if (way.kind === 'refused') {
      jump.giveBack();
      return { kind: 'refused', because: `${settings.jump} could not reach ${host}: ${way.because}` };
    }
    const connected = await connect(host, settings, way.stream);
    if (connected.kind === 'refused') {
      jump.giveBack();
    } else {
      connected.link.onLost(() => jump.giveBack());
    }
    return connected;
  }
}

type Way =
  | { readonly kind: 'open'; readonly stream: Duplex }
  | { readonly kind: 'refused'; readonly because: string };

/** A TCP connection that the jump host makes for us. */
function forward(
  { client, lost, onLost }: SshLink,
  { address, port, connectTimeoutMs }: SshSettings,
): Promise<Way> {
  return new Promise((resolve) => {
    const giveUp = (because: string): void => {
      forget();
      clearTimeout(timer);
      resolve({ kind: 'refused', because });
    };
    let forget = (): void => {};
    const timer = setTimeout(
      () => giveUp(`no connection to ${address}:${port} within ${span(connectTimeoutMs)}`),
      connectTimeoutMs,
    );
    forget = onLost(() => giveUp(lost() ?? 'the connection is gone'));
    if (lost() !== undefined) {
      return;
    }
    client.forwardOut('127.0.0.1', 0, address, port, (error, stream) => {
      if (error) {
        return giveUp(error.message);
      }
      forget();
      clearTimeout(timer);
      return resolve({ kind: 'open', stream });
    });
  });
}
