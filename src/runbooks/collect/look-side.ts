import { definite, type ManagementApi } from '../../rpc/index.ts';
import type { Answers } from '../look.ts';
import type { Limits } from './collect-node.ts';

/** Answer about what one node's side holds, as that node lists it. The broker's own exchanges and bindings are left out: every side has them. */
export async function lookAtSide(api: ManagementApi, limits: Limits): Promise<Answers['side']> {
  const [queues, bindings, exchanges] = await Promise.all([
    api.queueTotals(limits),
    api.bindings(limits),
    api.exchanges(limits),
  ]);
  return {
    kind: 'side',
    node: api.node,
    queues: queues.map(({ vhost, name, ready }) => ({
      vhost,
      name,
      ...definite({ ready }),
    })),
    bindings: bindings
      .filter(({ source }) => source !== '')
      .map(({ vhost, source, destination, destinationType, routingKey }) =>
        inVhost(vhost, `${source} → ${destinationType} ${destination} (${routingKey})`),
      ),
    exchanges: exchanges
      .filter(({ name }) => name !== '' && !name.startsWith('amq.'))
      .map(({ vhost, name }) => inVhost(vhost, name)),
  };
}

const inVhost = (vhost: string, what: string): string => (vhost === '/' ? what : `${what} in ${vhost}`);
