/** A `listen` or `backend` section of a haproxy configuration, with the servers that it forwards to. */
export interface HaproxySection {
  readonly kind: 'listen' | 'backend';
  readonly name: string;
  readonly servers: readonly HaproxyServer[];
}

export interface HaproxyServer {
  readonly name: string;
  readonly host: string;
  /** Absent: the port that the client came in on. */
  readonly port?: number;
  /** Used only when every other server of the section is down. */
  readonly isBackup: boolean;
  readonly isDisabled: boolean;
}

/** Keywords of a `server` line that take a free text which could itself read `backup` or `disabled`. */
const TAKES_TEXT = new Set(['cookie', 'track', 'sni', 'namespace', 'proto']);
const SECTION = new Set([
  'global',
  'defaults',
  'frontend',
  'userlist',
  'peers',
  'resolvers',
  'mailers',
  'program',
  'cache',
  'ring',
]);

/** Reads the sections that forward to servers; everything else in the file is passed over. */
export function parseHaproxy(file: string): readonly HaproxySection[] {
  const sections: { kind: 'listen' | 'backend'; name: string; servers: HaproxyServer[] }[] = [];
  let isInside = false;
  for (const line of file.split(/\r?\n/)) {
    const [keyword = '', ...words] = wordsOf(line);
    if (keyword === 'listen' || keyword === 'backend') {
      sections.push({ kind: keyword, name: words[0] ?? '', servers: [] });
      isInside = true;
    } else if (SECTION.has(keyword)) {
      isInside = false;
    } else if (keyword === 'server' && isInside) {
      const server = serverOf(words);
      if (server !== undefined) {
        sections.at(-1)?.servers.push(server);
      }
    }
  }
  return sections;
}

/** The servers that a section really forwards to while they are up. */
export const activeServers = (section: HaproxySection): readonly HaproxyServer[] =>
  section.servers.filter((server) => !server.isBackup && !server.isDisabled);

function serverOf([name, address, ...settings]: readonly string[]): HaproxyServer | undefined {
  if (name === undefined || address === undefined) {
    return undefined;
  }
  const flags = settings.filter((_, index) => !TAKES_TEXT.has(settings[index - 1] ?? ''));
  return {
    name,
    ...addressOf(address),
    isBackup: flags.includes('backup'),
    // A server of weight 0 takes no new connections.
    isDisabled: flags.includes('disabled') || settings[settings.indexOf('weight') + 1] === '0',
  };
}

function addressOf(address: string): { readonly host: string; readonly port?: number } {
  // `ipv4@`, `ipv6@` and the like only say how to resolve what follows.
  const plain = address.replace(/^[a-z0-9]+@/, '');
  const parts = /^\[?(.+?)\]?(?::(\d+))?$/.exec(/^[^[]*:[^\]]*:/.test(plain) ? bracketed(plain) : plain);
  const port = parts?.[2];
  return { host: parts?.[1] ?? plain, ...(port === undefined ? {} : { port: Number(port) }) };
}

/** haproxy takes the last part of a bare IPv6 address as the port. */
const bracketed = (address: string): string => address.replace(/^(.*):(\d+)$/, '[$1]:$2');

/** Words of a line, without its comment; quotes and backslashes protect spaces. */
function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  for (const [found] of line.matchAll(/#.*|(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\#])+/g)) {
    if (found.startsWith('#')) {
      break;
    }
    words.push(found.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g, '$1$2$3'));
  }
  return words;
}
