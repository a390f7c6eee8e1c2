import type { Action, Outcome } from '../../action.ts';
import { count } from '../../wording/words.ts';
import { READ_MS } from '../common/ask-nodes.ts';
import type { ClusterPorts } from '../common/ports.ts';
import { goneAlready, outcomeOfWrite, WRITE_MS } from '../common/write.ts';
import {
  type Deletable,
  type DeletionArgs,
  deletionArgs,
  deletionChecks,
  mayDeleteNow,
  readOnEveryNode,
  settleDeletion,
} from './deletable.ts';

const pathOf = ({ vhost, name }: DeletionArgs): string =>
  `DELETE /api/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(name)}`;

const whatOf = ({ vhost, name, maxReady }: DeletionArgs): string =>
  `queue "${name}" in vhost "${vhost}", only while it has no consumer and at most ` +
  `${count(maxReady)} ready messages`;

/** Action that deletes one classic queue without a consumer, guarded by the broker's own `if-unused`. */
export const queueDelete: Action<DeletionArgs, ClusterPorts> = {
  name: 'queue.delete',
  tier: 'destructive',
  args: deletionArgs,
  timeLimitMs: READ_MS + WRITE_MS,
  checks: [...deletionChecks, 'The queue is classic; the broker itself checks that it is unused.'],
  undo: 'No: the messages are gone.',
  deletes: ({ vhost, name, maxReady }) => ({ vhost, name, messages: maxReady }),
  describe: (wanted) => `Delete ${whatOf(wanted)}: ${pathOf(wanted)}?if-unused=true`,
  precheck: async (wanted, ports) => await mayDeleteNow(wanted, ports, 'classic'),
  execute: async (wanted, ports) => await send(wanted, ports, 'classic'),
  reconcile: settleDeletion,
};

/**
 * Action that deletes one quorum queue without a consumer. The broker has no `if-unused` for them, so it is asked once more on
 * every node just before; that leaves a gap, and so it needs the votes of many things at once.
 */
export const queueDeleteQuorum: Action<DeletionArgs, ClusterPorts> = {
  name: 'queue.delete_quorum',
  tier: 'mass',
  args: deletionArgs,
  timeLimitMs: 2 * READ_MS + WRITE_MS,
  checks: [
    ...deletionChecks,
    'The queue is a quorum queue; all these checks are made again immediately before the call.',
  ],
  undo: 'No: the messages are gone.',
  deletes: ({ vhost, name, maxReady }) => ({ vhost, name, messages: maxReady }),
  describe: (wanted) =>
    `Delete the quorum ${whatOf(wanted)} (read again just before; the broker itself does not check): ${pathOf(wanted)}`,
  precheck: async (wanted, ports) => await mayDeleteNow(wanted, ports, 'quorum'),
  execute: async (wanted, ports) => {
    const again = await mayDeleteNow(wanted, ports, 'quorum');
    return again.go ? await send(wanted, ports, 'quorum') : { kind: 'refused', because: again.because };
  },
  reconcile: settleDeletion,
};

async function send(wanted: DeletionArgs, ports: ClusterPorts, type: Deletable): Promise<Outcome> {
  // Through a node that has just answered: a request to one that does not would leave an unknown outcome.
  const { answered, silent } = await readOnEveryNode(wanted, ports);
  const [first] = answered;
  if (first === undefined) {
    return { kind: 'refused', because: `Nothing was sent because no node answers: ${silent}` };
  }
  // The broker's own guard holds for classic queues alone: nothing is sent at another type, whoever looked before.
  const other = answered.find(({ value }) => value !== undefined && value.type !== type)?.value;
  if (other !== undefined) {
    return {
      kind: 'refused',
      because: `Nothing was sent: it is ${other.type === undefined ? 'of unknown type' : `a ${other.type} queue`}`,
    };
  }
  const { vhost, name } = wanted;
  const options = { timeoutMs: WRITE_MS, ifUnused: type === 'classic' };
  return await outcomeOfWrite(() => first.api.deleteQueue(vhost, name, options), {
    done: `deleted through ${first.api.node}`,
    absent: goneAlready,
  });
}
