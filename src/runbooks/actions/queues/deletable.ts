import { z } from 'zod';
import { type QueueDetailRow, reasonOf } from '../../../rpc/index.ts';
import type { Settled } from '../../action.ts';
import { whyProtected } from '../../snapshot/protected.ts';
import type { Verdict } from '../../verdict.ts';
import { askEveryNode, enoughAnswers, READ_MS } from '../common/ask-nodes.ts';
import { isCalmOnEveryNode } from '../common/calm.ts';
import type { ClusterPorts } from '../common/ports.ts';

/** Parts that both ways to delete a queue share: which queues may go, as seen on every node, and how an outcome is settled. */

export const deletionArgs = z.strictObject({
  vhost: z.string().min(1),
  name: z.string().min(1),
  /** Ready messages that people agreed to lose. */
  maxReady: z.number().int().nonnegative(),
});

export type DeletionArgs = z.infer<typeof deletionArgs>;

export type Deletable = 'classic' | 'quorum';

/** What `mayDeleteNow` asks, whatever the type of the queue. */
export const deletionChecks: readonly string[] = [
  'The queue and its vhost are not protected.',
  'Enough nodes answer (two, unless the cluster has only one), and they agree that the queue exists.',
  'No node lists a partition or has an alarm.',
  'No shovel and no federation link uses the queue, and no connection owns it.',
  'The queue has no consumer, no unacknowledged message and no delivery rate.',
  'The queue holds no more ready messages than were approved.',
];

/** The last look before the call: on every node, two at least, and missing is no. */
export async function mayDeleteNow(
  wanted: DeletionArgs,
  ports: ClusterPorts,
  type: Deletable,
): Promise<Verdict> {
  const protection = whyProtected(wanted, ports.settings);
  if (protection !== undefined) {
    return no(protection);
  }
  const [seen, calm, links] = await Promise.all([
    readOnEveryNode(wanted, ports),
    isCalmOnEveryNode(ports),
    shovelsOf(wanted, ports),
  ]);
  if (seen.answered.length < enoughAnswers(ports)) {
    return no(`too few nodes answered: ${seen.silent}`);
  }
  if (!calm.go) {
    return calm;
  }
  if (!links.go) {
    return links;
  }
  const rows = seen.answered.map(({ value }) => value).filter((row) => row !== undefined);
  if (rows.length === 0) {
    return { go: true, because: 'it is already gone' };
  }
  if (rows.length < seen.answered.length) {
    return no('the nodes do not agree on whether the queue exists');
  }
  return rows.map((row) => rowMayGo(row, wanted, type)).find(({ go }) => !go) ?? { go: true };
}

/** Absence on enough nodes is the only proof; a queue that is there may have been made again. */
export async function settleDeletion(wanted: DeletionArgs, ports: ClusterPorts): Promise<Settled> {
  const { answered, silent } = await readOnEveryNode(wanted, ports);
  const present = answered.find(({ value }) => value !== undefined);
  if (present !== undefined) {
    const because = `${present.api.node} still has the queue: either it was never deleted, or it was declared again`;
    return { kind: 'unknown', because };
  }
  return answered.length >= enoughAnswers(ports)
    ? { kind: 'done', because: 'the queue is gone on every node that answers' }
    : { kind: 'unknown', because: `too few nodes answered: ${silent}` };
}

export async function readOnEveryNode(
  { vhost, name }: Pick<DeletionArgs, 'vhost' | 'name'>,
  ports: ClusterPorts,
) {
  const answers = await askEveryNode(ports, (api) => api.queue(vhost, name, { timeoutMs: READ_MS }));
  return {
    answered: answers.filter((answer) => answer.kind === 'answered'),
    silent: answers
      .filter((answer) => answer.kind === 'silent')
      .map(({ error }) => reasonOf(error))
      .join('; '),
  };
}

/** Does a shovel name it, on either end and in whatever vhost? Shovels are the cluster's, so one answer will do. */
async function shovelsOf({ name }: DeletionArgs, ports: ClusterPorts): Promise<Verdict> {
  const answers = await askEveryNode(ports, (api) => api.shovelQueues({ timeoutMs: READ_MS }));
  const [first] = answers.filter((answer) => answer.kind === 'answered');
  if (first === undefined) {
    return no('no node says whether a shovel uses it');
  }
  return first.value.some((used) => used.name === name) ? no('a shovel uses it') : { go: true };
}

/** What a row does not say is a no: absent is neither zero nor safe. */
function rowMayGo(row: QueueDetailRow, { maxReady }: DeletionArgs, type: Deletable): Verdict {
  if (row.type !== type) {
    return no(wrongType(row.type, type));
  }
  if (row.exclusive === undefined) {
    return no('the broker does not report whether a connection owns it');
  }
  if (row.exclusive) {
    return no('it is exclusive to a live connection');
  }
  if (row.isFederated === true) {
    return no('a federation link uses it');
  }
  if (row.consumers === undefined) {
    return no('the broker does not report how many consumers it has');
  }
  if (row.consumers > 0) {
    return no(`it has ${row.consumers} consumer${row.consumers === 1 ? '' : 's'} again`);
  }
  if (row.unacknowledged === undefined) {
    return no('the broker does not report how many messages are unacknowledged');
  }
  if (row.unacknowledged > 0) {
    return no(`a client holds ${row.unacknowledged} of its messages unacknowledged`);
  }
  // A rate that never was is left out by the broker; one that is there counts.
  const consumed = Math.max(row.deliverRate ?? 0, row.ackRate ?? 0);
  if (consumed > 0) {
    return no(`a client consumes it: ${consumed} messages a second`);
  }
  if (row.ready === undefined) {
    return no('the broker does not report how many messages it holds');
  }
  if (row.ready > maxReady) {
    return no(`it now holds ${row.ready} ready messages, but the loss of at most ${maxReady} was approved`);
  }
  return { go: true };
}

const wrongType = (is: string | undefined, wanted: Deletable): string =>
  is === 'stream'
    ? 'a stream is never deleted: what it holds is its log'
    : wanted === 'classic'
      ? `only a classic queue can be deleted under if-unused; this one is ${is ?? 'of unknown type'}`
      : `it was approved as a quorum queue; this one is ${is ?? 'of unknown type'}`;

const no = (because: string): Verdict => ({ go: false, because });
