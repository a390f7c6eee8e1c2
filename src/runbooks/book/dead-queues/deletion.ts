import type { Look } from '../../look.ts';
import { answerTo } from '../../look.ts';
import type { Step } from '../../runbook.ts';
import { parseQueueName } from '../../snapshot/families.ts';
import { shortQueue } from '../../snapshot/names.ts';
import type { Observation } from '../../snapshot/observation.ts';
import type { QueueSeen } from '../../snapshot/snapshot.ts';
import { isListedWhole } from '../../snapshot/views.ts';
import type { Verdict } from '../../verdict.ts';
import { count, counted, some, span } from '../../wording/words.ts';
import { ceilingOf, readyOf } from './dead-loss.ts';
import { areProvedDead, mayDelete } from './dead-proof.ts';
import { type DeadFacts, growthToTell } from './dead-queues.ts';
import {
  type DeadContext,
  highestReady,
  isQuorum,
  queueDetailsOf,
  queueLook,
  sumConsumers,
  viewsWanted,
} from './dead-rows.ts';

/** Steps that delete queues without a consumer, what they show, and how they are checked. */

const GONE_WITHIN_MS = 90_000;
const LOOKS_THAT_PROVE = 3;
const NAMED = 3;

/** Proof, one deletion a queue, and the check that they stay away and their siblings are untouched. */
export function deletionSteps(words: {
  readonly evidence: (facts: DeadFacts) => string;
  readonly gone: (facts: DeadFacts) => string;
}): readonly Step<DeadFacts>[] {
  return [
    {
      kind: 'inspect',
      id: 'proof',
      title: () => 'Check each queue, its bindings and its siblings',
      looks: deadLooks,
      show: (context) => ({ title: words.evidence(context.facts), lines: deadLines(context) }),
    },
    {
      kind: 'decide',
      id: 'proved',
      title: () => 'Do all nodes say that the queues have no consumer?',
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
          title: (context) =>
            `Delete ${context.target ?? ''} with its ${counted(readyOf(context, context.target ?? ''), 'ready message')}`,
          unreadNow: (context) => readyOf(context, context.target ?? ''),
          looks: ({ facts, target = '' }) => [queueLook(facts, target)],
          call: (context) => ({
            // Brokers know no if-unused for a quorum queue: another action, which needs more votes.
            action: isQuorum(context, context.target ?? '') ? 'queue.delete_quorum' : 'queue.delete',
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
      title: ({ facts }) => words.gone(facts),
      withinMs: GONE_WITHIN_MS,
      looksInARow: LOOKS_THAT_PROVE,
      looks: ({ facts }) => facts.queues.map(({ name }) => queueLook(facts, name)),
      holds: isClean,
    },
  ];
}

function deadLooks({ facts }: DeadContext): readonly Look[] {
  return facts.queues.flatMap(({ name }): readonly Look[] => [
    queueLook(facts, name),
    { look: 'bindings', vhost: facts.vhost, queue: name },
  ]);
}

/** What was seen of each queue, one line each. */
function deadLines({ facts, answered, now }: DeadContext): readonly string[] {
  const left = facts.total - facts.queues.length;
  return [
    ...facts.queues.map((queue) => {
      const answer = answerTo(answered, queueLook(facts, queue.name));
      if (answer.kind === 'unseen') {
        return `${queue.name}: I could not query it: ${answer.because}`;
      }
      const rows = queueDetailsOf(answered, facts, queue.name);
      const [row] = rows;
      if (!row) {
        return `${queue.name}: it no longer exists`;
      }
      const bindings = answerTo(answered, { look: 'bindings', vhost: facts.vhost, queue: queue.name });
      const fed =
        bindings.kind === 'unseen'
          ? 'bindings not known'
          : bindings.bindings.length === 0
            ? 'bound to nothing'
            : `bound to ${some([...new Set(bindings.bindings.map(({ exchange }) => exchange))], NAMED)}`;
      const growth = growthToTell(queue);
      const ready = highestReady(rows);
      return [
        `${queue.name}: ${row.type ?? 'type not known'}`,
        `${counted(sumConsumers(rows), 'consumer')} on ${counted(answer.byNode.length, 'node')}`,
        ready === undefined ? 'message count not known' : `${count(ready)} ready`,
        ...(growth === undefined ? [] : [`growing ${count(growth)}/min`]),
        ...(row.expiresMs === undefined
          ? ['no x-expires']
          : [`expires after ${span(row.expiresMs)} without use`]),
        fed,
        ...(queue.sinceMs === undefined
          ? []
          : [`no consumer for ${span(now.snapshot.takenAtMs - queue.sinceMs)}`]),
      ].join(', ');
    }),
    ...(left > 0
      ? [`${counted(left, 'more queue')} ${left === 1 ? 'waits' : 'wait'} for the next plan`]
      : []),
    `${counted(facts.siblingsTotal, 'sibling')} of ${facts.family} ${facts.siblingsTotal === 1 ? 'has' : 'have'} a consumer`,
  ];
}

/** Are the deleted queues gone on every node that answers, and the siblings as they were? */
function isClean({ facts, answered, now }: DeadContext): Verdict {
  const names = facts.queues.map(({ name }) => name);
  const wanted = viewsWanted(now.snapshot);
  for (const name of names) {
    const answer = answerTo(answered, queueLook(facts, name));
    if (answer.kind === 'unseen') {
      return no(`I could not query ${shortQueue(name)}: ${answer.because}`);
    }
    if (answer.byNode.length < wanted) {
      return no(`only ${counted(answer.byNode.length, 'node')} answered about ${shortQueue(name)}`);
    }
    const rows = queueDetailsOf(answered, facts, name);
    // One that was left alone because a consumer came back is healthy, and stays.
    if (rows.length > 0 && sumConsumers(rows) === 0) {
      return no(`${shortQueue(name)} still exists`);
    }
  }
  return areSiblingsUntouched(facts, now, names);
}

function areSiblingsUntouched(facts: DeadFacts, now: Observation, gone: readonly string[]): Verdict {
  const listed = isListedWhole(now.snapshot.queues);
  if (!listed.go) {
    return listed;
  }
  const rows = now.snapshot.queues.rows.filter(({ vhost }) => vhost === facts.vhost);
  const consumed = new Set(rows.filter(isConsumed).map(({ name }) => name));
  const lost = facts.siblings.filter((name) => !consumed.has(name));
  const inFamily = rows.filter((row) => isConsumed(row) && familyOf(row.name) === facts.family).length;
  // A process that restarts meanwhile takes its queue along and brings a new one.
  if (lost.length > 0 && inFamily < facts.siblingsTotal) {
    const whose = lost.length === 1 ? 'its consumer' : 'their consumers';
    return no(`${counted(lost.length, 'sibling')} lost ${whose}: ${some(lost.map(shortQueue), NAMED)}`);
  }
  return {
    go: true,
    because: `${counted(gone.length, 'queue')} deleted; ${counted(inFamily, 'sibling')} with a consumer, as before`,
  };
}

const isConsumed = ({ consumers }: QueueSeen): boolean => (consumers ?? 0) > 0;

/** The family that a queue's name puts it in. */
function familyOf(name: string): string | undefined {
  const parsed = parseQueueName(name);
  if (parsed.kind === 'reply') {
    return 'reply';
  }
  return parsed.kind === 'fanout' ? parsed.family : undefined;
}

const no = (because: string): Verdict => ({ go: false, because });
