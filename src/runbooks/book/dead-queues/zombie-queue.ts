import type { Found } from '../../runbook.ts';
import { defineRunbook } from '../../runbook.ts';
import { shortQueue } from '../../snapshot/names.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { isListedWhole } from '../../snapshot/views.ts';
import { count, counted, fitting } from '../../wording/words.ts';
import { deadLost } from './dead-loss.ts';
import {
  consumerlessFor,
  type DeadFacts,
  deadCard,
  deadFacts,
  deadFamilies,
  isConsumerlessFor,
  narrowed,
  subjectOf,
} from './dead-queues.ts';
import { deletionSteps } from './deletion.ts';

export const zombieQueue = defineRunbook<DeadFacts>({
  id: 'zombie-queue',
  title: 'Zombie fanout queue',
  summary:
    'A process died and left its fanout queue behind: the queue is still bound, fills up, and has no consumer. The runbook ' +
    'proves, on every node and over time, that it has no consumer, deletes exactly those queues, and checks their siblings.',
  handbook: ['D17'],
  mutes: [],
  // The proof is time without any consumer, which is many sweeps already.
  confirmSweeps: 1,
  facts: deadFacts,
  detect,
  isOver: (snapshot) => isListedWhole(snapshot.queues),
  headline: (facts) => {
    const ready = counted(facts.ready, 'ready message');
    const since = consumerlessFor(facts);
    const noConsumer = `no consumer${since === undefined ? '' : ` for ${since}`}`;
    const [first] = facts.queues;
    return facts.total === 1 && first
      ? fitting(
          `queue ${shortQueue(first.name)} holds ${ready}, ${noConsumer}`,
          `a queue of ${facts.family} holds ${ready}, ${noConsumer}`,
          `a zombie queue holds ${ready}, ${noConsumer}`,
        )
      : fitting(
          `${count(facts.total)} queues of ${facts.family} hold ${ready}, ${noConsumer}`,
          `${count(facts.total)} zombie queues hold ${ready}, ${noConsumer}`,
        );
  },
  card: deadCard,
  wanted: ({ facts: { total } }) => total,
  lost: deadLost,
  undo: 'No. The messages in these queues are lost; no process was going to consume them. A process that needs such a queue declares a new one.',
  steps: deletionSteps({
    evidence: ({ family }) => `Queues of ${family} without a consumer`,
    gone: ({ family }) =>
      `The deleted queues do not come back, and the siblings of ${family} keep their consumers`,
  }),
});

function detect(now: Observation): readonly Found<DeadFacts>[] {
  const { zombieAfterMs, zombieCriticalReady } = now.settings.detection;
  const isConsumerless = isConsumerlessFor(zombieAfterMs, now.snapshot.takenAtMs);
  return deadFamilies(now, (name) => (name.kind === 'fanout' ? name.family : undefined)).flatMap((family) => {
    // An empty one costs nothing and may belong to a process that is just starting.
    const facts = narrowed(family, (queue) => (queue.ready ?? 0) > 0 && isConsumerless(queue));
    if (facts.total === 0) {
      return [];
    }
    const isCritical = facts.queues.some(({ ready }) => (ready ?? 0) >= zombieCriticalReady);
    return [
      {
        key: `zombie:${facts.vhost}:${facts.family}`,
        subject: subjectOf(facts),
        severity: isCritical ? ('critical' as const) : ('warning' as const),
        facts,
      },
    ];
  });
}
