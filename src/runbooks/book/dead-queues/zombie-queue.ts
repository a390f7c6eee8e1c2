import type { Found } from '../../runbook.ts';
import { defineRunbook } from '../../runbook.ts';
import { shortQueue } from '../../snapshot/names.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { isListedWhole } from '../../snapshot/views.ts';
import { count, counted, fitting } from '../../snapshot/words.ts';
import { deadLost } from './dead-loss.ts';
import {
  type DeadFacts,
  deadCard,
  deadFacts,
  deadFamilies,
  isUnreadFor,
  narrowed,
  subjectOf,
  unreadFor,
} from './dead-queues.ts';
import { deletionSteps } from './deletion.ts';

export const zombieQueue = defineRunbook<DeadFacts>({
  id: 'zombie-queue',
  title: 'Zombie fanout queue',
  summary:
    'A process died and left its copy of a fanout behind: the queue is still bound, fills up, and nobody reads it. ' +
    'Proves that nobody does, on every node and over time, deletes exactly those queues, and checks their siblings.',
  handbook: ['D17'],
  mutes: [],
  // The proof is time without any reader, which is many sweeps already.
  confirmSweeps: 1,
  facts: deadFacts,
  detect,
  isOver: (snapshot) => isListedWhole(snapshot.queues),
  headline: (facts) => {
    const ready = counted(facts.ready, 'unread message');
    const since = unreadFor(facts);
    const noReader = `no reader${since === undefined ? '' : ` for ${since}`}`;
    const [first] = facts.queues;
    return facts.total === 1 && first
      ? fitting(
          `queue ${shortQueue(first.name)} holds ${ready}, ${noReader}`,
          `a queue of ${facts.family} holds ${ready}, ${noReader}`,
          `a zombie queue holds ${ready}, ${noReader}`,
        )
      : fitting(
          `${count(facts.total)} queues of ${facts.family} hold ${ready}, ${noReader}`,
          `${count(facts.total)} zombie queues hold ${ready}, ${noReader}`,
        );
  },
  card: deadCard,
  wanted: ({ facts: { total } }) => total,
  lost: deadLost,
  undo: 'No. The messages in these queues are gone; nobody was going to read them. The process that needs one makes a new one.',
  steps: deletionSteps({
    evidence: ({ family }) => `Queues of ${family} without a reader`,
    gone: ({ family }) => `What was deleted stays away, and the siblings of ${family} keep their readers`,
  }),
});

function detect(now: Observation): readonly Found<DeadFacts>[] {
  const { zombieAfterMs, zombieCriticalReady } = now.settings.detection;
  const isUnread = isUnreadFor(zombieAfterMs, now.snapshot.takenAtMs);
  return deadFamilies(now, (name) => (name.kind === 'fanout' ? name.family : undefined)).flatMap((family) => {
    // An empty one costs nothing and may belong to a process that is just starting.
    const facts = narrowed(family, (queue) => (queue.ready ?? 0) > 0 && isUnread(queue));
    if (facts.total === 0) return [];
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
