import type { ConnectionRow, ConsumerRow, QueueRow } from '../../rpc/index.ts';
import type { CollectNode, ConsumersAsked, Limits } from './collect-node.ts';
import { messageOf } from './node-view.ts';

/** A listing through one node: its rows, or why they are missing. Missing is not empty. */
export type Part<Row> =
  | { readonly kind: 'listed'; readonly node: string; readonly rows: readonly Row[] }
  | { readonly kind: 'missing'; readonly node: string; readonly why: string };

/**
 * Listings of one node in one sweep. Each is asked for at most once, by the caller that wants it first: a listing that was begun
 * before it was known to be needed is not asked for again.
 */
export interface SweptNode {
  readonly node: CollectNode;
  /** The whole cluster's, as far as the node reaches it. */
  readonly queues: () => Promise<Part<QueueRow>>;
  /** The node's own, by its metrics; absent where it has none. */
  readonly ownQueues?: () => Promise<Part<QueueRow>>;
  readonly consumers: () => Promise<Part<ConsumerRow>>;
  readonly connections: () => Promise<Part<ConnectionRow>>;
}

/** Of the time left: what the metrics may take before the totals listing is asked instead. */
const METRICS_SHARE = 0.5;

/** Asks nothing yet; `left` is the time left at the moment when something is asked. */
export function sweptNode(node: CollectNode, consumers: ConsumersAsked, left: () => Limits): SweptNode {
  const { name, management, metrics } = node;
  const listConsumers = consumers === 'named' ? management.consumers : management.consumerQueues;
  const quick = (): Limits => ({ ...left(), timeoutMs: left().timeoutMs * METRICS_SHARE });
  return {
    node,
    queues: once(() => part(name, () => management.queueTotals(left()))),
    consumers: once(() => part(name, () => listConsumers(left()))),
    connections: once(() => part(name, () => management.connections(left()))),
    ...(metrics === undefined ? {} : { ownQueues: once(() => part(name, () => metrics.queues(quick()))) }),
  };
}

function once<T>(ask: () => T): () => T {
  let asked: { readonly answer: T } | undefined;
  return () => {
    asked ??= { answer: ask() };
    return asked.answer;
  };
}

/** Part that never fails: the caller that begins a listing need not be the one that waits for it. */
async function part<Row>(node: string, ask: () => Promise<readonly Row[]>): Promise<Part<Row>> {
  try {
    return { kind: 'listed', node, rows: await ask() };
  } catch (thrown) {
    return { kind: 'missing', node, why: messageOf(thrown) };
  }
}
