import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TlsTexts } from '../../../../src/bot/config/config.ts';
import { openRedis, type RedisAddress } from '../../../../src/bot/stores/connection/connect.ts';
import { tlsReason } from '../../../../src/rpc/index.ts';
import { type Authority, type Certificate, makeAuthority } from '../../../support/certificates.ts';
import { type OwnRedis, ownRedis } from '../../own-redis.ts';

let authority: Authority;
let client: Certificate;
let redis: OwnRedis;

beforeAll(async () => {
  authority = await makeAuthority('the authority of this cloud');
  const server = await authority.sign('redis', { names: ['DNS:redis.example.org'] });
  client = await authority.sign('watership');
  redis = await ownRedis([
    ...['--tls-cert-file', server.certificateFile, '--tls-key-file', server.keyFile],
    ...['--tls-ca-cert-file', authority.certificateFile],
    // With 1.3 a client is told what is wrong with its certificate only after the handshake, and may be cut off before.
    ...['--tls-protocols', 'TLSv1.2'],
  ]);
});
afterAll(() => redis[Symbol.asyncDispose]());

/** What a connection with these certificates comes to. */
async function answerTo(tls: TlsTexts | undefined): Promise<string | undefined> {
  const address: RedisAddress = { url: redis.url, ...(tls && { tls }) };
  const connection = openRedis(address, { lazyConnect: true, retryStrategy: () => null });
  let reason: Error | undefined;
  connection.on('error', (error: Error) => {
    reason = error;
  });
  try {
    await connection.connect();
    return await connection.ping();
  } catch (error) {
    return tlsReason(reason ?? error);
  } finally {
    connection.disconnect();
  }
}

const shown = () => ({ certificate: client.certificate, key: client.key });

test('the configured CA, name and client certificate open it', async () => {
  const tls = { ca: authority.certificate, serverName: 'redis.example.org', ...shown() };
  expect(await answerTo(tls)).toBe('PONG');
});

test.each([
  ['no tls at all', () => undefined, 'requires a client certificate'],
  [
    'no CA',
    () => ({ serverName: 'redis.example.org', ...shown() }),
    'not signed by a CA that is trusted here',
  ],
  ['another name', () => ({ ca: authority.certificate, ...shown() }), 'for another name'],
  [
    'no client certificate',
    () => ({ ca: authority.certificate, serverName: 'redis.example.org' }),
    'client certificate',
  ],
])('%s is refused, with the reason', async (_what, tls, reason) => {
  expect(await answerTo(tls())).toContain(reason);
});
