import type { Channel } from 'amqplib';
import { now, pause } from '../amqp/deadline.ts';
import type { Publisher } from '../amqp/publisher.ts';
import { type BoundQueue, declareExchange, replyCodeOf } from '../amqp/topology.ts';
import { MessageDeliveryFailure, MessageUndeliverable } from '../errors.ts';
import type { TransportEvent } from '../options/options.ts';
import { encodeBody } from '../wire/envelope.ts';
import { hexId } from '../wire/id.ts';

/** What a watch looks at. */
export interface WatchedBindings {
  /** For messages: `server 'compute.host-1'`. */
  readonly what: string;
  readonly bound: readonly BoundQueue[];
  /** The one that no other server consumes: it alone gets a message. */
  readonly own: BoundQueue;
  /** Namespace and version that are served: the message must be one that a server answers without complaint. */
  readonly served: { readonly namespace?: string; readonly version?: string };
  readonly everyMs: number;
  readonly publisher: Publisher;
  /** The consumers' channel, while there is one. */
  readonly channel: () => Channel | undefined;
  readonly tell: (event: TransportEvent) => void;
  readonly signal: AbortSignal;
  readonly random: () => number;
}

/** Asks every so often whether requests still reach a server. */
export interface BindingWatch {
  /** True for the watch's own message: it is no request. */
  isOwn(uniqueId: string | undefined): boolean;
}

const longestMs = 5_000;
/** A method that no service has, with the ending that Python's servers do not log. */
const method = 'oslo_rpc_server_ping_ignore_errors';

/**
 * Begins to watch. A queue can lose its binding while it and its consumer stay, and all looks well: so the server
 * sends itself a mandatory message, which the broker gives back when no binding brings it anywhere. The other
 * queues are simply bound again each time: a message there could reach another server.
 */
export function watchBindings(watched: WatchedBindings): BindingWatch {
  const id = hexId();
  void watch(watched, id);
  return { isOwn: (uniqueId) => uniqueId === id };
}

async function watch(watched: WatchedBindings, id: string): Promise<void> {
  const { everyMs, signal, random } = watched;
  while (!signal.aborted) {
    // Spread out: the servers that one restart began at the same time need not all ask at the same time.
    await pause(everyMs * (0.9 + 0.2 * random()), signal);
    const channel = watched.channel();
    // Without one, everything is being declared again anyway.
    if (signal.aborted || !channel) {
      continue;
    }
    try {
      await look(watched, id, channel);
    } catch {
      // The channel or the connection went meanwhile; what was lost with them is told and repaired elsewhere.
    }
  }
}

async function look(watched: WatchedBindings, id: string, channel: Channel): Promise<void> {
  const { what, bound, own, tell } = watched;
  const lost = await whyLost(watched, id);
  if (lost === undefined) {
    for (const each of bound) {
      if (each !== own) {
        await bind(channel, each);
      }
    }
    return;
  }
  tell({ kind: 'bindings-lost', what, reason: lost });
  for (const each of bound) {
    await declareExchange(channel, each.exchange);
  }
  // A broker that is not sure of a binding takes it for there, and binds it only when it is taken away first.
  await channel.unbindQueue(own.queue.name, own.exchange.name, own.routingKey);
  for (const each of bound) {
    await bind(channel, each);
  }
  if ((await whyLost(watched, id)) === undefined) {
    tell({ kind: 'bindings-restored', what });
  }
}

/** Why a message to the server itself did not arrive anywhere; undefined when it did, or when that cannot be told. */
async function whyLost(watched: WatchedBindings, id: string): Promise<string | undefined> {
  const { own, served, publisher } = watched;
  const { name: exchange } = own.exchange;
  const { routingKey } = own;
  const request = { method, args: {}, ...served, _unique_id: id };
  try {
    await publisher.publish(
      // Expired at once where no consumer waits: it never piles up.
      { exchange, routingKey, ...encodeBody(request), mandatory: true, expirationMs: 0 },
      { deadline: now() + longestMs, retry: 0 },
    );
    return undefined;
  } catch (reason) {
    if (reason instanceof MessageUndeliverable) {
      return `no binding of '${routingKey}' on exchange '${exchange}'`;
    }
    const isGone = reason instanceof MessageDeliveryFailure && replyCodeOf(reason) === 404;
    return isGone ? `exchange '${exchange}' does not exist` : undefined;
  }
}

async function bind(channel: Channel, { queue, exchange, routingKey }: BoundQueue): Promise<void> {
  await channel.bindQueue(queue.name, exchange.name, routingKey);
}
