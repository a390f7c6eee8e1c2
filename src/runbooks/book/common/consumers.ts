import type { ActionCall } from '../../action.ts';
import { definite } from '../../definite.ts';
import type { Answered, Look } from '../../look.ts';
import { answerTo } from '../../look.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { entryOfQueue, hostOf, type Owner, ownerOfConnection, unitOf } from '../../snapshot/owners.ts';
import { counted } from '../../wording/words.ts';

type ProbeLook = Extract<Look, { look: 'probe' }>;

/** Queue that a service consumes, or should consume. */
export interface ConsumedQueue {
  readonly vhost: string;
  readonly name: string;
}

/** One process that consumes a queue. */
export interface QueueConsumer extends Owner {
  /** Its name in plans and choices: `cinder-volume:812@10.3.0.35`. */
  readonly id: string;
  readonly connections: readonly string[];
  /** The `server` of its target, if it also consumes `TOPIC.SERVER`: a call there does not wait behind the backlog. */
  readonly server?: string;
}

/** Processes that consume a queue, by its consumers and their connections. A process with several connections counts once. */
export function consumersOf(
  { snapshot, settings }: Observation,
  queue: ConsumedQueue,
): readonly QueueConsumer[] {
  const byName = new Map(snapshot.connections.rows.map((connection) => [connection.name, connection]));
  const servers = new Map<string, string>();
  const consuming = new Set<string>();
  for (const consumer of snapshot.consumers.rows) {
    const { vhost, connectionName } = consumer;
    if (vhost !== queue.vhost || connectionName === undefined) {
      continue;
    }
    if (consumer.queue === queue.name) {
      consuming.add(connectionName);
    }
    if (consumer.queue.startsWith(`${queue.name}.`)) {
      servers.set(connectionName, consumer.queue.slice(queue.name.length + 1));
    }
  }
  const consumers = new Map<string, QueueConsumer>();
  for (const connection of consuming) {
    const owner = ownerOfConnection(byName.get(connection) ?? {}, settings, [queue.name]);
    const id = nameOfOwner(owner) ?? connection;
    const known = consumers.get(id);
    const server = servers.get(connection) ?? known?.server;
    const connections = [...(known?.connections ?? []), connection];
    consumers.set(id, { ...owner, id, connections, ...definite({ server }) });
  }
  return [...consumers.values()].toSorted((one, other) => one.id.localeCompare(other.id));
}

/** Name of a process such as `nova-compute:4241@10.3.0.1`; undefined where the client gives no name. */
export function nameOfOwner({ service, pid, peerHost }: Owner): string | undefined {
  if (service === undefined || service === '') {
    return undefined;
  }
  return `${service}${pid === undefined ? '' : `:${pid}`}${peerHost === undefined ? '' : `@${peerHost}`}`;
}

/**
 * RPC call to a queue. oslo.messaging routes by the queue's own name, so the call reaches whichever process consumes the
 * queue, after everything that waits there.
 */
export const probeOfQueue = ({ vhost, name }: ConsumedQueue): ProbeLook => ({
  look: 'probe',
  topic: name,
  vhost,
});

/** RPC call to one consumer by its own queue. */
export const probeOfConsumer = (
  { vhost, name }: ConsumedQueue,
  { server }: QueueConsumer,
): ProbeLook | undefined =>
  server === undefined ? undefined : { look: 'probe', topic: name, server, vhost };

/** Whether this consumer hangs; undefined where no call could tell. */
export function isHung(
  queue: ConsumedQueue,
  consumer: QueueConsumer,
  answered: Answered,
): boolean | undefined {
  const probe = probeOfConsumer(queue, consumer);
  const answer = probe && answerTo(answered, probe);
  if (answer?.kind !== 'probe') {
    return undefined;
  }
  if (answer.verdict === 'deaf') {
    return true;
  }
  return answer.verdict === 'alive' ? false : undefined;
}

/** Service that a restart may help. */
export interface RestartTarget {
  readonly id: string;
  readonly service: string;
  readonly because: string;
  /** Whether it left an RPC call of its own unanswered. */
  readonly isSilent: boolean;
  readonly call: ActionCall;
}

/**
 * Processes that can be restarted: those that hang, where calls show it; else every consumer; without any consumer, the
 * service that should be one.
 */
export function restartTargets(
  now: Observation,
  queue: ConsumedQueue,
  answered: Answered,
): readonly RestartTarget[] {
  const consumers = consumersOf(now, queue);
  if (consumers.length === 0) {
    return targetOfMissing(now, queue);
  }
  const hung = consumers.filter((consumer) => isHung(queue, consumer, answered) === true);
  return (hung.length > 0 ? hung : consumers).flatMap((consumer) => {
    const host = hostOf(consumer);
    if (consumer.entry === undefined || host === undefined) {
      return [];
    }
    const pid = consumer.pid === undefined ? {} : { pid: consumer.pid };
    const consumes = `it consumes ${queue.name} over ${counted(consumer.connections.length, 'connection')}`;
    return [
      {
        id: consumer.id,
        service: consumer.entry.name,
        because: hung.length > 0 ? `${consumes} and answers no RPC call` : consumes,
        isSilent: hung.length > 0,
        call: { action: 'service.restart', args: { host, service: unitOf(consumer.entry, host), ...pid } },
      },
    ];
  });
}

function targetOfMissing({ settings }: Observation, queue: ConsumedQueue): readonly RestartTarget[] {
  const entry = entryOfQueue(queue.name, settings);
  if (entry === undefined) {
    return [];
  }
  // A queue of one host is named `TOPIC.HOST`, in cinder `TOPIC.HOST@BACKEND`.
  const host = entry.host === 'from-connection' ? /^[^.]+\.([^@]+)/.exec(queue.name)?.[1] : entry.host;
  if (host === undefined) {
    return [];
  }
  return [
    {
      id: `${entry.name}@${host}`,
      service: entry.name,
      because: `it should consume ${queue.name}, which has no consumer`,
      isSilent: false,
      call: { action: 'service.restart', args: { host, service: unitOf(entry, host) } },
    },
  ];
}
