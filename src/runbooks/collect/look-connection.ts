import { type ManagementApi, ManagementError } from '../../rpc/index.ts';
import type { Answers, Unseen } from '../look.ts';
import { queueKey } from '../snapshot/history.ts';
import type { Limits } from './collect-node.ts';
import { messageOf } from './node-view.ts';

/** Answer about one connection, its channels, and the queues that its consumers consume. */
export async function lookAtConnection(
  apis: readonly ManagementApi[],
  name: string,
  left: () => Limits,
): Promise<Answers['connection'] | Unseen> {
  const read = await Promise.allSettled(apis.map((api) => api.connection(name, left())));
  for (const [index, result] of read.entries()) {
    const api = apis[index];
    if (result.status === 'rejected' || result.value === undefined || api === undefined) {
      continue;
    }
    const [channels, consumers] = await Promise.all([
      api.channelsOfConnection(name, left()),
      api.consumers(left()),
    ]);
    const queues = consumers
      .filter(({ connectionName }) => connectionName === name)
      .map(({ vhost, queue }) => [queueKey(vhost, queue), { vhost, name: queue }] as const);
    return {
      kind: 'connection',
      connection: result.value,
      channels: channels.map(({ connectionName: _, ...channel }) => channel),
      queues: [...new Map(queues).values()],
    };
  }
  return goneOrUnseen(read);
}

/** Gone, if one node says so and no other could still have it. A node that refuses connections has no clients. */
function goneOrUnseen(read: readonly PromiseSettledResult<unknown>[]): { readonly kind: 'gone' } | Unseen {
  const reasons: unknown[] = read.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  const silent = reasons.filter((reason) => !(reason instanceof ManagementError && reason.why === 'refused'));
  if (reasons.length < read.length && silent.length === 0) {
    return { kind: 'gone' };
  }
  return { kind: 'unseen', because: reasons.map(messageOf).join('; ') || 'no node is configured' };
}
