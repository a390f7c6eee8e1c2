import type { Found } from '../runbook.ts';
import { defineRunbook } from '../runbook.ts';
import {
  areProvedDead,
  ceilingOf,
  type DeadFacts,
  deadCard,
  deadFacts,
  deadFamilies,
  deadLines,
  deadLooks,
  deadLost,
  isClean,
  isUnreadFor,
  mayDelete,
  narrowed,
  subjectOf,
  unreadFor,
} from '../snapshot/dead-queues.ts';
import { shortQueue } from '../snapshot/names.ts';
import type { Observation } from '../snapshot/observation.ts';
import { isListedWhole } from '../snapshot/views.ts';
import { count, fitting } from '../snapshot/words.ts';

const GONE_WITHIN_MS = 90_000;
const LOOKS_THAT_PROVE = 3;
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
    const messages = facts.ready > 0 ? `, ${count(facts.ready)} unread messages` : '';
    const noReader = `no reader${since === undefined ? '' : ` for ${since}`}`;
    return facts.total === 1 && first
      ? fitting(
          `reply queue ${shortQueue(first.name)} has ${noReader}${messages}`,
          `a reply queue has ${noReader}`,
        )
      : fitting(`${count(facts.total)} reply queues have ${noReader}${messages}`);
  },
  card: deadCard,
  lost: deadLost,
  undo: 'No. The answers in these queues are gone; the processes that waited for them are gone too.',
  steps: [
    {
      kind: 'inspect',
      id: 'proof',
      title: () => 'Read each queue and its bindings',
      looks: deadLooks,
      show: (context) => ({ title: 'Reply queues without a reader', lines: deadLines(context) }),
    },
    {
      kind: 'decide',
      id: 'proved',
      title: () => 'Does nobody read them, on any node?',
      looks: deadLooks,
      decide: areProvedDead,
    },
    {
      kind: 'each',
      id: 'delete-queues',
      over: ({ facts }) => facts.queues.map(({ name }) => name),
      steps: [
        {
          kind: 'act',
          id: 'delete',
          title: ({ target = '' }) => `Delete ${target}`,
          looks: ({ facts, target = '' }) => [{ look: 'queue', vhost: facts.vhost, name: target }],
          call: (context) => ({
            action: 'queue.delete',
            args: {
              vhost: context.facts.vhost,
              name: context.target ?? '',
              maxReady: ceilingOf(context, context.target ?? ''),
            },
          }),
          when: mayDelete,
        },
      ],
    },
    {
      kind: 'verify',
      id: 'gone',
      title: () => 'They stay away, and the other reply queues keep their readers',
      withinMs: GONE_WITHIN_MS,
      looksInARow: LOOKS_THAT_PROVE,
      looks: ({ facts }) => facts.queues.map(({ name }) => ({ look: 'queue', vhost: facts.vhost, name })),
      holds: (context) =>
        isClean(
          context,
          context.facts.queues.map(({ name }) => name),
        ),
    },
  ],
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
