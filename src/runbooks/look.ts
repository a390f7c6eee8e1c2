import type { ConnectionSeen, QueueSeen } from './snapshot/snapshot.ts';

/**
 * A question that a runbook asks beyond the sweep. Runbooks are pure: they name what they want to see as data,
 * the collector (collect/look.ts) goes and looks, and the answers come back as data.
 */
export type Look =
  /** One queue, read fresh (not from the cached listing) on every node that answers. */
  | { readonly look: 'queue'; readonly vhost: string; readonly name: string }
  /** What feeds a queue. */
  | { readonly look: 'bindings'; readonly vhost: string; readonly queue: string }
  /** One connection with its channels, their consumers and the queues they consume. */
  | { readonly look: 'connection'; readonly name: string }
  /** Does a server of this topic answer? An RPC ping; any reply proves life. `vhost` defaults to the cluster's. */
  | { readonly look: 'probe'; readonly topic: string; readonly server?: string; readonly vhost?: string }
  /** What one node's side holds: queues with their ready messages, bindings. Two of these give the differences. */
  | { readonly look: 'side'; readonly node: string }
  /** May this node stop without taking a quorum, or the last in-sync mirror, with it? Asked of the node itself. */
  | { readonly look: 'stop-is-safe'; readonly node: string }
  /** How the services reach the broker, as the configuration says where to find it. */
  | { readonly look: 'reached-by' }
  /** `cluster_partition_handling` of a node, asked on its host. */
  | { readonly look: 'partition-handling'; readonly node: string };

/** Each answer, or why there is none. `unseen` is never the same as a negative answer. */
export type Answer<L extends Look = Look> = L extends { look: infer K extends keyof Answers }
  ? Answers[K] | Unseen
  : never;

export interface Unseen {
  readonly kind: 'unseen';
  readonly because: string;
}

export interface Answers {
  readonly queue: {
    readonly kind: 'queue';
    /** One entry for each node that answered. `row` absent: that node says the queue does not exist. */
    readonly byNode: readonly { readonly node: string; readonly row?: QueueDetail }[];
  };
  readonly bindings: {
    readonly kind: 'bindings';
    /** Bindings from named exchanges; the default exchange's own is left out. */
    readonly bindings: readonly { readonly exchange: string; readonly routingKey: string }[];
  };
  readonly connection:
    | {
        readonly kind: 'connection';
        readonly connection: ConnectionSeen;
        readonly channels: readonly {
          readonly name: string;
          readonly consumers?: number;
          readonly idleSinceMs?: number;
        }[];
        readonly queues: readonly { readonly vhost: string; readonly name: string }[];
      }
    | { readonly kind: 'gone' };
  readonly probe: {
    readonly kind: 'probe';
    readonly verdict: 'alive' | 'deaf' | 'absent' | 'unreachable';
    readonly tookMs: number;
    /** How it was known, for people: "replied pong", "no queue conductor.host1", … */
    readonly how: string;
  };
  readonly side: {
    readonly kind: 'side';
    readonly node: string;
    readonly queues: readonly { readonly vhost: string; readonly name: string; readonly ready?: number }[];
    readonly bindings: readonly string[];
    readonly exchanges: readonly string[];
  };
  readonly 'stop-is-safe': {
    readonly kind: 'stop-is-safe';
    readonly isSafe: boolean;
    /** Queues that would lose their quorum or last in-sync mirror. */
    readonly critical: readonly string[];
  };
  readonly 'reached-by': {
    readonly kind: 'reached-by';
    /** Node names the services were configured to reach; empty when the configuration does not say. */
    readonly nodes: readonly string[];
    readonly how: string;
  };
  readonly 'partition-handling': { readonly kind: 'partition-handling'; readonly mode: string };
}

/** A queue read by itself, fresh. */
export interface QueueDetail extends QueueSeen {
  readonly isExclusive?: boolean;
  readonly isDurable?: boolean;
  readonly expiresMs?: number;
  readonly policy?: string;
  readonly memoryBytes?: number;
  readonly messageBytes?: number;
  readonly idleSinceMs?: number;
  readonly leader?: string;
  /** Messages a second that were handed out. */
  readonly deliverRate?: number;
}

/** Looks with their answers, as a run keeps them. Keyed by `lookKey`. */
export type Answered = Readonly<Record<string, Answer>>;

export const lookKey = (look: Look): string =>
  Object.values(look)
    .map((part) => String(part))
    .join('\u0000');

/** The answer to a look, typed by the look; a look that was never made is unseen. */
export function answerTo<const L extends Look>(answered: Answered, look: L): Answer<L> {
  const answer = answered[lookKey(look)] ?? { kind: 'unseen', because: 'it was not asked' };
  return answer as Answer<L>;
}
