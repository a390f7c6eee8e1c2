import type { ManagementApi, MetricsApi } from '../../rpc/index.ts';

/** One configured node, and how it can be asked. */
export interface CollectNode {
  readonly name: string;
  readonly management: ManagementApi;
  readonly metrics?: MetricsApi;
  /** `host:port` of the node's epmd; absent: not asked. */
  readonly epmd?: string;
}

/** The limits of one request, as the rpc room takes them. */
export interface Limits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Detail in which consumers are listed. `counted`: which queues they consume, which is all that detectors want, for half of
 * the broker's time. `named`: also by which connections, for callers that ask which process it is.
 */
export type ConsumersAsked = 'counted' | 'named';
