import { definite } from '../../rpc/index.ts';
import type { ClusterSettings, ServiceSettings } from './observation.ts';
import type { ConnectionSeen } from './snapshot.ts';

/** The process behind a connection, as far as the client says who it is. */
export interface Owner {
  /** `nova-compute`: the text before the first colon of the client's name. */
  readonly service?: string;
  readonly pid?: number;
  /** Where it connects from. Behind a proxy this is the proxy. */
  readonly peerHost?: string;
  /** The operator's entry for it; without one nothing can be restarted. */
  readonly entry?: ServiceSettings;
}

/** oslo.messaging names its connections `basename(argv0):pid:uuid`. */
export function parseClientName(clientName: string): { readonly service: string; readonly pid?: number } {
  const [service = '', pid = ''] = clientName.split(':');
  return { service, ...(/^\d+$/.test(pid) ? { pid: Number(pid) } : {}) };
}

export function ownerOfConnection(
  connection: Pick<ConnectionSeen, 'clientName' | 'peerHost'>,
  settings: ClusterSettings,
  queues: readonly string[] = [],
): Owner {
  const client = connection.clientName === undefined ? undefined : parseClientName(connection.clientName);
  const entry =
    settings.services.find(({ name }) => name === client?.service) ??
    queues.map((queue) => entryOfQueue(queue, settings)).find((found) => found !== undefined);
  return {
    ...client,
    ...definite({ peerHost: connection.peerHost }),
    ...(entry ? { entry } : {}),
  };
}

/** The operator's entry whose expression matches the queue's name. */
export const entryOfQueue = (queue: string, settings: ClusterSettings): ServiceSettings | undefined =>
  settings.services.find(({ queues }) => new RegExp(queues, 'u').test(queue));

/** The host to act on: the entry's own, or where the connection comes from; undefined when neither is known. */
export const hostOf = (owner: Owner): string | undefined =>
  owner.entry?.host === 'from-connection' ? owner.peerHost : owner.entry?.host;

/** What is to be restarted: the operator's unit, with the host's name put in, or the service's own name. */
export const unitOf = (entry: ServiceSettings, host: string): string =>
  (entry.unit ?? entry.name).replaceAll('{host}', host);
