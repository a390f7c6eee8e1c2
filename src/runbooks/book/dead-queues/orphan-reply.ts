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

/** So many at once are the trace of a restart wave, whatever their age. */
const WAVE = 50;

export const orphanReply = defineRunbook<DeadFacts>({
  id: 'orphan-reply',
  title: 'Orphaned reply queues',
  summary:
    'Reply queues whose process is gone: nobody reads them, and late answers pile up. They are grouped in one card; ' +
    'the runbook proves that nobody reads them, deletes exactly those, and checks that the others are untouched.',
  handbook: ['D17'],
  mutes: [],
  confirmSweeps: 2,
  facts: deadFacts,
  detect,
  isOver: (snapshot) => isListedWhole(snapshot.queues),
  headline: (facts) => {
    const since = unreadFor(facts);
    const [first] = facts.queues;
    const messages = facts.ready > 0 ? `, ${counted(facts.ready, 'unread message')}` : '';
    const noReader = `no reader${since === undefined ? '' : ` for ${since}`}`;
    return facts.total === 1 && first
      ? fitting(
          `reply queue ${shortQueue(first.name)} has ${noReader}${messages}`,
          `a reply queue has ${noReader}`,
        )
      : fitting(`${count(facts.total)} reply queues have ${noReader}${messages}`);
  },
  card: deadCard,
  wanted: ({ facts: { total } }) => total,
  lost: deadLost,
  undo: 'No. The answers in these queues are gone; the processes that waited for them are gone too.',
  steps: deletionSteps({
    evidence: () => 'Reply queues without a reader',
    gone: () => 'What was deleted stays away, and the other reply queues keep their readers',
  }),
});

function detect(now: Observation): readonly Found<DeadFacts>[] {
  const isUnread = isUnreadFor(now.settings.detection.zombieAfterMs, now.snapshot.takenAtMs);
  return deadFamilies(now, (name) => (name.kind === 'reply' ? 'reply' : undefined)).flatMap((family) => {
    const isWave = family.total >= WAVE;
    const facts = narrowed(family, (queue) => isWave || isUnread(queue));
    if (facts.total === 0) return [];
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
