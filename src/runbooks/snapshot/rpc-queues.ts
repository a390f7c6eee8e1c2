import { parseQueueName } from './families.ts';
import type { QueueSeen } from './snapshot.ts';

/** What a queue's name says of its RPC server: the topic, and which server of it. */
export interface RpcName {
  readonly topic: string;
  /** Absent for the queue that all servers of the topic share. */
  readonly server?: string;
}

/**
 * Whether an RPC server may consume this queue, so that it can be probed. Fanout queues, reply
 * queues, notifications and streams have no consumer that would answer.
 */
export const isRpcQueue = ({ name, type }: Pick<QueueSeen, 'name' | 'type'>): boolean =>
  type !== 'stream' &&
  parseQueueName(name).kind === 'topic' &&
  !name.endsWith('_fanout') &&
  !name.startsWith('amq.');

/**
 * Takes `TOPIC.SERVER` apart. Topics and servers may both hold dots (`ironic.conductor_manager.ctl1.example.org`), so the
 * longest beginning that is a queue of its own is the topic; where there is none, the text before the first dot.
 */
export function rpcNameOf(queue: string, isQueue: (name: string) => boolean): RpcName {
  for (let dot = queue.lastIndexOf('.'); dot > 0; dot = queue.lastIndexOf('.', dot - 1)) {
    const topic = queue.slice(0, dot);
    if (isQueue(topic)) {
      return { topic, server: queue.slice(dot + 1) };
    }
  }
  const first = queue.indexOf('.');
  return first > 0 && first < queue.length - 1
    ? { topic: queue.slice(0, first), server: queue.slice(first + 1) }
    : { topic: queue };
}
