import { describe, expect, test } from 'vitest';
import { InvalidTransportUrl } from '../../../src/rpc/errors.ts';
import { formatTransportUrl, parseTransportUrl } from '../../../src/rpc/options/transport-url.ts';
import { optionsFromQuery } from '../../../src/rpc/transport/query-options.ts';
import cases from '../fixtures/url-and-version-cases.json' with { type: 'json' };

interface UpstreamHost {
  readonly hostname: string | null;
  readonly port: number | null;
  readonly username: string | null;
  readonly password: string | null;
}

const all = [...cases.parse, ...cases.extra];
/** Upstream's port there is a number that no port can be, or none at all; see the tests below. */
const readable = all.filter(({ parsed }) => !('error' in parsed));
const unreadable = all.filter(({ parsed }) => 'error' in parsed);

test.each(readable)('$url is read as upstream reads it', ({ url, parsed }) => {
  const ours = parseTransportUrl(url);
  expect(ours.transport).toBe(parsed.transport);
  expect(ours.virtualHost ?? null).toBe(parsed.virtual_host);
  expect(ours.query).toEqual(parsed.query);
  expect(ours.hosts).toEqual((parsed.hosts ?? []).map((host) => withoutNulls(host)));
});

test.each(readable)('$url, read and written and read again, is the same', ({ url }) => {
  const ours = parseTransportUrl(url);
  expect(parseTransportUrl(formatTransportUrl({ ...ours, virtualHost: ours.virtualHost ?? '' }))).toEqual({
    ...ours,
    virtualHost: ours.virtualHost ?? '',
  });
});

test.each(unreadable)('$url is refused, as upstream refuses it', ({ url }) => {
  expect(() => parseTransportUrl(url)).toThrow(InvalidTransportUrl);
});

describe('where upstream is wrong', () => {
  test('a password with a bare slash is a password', () => {
    expect(parseTransportUrl('rabbit://u:p/w@h:1/v')).toEqual({
      transport: 'rabbit',
      virtualHost: 'v',
      hosts: [{ hostname: 'h', port: 1, username: 'u', password: 'p/w' }],
      query: {},
    });
  });

  test('everything is decoded once', () => {
    const { virtualHost, hosts } = parseTransportUrl('rabbit://u:p%2525@h/v%2525');
    expect(virtualHost).toBe('v%25');
    expect(hosts[0]?.password).toBe('p%25');
  });
});

test('no error repeats a password', () => {
  for (const url of ['rabbit://u:hunter2@h:port/v', 'rabbit://u:hunter2@[::1/v', 'u:hunter2@h']) {
    try {
      optionsFromQuery(parseTransportUrl(url), {});
      expect.unreachable();
    } catch (reason) {
      expect(String(reason)).not.toContain('hunter2');
    }
  }
});

describe('the query', () => {
  const options = (query: string) =>
    optionsFromQuery(parseTransportUrl(`rabbit://h/v?${query}`), { prefetch: 1 });

  test('settings of oslo.messaging override the options', () => {
    const query =
      'ssl=1&ssl_enforce_hostname_verification=no&rabbit_quorum_queue=true&rabbit_transient_queues_ttl=60' +
      '&heartbeat_timeout_threshold=30&rabbit_qos_prefetch_count=7&kombu_compression=gzip&heartbeat_rate=3';
    expect(options(query)).toMatchObject({
      tls: { enabled: true, verifyName: false },
      queues: { quorum: true, transientExpiresMs: 60_000 },
      heartbeatSeconds: 30,
      prefetch: 7,
      compression: 'gzip',
    });
  });

  test.each([
    'control_exchange=nova',
    'rabbit_quorum_queues=true',
    'ssl=maybe',
    'heartbeat_timeout_threshold=x',
    'ssl_enforce_fips_mode=true',
  ])('%s is refused', (query) => {
    expect(() => options(query)).toThrow(InvalidTransportUrl);
  });

  test.each(['kafka://h', 'kombu+memory:////', 'h:5672/v'])('%s is no RabbitMQ', (url) => {
    expect(() => optionsFromQuery(parseTransportUrl(url), {})).toThrow(InvalidTransportUrl);
  });
});

function withoutNulls(host: UpstreamHost): Record<string, unknown> {
  return Object.fromEntries(Object.entries(host).filter(([, value]) => value !== null));
}
