import { parseQueueName } from './families.ts';
import type { ClusterSettings } from './observation.ts';

/**
 * Reason why this queue is never deleted, whatever people approve; undefined when nothing protects its name. Only what a
 * process declared for itself may go: its fanout queue, or its reply queue. The list is built in; a configuration adds to it.
 */
export function whyProtected(
  { vhost, name }: { readonly vhost: string; readonly name: string },
  { protect }: Pick<ClusterSettings, 'protect'>,
): string | undefined {
  if (protect?.vhosts.includes(vhost) === true) {
    return `everything in vhost ${vhost} is protected`;
  }
  if (name.startsWith('amq.')) {
    return 'queues named amq.* belong to the broker';
  }
  if (/^federation: /.test(name)) {
    return 'it belongs to a federation link';
  }
  const pattern = protect?.queues.find((candidate) => new RegExp(candidate, 'u').test(name));
  if (pattern !== undefined) {
    return `its name matches the protected pattern ${pattern}`;
  }
  switch (parseQueueName(name).kind) {
    case 'fanout':
    case 'reply':
      return undefined;
    case 'notification':
      return 'it holds notifications of a service';
    case 'topic':
      return 'by its name it is the queue of a service, not one that a process left behind';
  }
}
