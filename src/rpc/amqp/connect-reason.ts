import { reasonOf } from '../errors.ts';
import { tlsReason } from '../tls/reason.ts';
import type { Address } from './address.ts';

/** Reason why a host could not be opened, and what to do where the library's words leave that open. */
export function connectReason(thrown: unknown, { connect, socket }: Address): string {
  const ofTls = tlsReason(thrown);
  if (ofTls !== undefined) {
    return ofTls;
  }
  const said = reasonOf(thrown);
  // The library loses the words of a broker that closes here; it asks for the virtual host only after the login.
  if (said.startsWith('Expected ConnectionOpenOk; got <ConnectionClose')) {
    return `the login succeeded, but virtual host '${virtualHostOf(connect)}' was refused: it does not exist, or this user has no permissions there (rabbitmqctl list_vhosts, list_permissions -p), or it has too many connections`;
  }
  const cure = hungUp.test(said)
    ? adviceOnSilence(connect.protocol === 'amqps', socket.cert !== undefined)
    : socket.credentials?.mechanism === 'EXTERNAL'
      ? adviceOnExternal(said)
      : undefined;
  return cure === undefined ? said : `${said.replace(/\.$/, '')}: ${cure}`;
}

/** Whether the end of the connection or the words about it arrive first is chance: what is unread is lost in a reset. */
const hungUp = /during opening handshake|before secure TLS|ECONNRESET|EPIPE/;

/** The empty name is the broker's `/`. */
const virtualHostOf = ({ vhost = '' }: Address['connect']): string => decodeURIComponent(vhost) || '/';

function adviceOnSilence(isTls: boolean, showsCertificate: boolean): string | undefined {
  if (!isTls) {
    return 'if this is the TLS port, enable TLS (ssl=1, amqps:)';
  }
  return showsCertificate
    ? undefined
    : 'it may require a client certificate (ssl_cert_file, tls.certificate), or accept no TLS';
}

function adviceOnExternal(said: string): string | undefined {
  if (said.includes('is not provided by the server')) {
    return 'enable the plugin rabbitmq_auth_mechanism_ssl, list EXTERNAL in auth_mechanisms, and connect with TLS';
  }
  if (said.includes('ACCESS_REFUSED') || said.includes('ACCESS-REFUSED')) {
    return 'EXTERNAL takes the user from the client certificate: configure one, and create a user of that name (ssl_cert_login_from)';
  }
  return undefined;
}
