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

/** Number of reply queues that shows a wave of restarts, whatever their age. */
const WAVE = 50;

export const orphanReply = defineRunbook<DeadFacts>({
  id: 'orphan-reply',
  title: 'Orphaned reply queues',
  summary:
    'The processes of these reply queues are gone: the queues have no consumer, and late replies pile up in them. One card ' +
    'groups them. The runbook proves that they have no consumer, deletes exactly those queues, and checks that the other ' +
    'reply queues are untouched.',
  handbook: ['D17'],
  mutes: [],
  confirmSweeps: 2,
  facts: deadFacts,
  detect,
  isOver: (snapshot) => isListedWhole(snapshot.queues),
  headline: (facts) => {
    const since = consumerlessFor(facts);
    const [first] = facts.queues;
    const messages = facts.ready > 0 ? `, ${counted(facts.ready, 'ready message')}` : '';
    const noConsumer = since === undefined ? 'no consumer' : `had no consumer for ${since}`;
    return facts.total === 1 && first
      ? fitting(
          `reply queue ${shortQueue(first.name)} has ${noConsumer}${messages}`,
          `a reply queue has ${noConsumer}`,
        )
      : fitting(`${count(facts.total)} reply queues have ${noConsumer}${messages}`);
  },
  card: deadCard,
  wanted: ({ facts: { total } }) => total,
  lost: deadLost,
  undo: 'No. The replies in these queues are lost; the processes that waited for them are gone too.',
  steps: deletionSteps({
    evidence: () => 'Reply queues without a consumer',
    gone: () => 'The deleted queues do not come back, and the other reply queues keep their consumers',
  }),
});

function detect(now: Observation): readonly Found<DeadFacts>[] {
  const isConsumerless = isConsumerlessFor(now.settings.detection.zombieAfterMs, now.snapshot.takenAtMs);
  return deadFamilies(now, (name) => (name.kind === 'reply' ? 'reply' : undefined)).flatMap((family) => {
    const isWave = family.total >= WAVE;
    const facts = narrowed(family, (queue) => isWave || isConsumerless(queue));
    if (facts.total === 0) {
      return [];
    }
    return [
      {
        key: `orphan:${facts.vhost}`,
        subject: subjectOf(facts),
        // Empty ones expire by themselves and cost little.
        severity: isWave || facts.ready > 0 ? ('warning' as const) : ('info' as const),
        facts,
      },
    ];
  });
}
