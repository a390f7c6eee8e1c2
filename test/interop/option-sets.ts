import type { TransportOptions } from '../../src/rpc/index.ts';
import { isAtLeast } from './scenarios/scenario.ts';

/** How both sides are set up, so that they declare the same queues and exchanges. */
export interface OptionSet {
  readonly name: string;
  readonly ours: TransportOptions;
  /** By their names in `[oslo_messaging_rabbit]`. */
  readonly theirs: Readonly<Record<string, unknown>>;
  /** The release of oslo.messaging that brought them. */
  readonly since?: string;
}

/** Every set. Two sides that are set up differently are refused by the broker, so each proves that both mean the same. */
export const optionSets: readonly OptionSet[] = [
  { name: 'defaults', ours: {}, theirs: {} },
  { name: 'a reply queue like theirs', ours: { osloIdentical: true }, theirs: {} },
  {
    name: 'durable queues, compressed bodies',
    ours: { queues: { durable: true }, compression: 'gzip' },
    theirs: { amqp_durable_queues: true, kombu_compression: 'gzip' },
  },
  {
    name: 'queues that delete themselves',
    ours: { queues: { autoDelete: true } },
    theirs: { amqp_auto_delete: true },
  },
  { name: 'quorum queues', ours: { queues: { quorum: true } }, theirs: { rabbit_quorum_queue: true } },
  {
    name: 'quorum queues for replies and fanouts too',
    ours: { queues: { quorum: true, transientQuorum: true }, osloIdentical: true },
    theirs: { rabbit_quorum_queue: true, rabbit_transient_quorum_queue: true },
    since: '14.7.0',
  },
  {
    name: 'a stream for fanouts, names by the queue manager',
    ours: {
      queues: {
        quorum: true,
        transientQuorum: true,
        streamFanout: true,
        names: { host: 'here', process: 'ours' },
      },
      osloIdentical: true,
      prefetch: 10,
    },
    theirs: {
      rabbit_quorum_queue: true,
      rabbit_transient_quorum_queue: true,
      rabbit_stream_fanout: true,
      rabbit_qos_prefetch_count: 10,
      use_queue_manager: true,
      hostname: 'here',
      processname: 'theirs',
    },
    since: '14.7.0',
  },
];

/** The sets that a release has. */
export function optionSetsOf(version: string): readonly OptionSet[] {
  return optionSets.filter(({ since }) => since === undefined || isAtLeast(version, since));
}
