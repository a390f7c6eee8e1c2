import type { Answered, QueueDetail } from '../../look.ts';
import { answerTo } from '../../look.ts';
import type { StepContext } from '../../runbook.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { configured } from '../../snapshot/views.ts';
import type { DeadFacts } from './dead-queues.ts';

/** Answers of the nodes about one of the queues without a consumer, asked fresh. */

export type DeadContext = StepContext<DeadFacts>;

/** Fresh look at one queue, on every node. */
export const queueLook = ({ vhost }: DeadFacts, name: string) => ({ look: 'queue', vhost, name }) as const;

/** Row of the queue on each node that has it. */
export const queueDetailsOf = (
  answered: Answered,
  facts: DeadFacts,
  name: string,
): readonly QueueDetail[] => {
  const answer = answerTo(answered, queueLook(facts, name));
  return answer.kind === 'queue' ? answer.byNode.flatMap(({ row }) => (row ? [row] : [])) : [];
};

/** Number of nodes that must have answered: two views, where there are two nodes. */
export const viewsWanted = (snapshot: Snapshot): number => Math.min(2, configured(snapshot).length);

/** Whether any node called it a quorum queue, before or now. */
export const isQuorum = ({ facts, before, answered }: DeadContext, name: string): boolean =>
  [...queueDetailsOf(before, facts, name), ...queueDetailsOf(answered, facts, name)].some(
    ({ type }) => type === 'quorum',
  );

/** Sum of the consumers on all nodes. */
export const sumConsumers = (rows: readonly QueueDetail[]): number =>
  rows.reduce((sum, { consumers }) => sum + (consumers ?? 0), 0);

/** Highest number that any node reports; undefined when none does. */
export function highestReady(rows: readonly QueueDetail[]): number | undefined {
  const ready = rows.flatMap((row) => (row.ready === undefined ? [] : [row.ready]));
  return ready.length === 0 ? undefined : Math.max(...ready);
}
