import { describe, expect, test } from 'vitest';
import { tlsReason } from '../../../src/rpc/tls/reason.ts';

// A node that is going down closes like this, too.
const early = Object.assign(new Error('disconnected before secure TLS connection was established'), {
  code: 'ECONNRESET',
});

const coded = (code: string, message = 'said\nby OpenSSL') => Object.assign(new Error(message), { code });

describe('a TLS failure in words', () => {
  test.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'not signed by a CA that is trusted here'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'not signed by a CA that is trusted here'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'not signed by a CA that is trusted here'],
    ['CERT_HAS_EXPIRED', 'has expired'],
    ['CERT_NOT_YET_VALID', 'compare the clocks'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'requires a client certificate'],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'requires a client certificate'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'refuses the client certificate'],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'refuses the client certificate'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'neither TLS 1.2 nor 1.3'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'does not speak TLS'],
    ['ERR_SSL_SOMETHING_ELSE', 'TLS failed (ERR_SSL_SOMETHING_ELSE)'],
  ])('the code %s is told as: %s', (code, words) => {
    const told = tlsReason(coded(code));
    expect(told).toContain(words);
    expect(told).not.toMatch(/\n|OpenSSL/);
  });

  test('also when the library has wrapped it, or has lost the code', () => {
    expect(tlsReason(new Error('no', { cause: coded('CERT_HAS_EXPIRED') }))).toContain('has expired');
    expect(tlsReason(new AggregateError([coded('CERT_HAS_EXPIRED')]))).toContain('has expired');
    expect(
      tlsReason(coded('EPROTO', 'write EPROTO 80:error:0A00010B:SSL routines::wrong version number')),
    ).toContain('does not speak TLS');
  });

  test('names from a certificate stay on one short line', () => {
    const names = `x\n${'DNS:a, '.repeat(1_000)}`;
    const said = `Hostname/IP does not match certificate's altnames: ${names}`;
    const told = tlsReason(coded('ERR_TLS_CERT_ALTNAME_INVALID', said)) ?? '';
    expect(told).toContain('x?DNS:a, ');
    expect(told.length).toBeLessThan(400);
  });

  test.each([coded('ECONNREFUSED'), early, new Error('certificate'), 'text', undefined])(
    'is none: %s',
    (thrown) => {
      expect(tlsReason(thrown)).toBeUndefined();
    },
  );
});
