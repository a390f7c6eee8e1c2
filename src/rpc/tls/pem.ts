import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { definite } from '../definite.ts';
import type { TlsOptions } from '../options/options.ts';

/** What is wrong with one of the texts, and which it is. */
export interface TlsProblem {
  readonly field: 'ca' | 'certificate' | 'key';
  /** Finishes the sentence "the field …". Never holds a part of the text. */
  readonly problem: string;
}

const CERTIFICATE = /-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE)-----[A-Za-z0-9+/=\s]+?-----END \1-----/g;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** Problem that no handshake could do with, found before anything is sent; OpenSSL passes over a CA text without any certificate. */
export function tlsProblem({ ca, certificate, key }: TlsOptions): TlsProblem | undefined {
  const ofCa = ca === undefined ? undefined : problemOfCertificates(ca);
  if (ofCa !== undefined) {
    return { field: 'ca', problem: ofCa };
  }
  if (certificate === undefined) {
    return key === undefined
      ? undefined
      : { field: 'certificate', problem: 'is missing, and the key alone is of no use' };
  }
  const ofCertificate = problemOfCertificates(certificate);
  if (ofCertificate !== undefined) {
    return { field: 'certificate', problem: ofCertificate };
  }
  const ofKey = problemOfKey(keyBeside({ certificate, ...definite({ key }) }), certificate);
  return ofKey === undefined ? undefined : { field: 'key', problem: ofKey };
}

/** The key of a client certificate; where none is given it may stand in the certificate's own text, as in Python. */
export function keyBeside({ certificate, key }: TlsOptions): string | undefined {
  return key ?? (certificate !== undefined && PRIVATE_KEY.test(certificate) ? certificate : undefined);
}

function problemOfCertificates(text: string): string | undefined {
  const found = text.match(CERTIFICATE) ?? [];
  if (found.length === 0) {
    return 'holds no certificate in PEM (-----BEGIN CERTIFICATE-----)';
  }
  return found.every(isReadable) ? undefined : 'holds a certificate that cannot be read';
}

function problemOfKey(text: string | undefined, certificate: string): string | undefined {
  if (text === undefined) {
    return 'is missing beside the certificate';
  }
  if (!PRIVATE_KEY.test(text)) {
    return 'holds no private key in PEM (-----BEGIN PRIVATE KEY-----)';
  }
  if (/-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    return 'is encrypted, and its passphrase cannot be entered here: store the key without one';
  }
  const key = read(() => createPrivateKey(text));
  if (key === undefined) {
    return 'cannot be read';
  }
  return fits(certificate, key) ? undefined : 'is not the key of the certificate';
}

/** The certificate itself comes first in its text, those of the authorities follow. */
const fits = (certificate: string, key: KeyObject): boolean =>
  read(() => new X509Certificate(certificate).checkPrivateKey(key)) === true;

const isReadable = (certificate: string): boolean =>
  read(() => new X509Certificate(certificate)) !== undefined;

function read<Value>(make: () => Value): Value | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
