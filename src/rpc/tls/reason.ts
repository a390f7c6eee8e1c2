/** The code of what was thrown, or of what is behind it; empty where there is none. */
export function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) {
    return '';
  }
  if ('code' in thrown && typeof thrown.code === 'string' && thrown.code !== '') {
    return thrown.code;
  }
  // Node tries every address of a name and throws them together; the first says enough.
  if ('errors' in thrown && Array.isArray(thrown.errors)) {
    return codeOf(thrown.errors[0]);
  }
  return 'cause' in thrown ? codeOf(thrown.cause) : '';
}

const noTrust =
  /^(?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|INVALID_CA)/;
const refusal =
  /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_(?:EXPIRED|REVOKED|UNKNOWN)|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)/;
const noTls = /wrong.version.number|packet.length.too.long|http.request|unknown.protocol/i;
const noVersion = /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE/;
const LONGEST_NAMES = 200;

/**
 * Reason why TLS failed and what to do, as the end of a sentence about the other side; undefined when it was not TLS that
 * failed. OpenSSL's own words are for programmers, and stretch over two lines.
 */
export function tlsReason(thrown: unknown): string | undefined {
  const code = codeOf(thrown);
  const said = thrown instanceof Error ? thrown.message : '';
  if (noTrust.test(code)) {
    return `its certificate is not signed by a CA that is trusted here (${code}): configure the CA that signed it (ssl_ca_file, tls.ca)`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `its certificate is for another name (${namesIn(said)}): connect by a name that it contains, or expect another name (tls.serverName)`;
  }
  if (code === 'CERT_HAS_EXPIRED') {
    return `its certificate has expired (${code}): renew it, and those of its CA`;
  }
  if (code === 'CERT_NOT_YET_VALID') {
    return `its certificate is not valid yet (${code}): compare the clocks of both machines`;
  }
  if (code.includes('CERTIFICATE_REQUIRED')) {
    return 'it requires a client certificate: configure one and its key (ssl_cert_file and ssl_key_file, tls.certificate and tls.key)';
  }
  if (code.includes('HANDSHAKE_FAILURE')) {
    return `it refused the handshake (${code}): it requires a client certificate (ssl_cert_file, tls.certificate), or it supports only other ciphers`;
  }
  if (refusal.test(code)) {
    return `it refuses the client certificate (${code}): it must be valid, and signed by a CA that the broker trusts`;
  }
  if (noVersion.test(code)) {
    return `it speaks neither TLS 1.2 nor 1.3 (${code})`;
  }
  if (noTls.test(code) || (code === 'EPROTO' && noTls.test(said))) {
    return 'what answers there does not speak TLS: check the port (the usual TLS port is 5671; for management 15671)';
  }
  return isTlsCode(code) ? `TLS failed (${code})` : undefined;
}

/** OpenSSL's verification codes as Node names them, and the protocol errors. */
const isTlsCode = (code: string): boolean =>
  /^(?:ERR_TLS_|ERR_SSL_|ERR_OSSL_)|CERT|SIGNATURE|^EPROTO$|^HOSTNAME_MISMATCH$|^INVALID_(?:CA|PURPOSE)$/.test(
    code,
  );

/** Whose certificate it is comes from the other side: as much of it as a line can take. */
function namesIn(said: string): string {
  const names = said.replace(/^.*?altnames: /, '').replace(/[^\x20-\x7e]/g, '?');
  return names.length > LONGEST_NAMES ? `${names.slice(0, LONGEST_NAMES)}…` : names;
}
