import { portsOfCluster } from '../../sandbox/cluster.ts';
import { freePorts } from '../../sandbox/ports.ts';
import { type Authority, type Certificate, makeAuthority } from './certificates.ts';
import { startOwnBroker } from './own-broker.ts';

/** A RabbitMQ node that also listens with TLS, and the certificates around it. */
export interface TlsBroker extends AsyncDisposable {
  readonly user: string;
  readonly password: string;
  readonly amqpPort: number;
  readonly amqpsPort: number;
  /** With TLS, and only for whoever shows a certificate. */
  readonly strictPort: number;
  readonly managementPort: number;
  readonly httpsPort: number;
  /** It has signed the broker's certificate, which is for 127.0.0.1 and broker.test. */
  readonly authority: Authority;
  /** Nobody trusts it. */
  readonly stranger: Authority;
  /** Of the user. */
  readonly client: Certificate;
}

/** Starts one on free ports, in a folder of its own. It takes logins by certificate too. */
export async function startTlsBroker(): Promise<TlsBroker> {
  const [authority, stranger] = await Promise.all([
    makeAuthority('Watership test authority'),
    makeAuthority('Somebody else'),
  ]);
  const [server, client] = await Promise.all([
    authority.sign('broker', { names: ['IP:127.0.0.1', 'DNS:broker.test'], days: 20 }),
    authority.sign('watership'),
  ]);
  const [amqpsPort = 0, strictPort = 0, httpsPort = 0, ...ports] = await freePorts(3 + portsOfCluster(1));
  const files = (prefix: string) => [
    `${prefix}.cacertfile = ${authority.certificateFile}`,
    `${prefix}.certfile = ${server.certificateFile}`,
    `${prefix}.keyfile = ${server.keyFile}`,
  ];
  const { close, ...broker } = await startOwnBroker(
    {
      name: 'tls',
      ports,
      more: {
        plugins: ['rabbitmq_auth_mechanism_ssl'],
        lines: [
          `listeners.ssl.1 = 127.0.0.1:${amqpsPort}`,
          ...files('ssl_options'),
          'ssl_options.verify = verify_peer',
          'ssl_options.fail_if_no_peer_cert = false',
          ...['PLAIN', 'AMQPLAIN', 'EXTERNAL'].map((name, index) => `auth_mechanisms.${index + 1} = ${name}`),
          'ssl_cert_login_from = common_name',
          'management.ssl.ip = 127.0.0.1',
          `management.ssl.port = ${httpsPort}`,
          ...files('management.ssl'),
        ],
      },
    },
    async ({ setup, node }) => {
      // rabbitmq.conf has one set of TLS options for all listeners.
      const opened = await node.ctl([
        'eval',
        `{ok, Options} = application:get_env(rabbit, ssl_options),
       rabbit_networking:start_ssl_listener(
         {"127.0.0.1", ${strictPort}}, [{fail_if_no_peer_cert, true} | proplists:delete(fail_if_no_peer_cert, Options)], 1).`,
      ]);
      if (opened.exitCode !== 0) {
        throw new Error(`No second TLS listener: ${opened.output}`);
      }
      return {
        user: setup.username,
        password: setup.password,
        amqpPort: node.setup.amqpPort,
        managementPort: node.setup.managementPort,
      };
    },
  );
  return {
    ...broker,
    ...{ amqpsPort, strictPort, httpsPort, authority, stranger, client },
    [Symbol.asyncDispose]: close,
  };
}
