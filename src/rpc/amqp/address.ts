import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { credentials, type Options, type SocketOptions } from 'amqplib';
import type { TransportOptions } from '../options/options.ts';
import type { TransportHost, TransportUrl } from '../options/transport-url.ts';
import { connectOptionsOf } from '../tls/connect-options.ts';

/** Everything amqplib needs to open one host. */
export interface Address {
  readonly host: Required<Pick<TransportHost, 'hostname' | 'port'>>;
  readonly connect: Options.Connect;
  readonly socket: SocketOptions;
}

/** The started file's name. */
export function programName(): string {
  return basename(process.argv[1] ?? 'watership');
}

/** oslo's connection name: `<program>:<pid>:<uuid>`. */
export function connectionNameOf(options: TransportOptions): string {
  const program = options.connectionName ?? programName();
  return `${program}:${options.pid ?? process.pid}:${randomUUID()}`;
}

/** The hosts of a URL in order, each ready to be opened. No host at all is the local one. */
export function addressesOf(
  url: TransportUrl,
  options: TransportOptions,
  connectionName: string,
): readonly Address[] {
  const hosts: readonly TransportHost[] = url.hosts.length === 0 ? [{}] : url.hosts;
  const tls = options.tls?.enabled === true || url.transport === 'amqps';
  return hosts.map((host) => {
    const port = host.port ?? (url.transport === 'amqps' ? 5671 : 5672);
    const name = host.hostname ?? 'localhost';
    return {
      host: { hostname: name, port },
      connect: {
        protocol: tls ? 'amqps' : 'amqp',
        hostname: name,
        port,
        // amqplib decodes the virtual host of an object too.
        vhost: encodeURIComponent(url.virtualHost ?? ''),
        heartbeat: Math.ceil(heartbeatSecondsOf(options)),
      },
      socket: {
        // Without this every call waits some 40 ms for a delayed acknowledgement.
        noDelay: true,
        keepAlive: true,
        timeout: options.connectTimeoutMs ?? 10_000,
        credentials: credentialsOf(host, options),
        clientProperties: {
          product: 'watership',
          connection_name: connectionName,
          host: hostname(),
        },
        ...(tls && connectOptionsOf(options.tls ?? {})),
      },
    };
  });
}

/** Seconds of silence after which a peer counts as dead; 0 is off. */
export function heartbeatSecondsOf(options: TransportOptions): number {
  return Math.max(0, options.heartbeatSeconds ?? 60);
}

function credentialsOf(host: TransportHost, options: TransportOptions) {
  const username = host.username ?? 'guest';
  const password = host.password ?? (host.username === undefined ? 'guest' : '');
  if (options.login === 'EXTERNAL') {
    return credentials.external();
  }
  return options.login === 'AMQPLAIN'
    ? credentials.amqplain(username, password)
    : credentials.plain(username, password);
}
