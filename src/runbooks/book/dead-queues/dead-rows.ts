import type { Answered, QueueDetail } from '../../look.ts';
import { answerTo } from '../../look.ts';
import type { StepContext } from '../../runbook.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { configured } from '../../snapshot/views.ts';
import type { DeadFacts } from './dead-queues.ts';

/** What the nodes say about one of the queues that nobody reads, read fresh. */

export type DeadContext = StepContext<DeadFacts>;

/** A fresh look at one of them, on every node. */
export const queueLook = ({ vhost }: DeadFacts, name: string) => ({ look: 'queue', vhost, name }) as const;

/** Its row on each node that has it. */
export const queueDetailsOf = (
  answered: Answered,
  facts: DeadFacts,
  name: string,
): readonly QueueDetail[] => {
  const answer = answerTo(answered, queueLook(facts, name));
  return answer.kind === 'queue' ? answer.byNode.flatMap(({ row }) => (row ? [row] : [])) : [];
};

/** How many nodes must have answered: two views, where there are two nodes. */
export const viewsWanted = (snapshot: Snapshot): number => Math.min(2, configured(snapshot).length);

/** Did any node say so, before or now? */
export const isQuorum = ({ facts, before, answered }: DeadContext, name: string): boolean =>
  [...queueDetailsOf(before, facts, name), ...queueDetailsOf(answered, facts, name)].some(
    ({ type }) => type === 'quorum',
  );

/** Consumers on all nodes together. */
export const sumConsumers = (rows: readonly QueueDetail[]): number =>
  rows.reduce((sum, { consumers }) => sum + (consumers ?? 0), 0);

/** The most that any node counts; undefined when none does. */
export function highestReady(rows: readonly QueueDetail[]): number | undefined {
  const ready = rows.flatMap((row) => (row.ready === undefined ? [] : [row.ready]));
  return ready.length === 0 ? undefined : Math.max(...ready);
}
