import { readManagement } from '../rabbitmq-node.ts';
import { type Breakable, type Fault, serviceNamed } from './fault.ts';

/** A scheduler dies and comes back with a new fanout queue; the old one keeps receiving and has no consumer. */
export const zombieQueue: Fault = {
  name: 'zombie-queue',
  title: 'a cinder-scheduler is killed and comes back; its old fanout queue keeps filling',
  async make(broken) {
    const victim = serviceNamed(broken, 'cinder-scheduler');
    const old = victim.pid();
    const pid = await victim.crash();
    serviceNamed(broken, 'cinder-volume').order({
      do: 'flood',
      kind: 'fanout',
      topic: 'cinder-scheduler',
      method: 'update_service_capabilities',
      perSecond: 10,
      count: 300,
    });
    return `cinder-scheduler (pid ${old}) was killed and is back (pid ${pid}). Its old fanout queue keeps receiving.`;
  },
  async heal(broken) {
    const zombies = await fanoutQueuesWithoutConsumer(broken);
    if (zombies.length === 0) {
      return undefined;
    }
    const [node] = broken.cluster.nodes.filter((candidate) => candidate.pid() !== undefined);
    for (const name of zombies) {
      await node?.ctl(['delete_queue', name, '--if-unused']);
    }
    return `Deleted: ${zombies.join(', ')}.`;
  },
};

async function fanoutQueuesWithoutConsumer({ cluster }: Breakable): Promise<readonly string[]> {
  const node = cluster.nodes.find((candidate) => candidate.pid() !== undefined);
  if (node === undefined) {
    return [];
  }
  const queues = await readManagement(cluster.setup, node.setup, '/api/queues?columns=name,consumers');
  if (!Array.isArray(queues)) {
    return [];
  }
  return queues
    .filter((queue: { name?: unknown; consumers?: unknown }) => queue.consumers === 0)
    .map(({ name }: { name?: unknown }) => String(name))
    .filter((name) => name.includes('_fanout_'));
}
