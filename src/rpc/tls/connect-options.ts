import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import { definite } from '../definite.ts';
import type { TlsOptions } from '../options/options.ts';
import { keyBeside } from './pem.ts';

/** Options in the words of `node:tls`. */
export function connectOptionsOf(
  tls: TlsOptions,
): Pick<
  ConnectionOptions,
  'rejectUnauthorized' | 'ca' | 'cert' | 'key' | 'servername' | 'checkServerIdentity'
> {
  const { ca, certificate, verify = true, verifyName = true, serverName } = tls;
  const key = keyBeside(tls);
  return {
    rejectUnauthorized: verify,
    ...definite({ ca, cert: certificate, key }),
    // An address is nothing that a server can be asked for by name; it may still stand in the certificate.
    ...(serverName !== undefined && isIP(serverName) === 0 && { servername: serverName }),
    ...(serverName !== undefined && {
      checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
    }),
    ...(!verifyName && { checkServerIdentity: () => undefined }),
  };
}
