/**
 * The short memory between sweeps, kept in Redis as one value a cluster. `remember` (remember.ts) folds a snapshot into it;
 * detectors read it. It holds only what was notable, so that ten thousand quiet queues cost nothing.
 */
export interface History {
  /** Sweeps folded in since the history began; detectors that need growth wait for enough of them. */
  readonly sweeps: number;
  readonly queues: Readonly<Record<string, QueueTrack>>;
  readonly connections: Readonly<Record<string, ConnectionTrack>>;
  readonly nodes: Readonly<Record<string, NodeTrack>>;
}

/** One measurement: when (milliseconds since the epoch), and how many. */
export type Sample = readonly [atMs: number, count: number];

export interface QueueTrack {
  /** Ready messages, oldest first, at most `SAMPLES_KEPT`. */
  readonly ready: readonly Sample[];
  /** Since when every sweep that could see the queue saw no consumer. Absent while it has one. */
  readonly consumerlessSinceMs?: number;
  /** The last time any sweep saw a consumer. */
  readonly lastConsumerAtMs?: number;
}

export interface ConnectionTrack {
  readonly channels: readonly Sample[];
}

export interface NodeTrack {
  /** Uptime of the RabbitMQ application at the last answer: a fall means it restarted. */
  readonly uptimeMs?: number;
  readonly lastAnswerAtMs?: number;
  /** When the sweep noticed that the application had restarted. */
  readonly restartedAtMs?: number;
  /** The last time any view disagreed with this node's, or named it in a partition. */
  readonly apartAtMs?: number;
}

/** How many samples a track keeps: at the default sweep of 15 s, five minutes' worth. */
export const SAMPLES_KEPT = 20;

export const emptyHistory: History = { sweeps: 0, queues: {}, connections: {}, nodes: {} };

/** The key of a queue's track. NUL cannot stand in either name, so `a-b` + `c` never meets `a` + `b-c`. */
export const queueKey = (vhost: string, name: string): string => `${vhost}\u0000${name}`;
