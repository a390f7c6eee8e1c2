import { definite } from '../definite.ts';
import { InvalidTransportUrl } from '../errors.ts';

/** One host of a transport URL. Credentials are its own: they are not inherited from the host before. */
export interface TransportHost {
  readonly hostname?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
}

/** A transport URL, decoded once. It holds passwords: show it with `describeHosts`, never whole. */
export interface TransportUrl {
  /** `rabbit` for RabbitMQ; `kombu`, `amqp` and `amqps` are taken for it as well. */
  readonly transport: string;
  /** Undefined when the URL has no path; empty and undefined both mean the broker's `/`. */
  readonly virtualHost?: string;
  readonly hosts: readonly TransportHost[];
  /** Settings that override the options, by their oslo name. Repeated keys are joined with commas. */
  readonly query: Readonly<Record<string, string>>;
}

/**
 * Parts of `rabbit://user:password@host:port,host2:port2/vhost?setting=value`, read as oslo.messaging does.
 * No URL at all is `rabbit:///`. Unlike upstream a `/` in a password need not be fatal later: everything is decoded exactly once.
 * @throws InvalidTransportUrl when the URL cannot be read; its text is not repeated, because it may hold a password.
 */
export function parseTransportUrl(url: string): TransportUrl {
  if (url === '') {
    return { transport: 'rabbit', hosts: [], query: {} };
  }
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(url)?.[1];
  if (scheme === undefined) {
    throw new InvalidTransportUrl('No scheme specified: a transport URL begins with rabbit://');
  }
  const [withQuery = ''] = url.slice(scheme.length + 1).split('#', 1);
  const [address = '', query = ''] = splitOnce(withQuery, '?');
  const hasAuthority = address.startsWith('//');
  const afterSlashes = hasAuthority ? address.slice(2) : address;
  const slash = hasAuthority ? pathStart(afterSlashes) : 0;
  const path = slash < 0 ? '' : afterSlashes.slice(slash);
  const authority = slash < 0 ? afterSlashes : afterSlashes.slice(0, slash);
  const virtualHost = path.startsWith('/') ? decode(path.slice(1)) : undefined;
  return {
    transport: scheme.toLowerCase(),
    ...definite({ virtualHost }),
    hosts: authority
      .split(',')
      .filter((each) => each !== '')
      .map((each) => parseHost(each)),
    query: parseQuery(query),
  };
}

/** Text of a transport URL, passwords included: for handing on, not for showing. */
export function formatTransportUrl(url: TransportUrl): string {
  const hosts = url.hosts.map((host) => {
    const password = host.password === undefined ? '' : `:${encode(host.password)}`;
    const credentials = host.username === undefined ? '' : `${encode(host.username)}${password}@`;
    return credentials + addressOf(host);
  });
  const query = new URLSearchParams(url.query).toString();
  const path = encode(url.virtualHost ?? '').replaceAll('%2F', '/');
  return `${url.transport}://${hosts.join(',')}/${path}${query === '' ? '' : `?${query}`}`;
}

/** The hosts without credentials, such as `h1:5672, h2:5672`: for messages and logs. */
export function describeHosts(hosts: readonly TransportHost[]): string {
  return hosts.map((host) => addressOf(host)).join(', ');
}

/** `host:port`, IPv6 in brackets, without credentials. */
export function addressOf(host: TransportHost): string {
  const name = host.hostname ?? '';
  const bracketed = name.includes(':') ? `[${name}]` : name;
  return host.port === undefined ? bracketed : `${bracketed}:${host.port}`;
}

function parseHost(text: string): TransportHost {
  const at = text.lastIndexOf('@');
  const [username, password] = at < 0 ? [] : splitOnce(text.slice(0, at), ':');
  return {
    ...parseAddress(text.slice(at + 1)),
    ...(username !== undefined && { username: decode(username) }),
    ...(password !== undefined && { password: decode(password) }),
  };
}

function parseAddress(address: string): TransportHost {
  if (address.startsWith('[')) {
    const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(address);
    if (!bracketed) {
      throw new InvalidTransportUrl('Invalid IPv6 URL: write the address as [::1]:5672');
    }
    return named(bracketed[1], bracketed[2]);
  }
  const [hostname, port] = splitOnce(address, ':');
  if (port?.includes(':')) {
    throw new InvalidTransportUrl('An IPv6 address belongs in brackets, such as [fd00::1]:5672');
  }
  return named(hostname, port);
}

function named(hostname: string | undefined, portText: string | undefined): TransportHost {
  const name = hostname === undefined || hostname === '' ? {} : { hostname };
  if (portText === undefined || portText === '') {
    return name;
  }
  const port = Number(portText);
  if (!/^\d+$/.test(portText) || port > 65_535) {
    throw new InvalidTransportUrl(
      'The port is not a number from 0 to 65535. Encode special characters as %XX.',
    );
  }
  return { ...name, port };
}

/** Where the path begins. Credentials may hold a bare `/`: then it begins after the last `@`. */
function pathStart(address: string): number {
  const first = address.indexOf('/');
  if (first < 0) {
    return first;
  }
  const at = address.lastIndexOf('@');
  const hidden = at > first && /^[^/@,]+:[^@,]*$/.test(address.slice(0, at));
  return hidden ? address.indexOf('/', at) : first;
}

function parseQuery(text: string): Record<string, string> {
  const query = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(text)) {
    const before = query.get(key);
    query.set(key, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(query);
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Percent-decodes once. What is no escape stays as it is, and bytes that are no UTF-8 become U+FFFD, as in Python. */
function decode(text: string): string {
  return text.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
