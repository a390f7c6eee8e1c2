/** How much one plan may do before it counts as many things at once. Configuration may lower these, never raise them. */
export interface PlanLimits {
  /** Queues deleted by one run. @default 25 */
  readonly queuesPerRun: number;
  /** Messages lost by one run. @default 50000 */
  readonly messagesPerRun: number;
  /** Share of a vhost's queues that one run deletes, percent; one queue is always within it. @default 5 */
  readonly vhostPercent: number;
  /** Queues deleted on a cluster within an hour, by all runs. @default 100 */
  readonly deletionsPerHour: number;
  /** Deletions that may fail one after the other before the run stops. @default 2 */
  readonly failuresInARow: number;
}

/** The highest values there are. */
export const limitDefaults: PlanLimits = {
  queuesPerRun: 25,
  messagesPerRun: 50_000,
  vhostPercent: 5,
  deletionsPerHour: 100,
  failuresInARow: 2,
};

/** What a plan takes away for good: the count that people type before they approve it. */
export interface Impact {
  readonly queues: number;
  /** Ready messages, at most. */
  readonly messages: number;
}

/** One queue that a call deletes. */
export interface Deletion {
  readonly vhost: string;
  readonly name: string;
  /** Ready messages that go with it, at most. */
  readonly messages: number;
}
