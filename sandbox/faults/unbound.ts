import { askManagement } from '../rabbitmq-node.ts';
import type { Breakable, Fault } from './fault.ts';

/** The queue that both nova-conductors share, and where oslo.messaging binds it. */
const QUEUE = 'conductor';
const EXCHANGE = 'openstack';
const BINDING = `/api/bindings/%2F/e/${EXCHANGE}/q/${QUEUE}`;

/** A queue loses its binding: its consumers stay connected, everything looks healthy, and every request to it is lost. */
export const unbound: Fault = {
  name: 'unbound',
  title: 'the queue conductor loses its binding; its consumers stay connected, and every request is lost',
  async make(broken) {
    if (!(await isBound(broken))) {
      return `${QUEUE} has no binding already.`;
    }
    // The last part is the binding's properties key, which is its routing key where it has no arguments.
    await ask(broken, 'DELETE', `${BINDING}/${QUEUE}`);
    return `Queue ${QUEUE} is no longer bound to exchange ${EXCHANGE}. Its consumers stay, and calls to it time out.`;
  },
  async heal(broken) {
    if (await isBound(broken)) {
      return undefined;
    }
    await ask(broken, 'POST', BINDING, { routing_key: QUEUE, arguments: {} });
    return `Bound again: ${QUEUE} to ${EXCHANGE}.`;
  },
};

/** A queue that is not there, or cannot be asked for, wants no binding. */
async function isBound(broken: Breakable): Promise<boolean> {
  const bindings = await ask(broken, 'GET', `/api/queues/%2F/${QUEUE}/bindings`).catch(() => undefined);
  if (!Array.isArray(bindings)) {
    return true;
  }
  return bindings.some(({ source }: { source?: unknown }) => source === EXCHANGE);
}

async function ask({ cluster }: Breakable, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) {
  const node = cluster.nodes.find((candidate) => candidate.pid() !== undefined);
  if (node === undefined) {
    throw new Error('No node of the sandbox runs: heal first');
  }
  return await askManagement(cluster.setup, node.setup, method, path, body);
}
