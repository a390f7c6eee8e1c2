import { z } from 'zod';
import type { QueueDetailRow } from '../../rpc/index.ts';
import type { Action } from '../action.ts';
import type { Verdict } from '../runbook.ts';
import { askEveryNode, enoughAnswers, messageOf, READ_MS, writeFailure } from './ask-nodes.ts';
import type { ClusterPorts } from './ports.ts';

const WRITE_MS = 10_000;

const args = z.strictObject({
  vhost: z.string().min(1),
  name: z.string().min(1),
  /** Ready messages that people agreed to lose. */
  maxReady: z.number().int().nonnegative(),
});

type Args = z.infer<typeof args>;

/** Deletes one classic queue that nobody reads, guarded by the broker's own `if-unused`. */
export const queueDelete: Action<Args, ClusterPorts> = {
  name: 'queue.delete',
  tier: 'destructive',
  args,
  timeLimitMs: READ_MS + WRITE_MS,
  describe: ({ vhost, name, maxReady }) =>
    `Delete queue "${name}" in vhost "${vhost}", only while it has no consumer and at most ` +
    `${maxReady.toLocaleString('en-US')} ready messages: ` +
    `DELETE /api/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(name)}?if-unused=true`,
  precheck: async (wanted, ports) => {
    const seen = await readOnEveryNode(wanted, ports);
    if (seen.answered.length < enoughAnswers(ports))
      return { go: false, because: `too few nodes could be asked: ${seen.silent}` };
    const rows = seen.answered.map(({ value }) => value).filter((row) => row !== undefined);
    if (rows.length === 0) return { go: true, because: 'it is already gone' };
    if (rows.length < seen.answered.length)
      return { go: false, because: 'the nodes do not agree that the queue exists' };
    return rows.map((row) => mayGo(row, wanted)).find(({ go }) => !go) ?? { go: true };
  },
  execute: async (wanted, ports) => {
    // Through a node that has just answered: a request into the void would leave an unknown outcome.
    const { answered, silent } = await readOnEveryNode(wanted, ports);
    const [first] = answered;
    if (first === undefined)
      return { kind: 'refused', because: `Nothing was sent, no node answers: ${silent}` };
    try {
      const { vhost, name } = wanted;
      const answer = await first.api.deleteQueue(vhost, name, { timeoutMs: WRITE_MS, ifUnused: true });
      switch (answer.kind) {
        case 'accepted':
          return { kind: 'applied', detail: `deleted through ${first.api.node}` };
        case 'absent':
          return { kind: 'applied', detail: 'it was already gone' };
        case 'refused':
          return { kind: 'refused', because: `the broker refused: ${answer.reason}` };
      }
    } catch (error) {
      return writeFailure(error);
    }
  },
  reconcile: async (wanted, ports) => {
    const { answered, silent } = await readOnEveryNode(wanted, ports);
    const present = answered.find(({ value }) => value !== undefined);
    if (present !== undefined) {
      const because = `${present.api.node} has the queue: maybe it was never deleted, maybe it was made again`;
      return { kind: 'unknown', because };
    }
    return answered.length >= enoughAnswers(ports)
      ? { kind: 'done', because: 'the queue is gone on every node that answers' }
      : { kind: 'unknown', because: `too few nodes could be asked: ${silent}` };
  },
};

async function readOnEveryNode({ vhost, name }: Args, ports: ClusterPorts) {
  const answers = await askEveryNode(ports, (api) => api.queue(vhost, name, { timeoutMs: READ_MS }));
  return {
    answered: answers.filter((answer) => answer.kind === 'answered'),
    silent: answers
      .filter((answer) => answer.kind === 'silent')
      .map(({ error }) => messageOf(error))
      .join('; '),
  };
}

/** What a row does not say is a no: absent is neither zero nor safe. */
function mayGo(row: QueueDetailRow, { name, maxReady }: Args): Verdict {
  if (name.startsWith('amq.')) return no('queues named amq.* belong to the broker');
  if (row.type !== 'classic')
    return no(
      `only a classic queue can be deleted under if-unused; this one is ${row.type ?? 'of unknown type'}`,
    );
  if (row.exclusive === true) return no('it is exclusive to a live connection');
  if (row.consumers === undefined) return no('the broker does not say how many consumers it has');
  if (row.consumers > 0) return no(`it has ${row.consumers} consumer${row.consumers === 1 ? '' : 's'} again`);
  if (row.ready === undefined) return no('the broker does not say how many messages it holds');
  if (row.ready > maxReady)
    return no(
      `it holds ${row.ready} ready messages by now, and the loss of at most ${maxReady} was approved`,
    );
  return { go: true };
}

const no = (because: string): Verdict => ({ go: false, because });
