import type { ActionCall } from '../../action.ts';
import type { Answered, Look } from '../../look.ts';
import { answerTo } from '../../look.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { entryOfQueue, hostOf, type Owner, ownerOfConnection, unitOf } from '../../snapshot/owners.ts';
import { counted } from '../../snapshot/words.ts';

type ProbeLook = Extract<Look, { look: 'probe' }>;

/** The queue that is read, or should be. */
export interface ConsumedQueue {
  readonly vhost: string;
  readonly name: string;
}

/** One process that reads a queue. */
export interface QueueConsumer extends Owner {
  /** Its name in plans and choices: `cinder-volume:812@10.3.0.35`. */
  readonly id: string;
  readonly connections: readonly string[];
  /** The `server` of its target, if it also reads `TOPIC.SERVER`: a ping there does not wait behind the backlog. */
  readonly server?: string;
}

/** Who reads a queue: consumers → connections → processes. A process with several connections is one reader. */
export function consumersOf(
  { snapshot, settings }: Observation,
  queue: ConsumedQueue,
): readonly QueueConsumer[] {
  const byName = new Map(snapshot.connections.rows.map((connection) => [connection.name, connection]));
  const servers = new Map<string, string>();
  const reading = new Set<string>();
  for (const consumer of snapshot.consumers.rows) {
    const { vhost, connectionName } = consumer;
    if (vhost !== queue.vhost || connectionName === undefined) continue;
    if (consumer.queue === queue.name) reading.add(connectionName);
    if (consumer.queue.startsWith(`${queue.name}.`)) {
      servers.set(connectionName, consumer.queue.slice(queue.name.length + 1));
    }
  }
  const readers = new Map<string, QueueConsumer>();
  for (const connection of reading) {
    const owner = ownerOfConnection(byName.get(connection) ?? {}, settings, [queue.name]);
    const id = nameOfOwner(owner) ?? connection;
    const known = readers.get(id);
    const server = servers.get(connection) ?? known?.server;
    const connections = [...(known?.connections ?? []), connection];
    readers.set(id, { ...owner, id, connections, ...(server === undefined ? {} : { server }) });
  }
  return [...readers.values()].toSorted((one, other) => one.id.localeCompare(other.id));
}

/** `nova-compute:4241@10.3.0.1`; undefined where the client does not say its name. */
export function nameOfOwner({ service, pid, peerHost }: Owner): string | undefined {
  if (service === undefined || service === '') return undefined;
  return `${service}${pid === undefined ? '' : `:${pid}`}${peerHost === undefined ? '' : `@${peerHost}`}`;
}

/** oslo.messaging routes by the queue's own name, so a ping to it reaches whoever reads it, after all that waits there. */
export const probeOfQueue = ({ vhost, name }: ConsumedQueue): ProbeLook => ({
  look: 'probe',
  topic: name,
  vhost,
});

/** A ping to one reader by its own queue. */
export const probeOfConsumer = (
  { vhost, name }: ConsumedQueue,
  { server }: QueueConsumer,
): ProbeLook | undefined =>
  server === undefined ? undefined : { look: 'probe', topic: name, server, vhost };

/** Is this reader known to hang, or to live? Undefined where no ping could tell. */
export function isHung(queue: ConsumedQueue, reader: QueueConsumer, answered: Answered): boolean | undefined {
  const probe = probeOfConsumer(queue, reader);
  const answer = probe && answerTo(answered, probe);
  if (answer?.kind !== 'probe') return undefined;
  if (answer.verdict === 'deaf') return true;
  return answer.verdict === 'alive' ? false : undefined;
}

/** A component that a restart may help. */
export interface RestartTarget {
  readonly id: string;
  readonly service: string;
  readonly because: string;
  /** Has it left a question of its own unanswered? */
  readonly isSilent: boolean;
  readonly call: ActionCall;
}

/**
 * The processes that can be restarted: those that hang, where pings tell; else every reader; without any reader, the
 * service that should be one.
 */
export function restartTargets(
  now: Observation,
  queue: ConsumedQueue,
  answered: Answered,
): readonly RestartTarget[] {
  const readers = consumersOf(now, queue);
  if (readers.length === 0) return targetOfMissing(now, queue);
  const hung = readers.filter((reader) => isHung(queue, reader, answered) === true);
  return (hung.length > 0 ? hung : readers).flatMap((reader) => {
    const host = hostOf(reader);
    if (reader.entry === undefined || host === undefined) return [];
    const pid = reader.pid === undefined ? {} : { pid: reader.pid };
    const reads = `it reads ${queue.name} over ${counted(reader.connections.length, 'connection')}`;
    return [
      {
        id: reader.id,
        service: reader.entry.name,
        because: hung.length > 0 ? `${reads} and answers no ping` : reads,
        isSilent: hung.length > 0,
        call: { action: 'service.restart', args: { host, service: unitOf(reader.entry, host), ...pid } },
      },
    ];
  });
}

function targetOfMissing({ settings }: Observation, queue: ConsumedQueue): readonly RestartTarget[] {
  const entry = entryOfQueue(queue.name, settings);
  if (entry === undefined) return [];
  // A queue of one host is named `TOPIC.HOST`, in cinder `TOPIC.HOST@BACKEND`.
  const host = entry.host === 'from-connection' ? /^[^.]+\.([^@]+)/.exec(queue.name)?.[1] : entry.host;
  if (host === undefined) return [];
  return [
    {
      id: `${entry.name}@${host}`,
      service: entry.name,
      because: `it should read ${queue.name}, and nobody does`,
      isSilent: false,
      call: { action: 'service.restart', args: { host, service: unitOf(entry, host) } },
    },
  ];
}
