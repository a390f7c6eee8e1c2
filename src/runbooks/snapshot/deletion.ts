import type { Answered, Look, QueueDetail } from '../look.ts';
import { answerTo } from '../look.ts';
import { whyProtected } from '../protected.ts';
import type { Step, StepContext, StepVerdict, Verdict } from '../runbook.ts';
import { isCalm } from './calm.ts';
import { type DeadFacts, growthToTell } from './dead-queues.ts';
import { parseQueueName } from './families.ts';
import { shortQueue } from './names.ts';
import type { Observation } from './observation.ts';
import type { QueueSeen } from './snapshot.ts';
import { configured, isListedWhole } from './views.ts';
import { count, counted, some, span } from './words.ts';

/** How queues that nobody reads are proved dead, deleted and checked. */

type Context = StepContext<DeadFacts>;

const queueLook = ({ vhost }: DeadFacts, name: string) => ({ look: 'queue', vhost, name }) as const;

const GONE_WITHIN_MS = 90_000;
const LOOKS_THAT_PROVE = 3;
const NAMED = 3;
/** An approval may take five minutes, and its check and the deletions some more. */
const MINUTES_TO_APPROVE = 10;
const LOST_LINES = 5;

/** Proof, one deletion a queue, and the check that they stay away and their siblings are untouched. */
export function deletionSteps(words: {
  readonly evidence: (facts: DeadFacts) => string;
  readonly gone: (facts: DeadFacts) => string;
}): readonly Step<DeadFacts>[] {
  return [
    {
      kind: 'inspect',
      id: 'proof',
      title: () => 'Read each queue, its bindings and its siblings',
      looks: deadLooks,
      show: (context) => ({ title: words.evidence(context.facts), lines: deadLines(context) }),
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
          title: (context) =>
            `Delete ${context.target ?? ''} with its ${counted(readyOf(context, context.target ?? ''), 'unread message')}`,
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

function deadLooks({ facts }: Context): readonly Look[] {
  return facts.queues.flatMap(({ name }): readonly Look[] => [
    queueLook(facts, name),
    { look: 'bindings', vhost: facts.vhost, queue: name },
  ]);
}

/** What was seen of each queue, one line each. */
function deadLines({ facts, answered, now }: Context): readonly string[] {
  return [
    ...facts.queues.map((queue) => {
      const answer = answerTo(answered, queueLook(facts, queue.name));
      if (answer.kind === 'unseen') return `${queue.name}: could not be read: ${answer.because}`;
      const rows = rowsOf(answered, facts, queue.name);
      const [row] = rows;
      if (!row) return `${queue.name}: no longer there`;
      const bindings = answerTo(answered, { look: 'bindings', vhost: facts.vhost, queue: queue.name });
      const fed =
        bindings.kind === 'unseen'
          ? 'bindings not seen'
          : bindings.bindings.length === 0
            ? 'bound to nothing'
            : `bound to ${some([...new Set(bindings.bindings.map(({ exchange }) => exchange))], NAMED)}`;
      const growth = growthToTell(queue);
      return [
        `${queue.name}: ${row.type ?? 'type not known'}`,
        `${sumConsumers(rows)} consumers on ${counted(answer.byNode.length, 'node')}`,
        `${count(highestReady(rows) ?? 0)} ready`,
        ...(growth === undefined ? [] : [`growing ${count(growth)}/min`]),
        ...(row.expiresMs === undefined
          ? ['x-expires absent']
          : [`expires after ${span(row.expiresMs)} unused`]),
        fed,
        ...(queue.sinceMs === undefined
          ? []
          : [`no reader for ${span(now.snapshot.takenAtMs - queue.sinceMs)}`]),
      ].join(', ');
    }),
    ...(facts.total > facts.queues.length
      ? [`${count(facts.total - facts.queues.length)} more wait for the next plan`]
      : []),
    `${counted(facts.siblingsTotal, 'sibling')} of ${facts.family} ${facts.siblingsTotal === 1 ? 'has' : 'have'} a reader`,
  ];
}

/** Is every one of them proved to be without a reader? One that is not blocks the plan. */
function areProvedDead(context: Context): Verdict {
  const { facts, answered, now } = context;
  const calm = isCalm(now.snapshot);
  if (!calm.go) return calm;
  const wanted = Math.min(2, configured(now.snapshot).length);
  let remaining = 0;
  for (const { name } of facts.queues) {
    const protection = whyProtected({ vhost: facts.vhost, name }, now.settings);
    if (protection !== undefined) return no(`${shortQueue(name)}: ${protection}.`);
    const answer = answerTo(answered, queueLook(facts, name));
    if (answer.kind === 'unseen') return no(`I could not read ${shortQueue(name)}: ${answer.because}`);
    if (answer.byNode.length < wanted) {
      return no(
        `Only ${counted(answer.byNode.length, 'node')} answered about ${shortQueue(name)}; I want two views.`,
      );
    }
    const rows = rowsOf(answered, facts, name);
    if (rows.length === 0) continue;
    const refusal = whyKeep(rows);
    if (refusal) return no(`${shortQueue(name)}: ${refusal}`);
    remaining += 1;
  }
  return remaining === 0 ? no('They are gone already; nothing is left to delete.') : { go: true };
}

/** Why this queue must not be deleted; undefined when nothing speaks for it. */
function whyKeep(rows: readonly QueueDetail[]): string | undefined {
  if (rows.some(({ type }) => type === 'stream')) {
    return 'it is a stream: what it holds is its log, limited by its retention. Nothing to clean.';
  }
  const [first] = rows;
  if (rows.some(({ type }) => (type !== 'classic' && type !== 'quorum') || type !== first?.type)) {
    return 'its type is not known, so I will not delete it.';
  }
  if (rows.some(({ isExclusive }) => isExclusive !== false)) return 'a live connection may own it.';
  if (rows.some(({ consumers }) => consumers === undefined)) return 'its consumers could not be counted.';
  if (sumConsumers(rows) > 0) return 'a consumer has come back: it is healthy.';
  if (rows.some(({ unacknowledged }) => unacknowledged === undefined)) {
    return 'what is unacknowledged could not be counted.';
  }
  if (rows.some(({ unacknowledged = 0 }) => unacknowledged > 0)) {
    return 'somebody holds some of its messages unacknowledged.';
  }
  // A rate that never was is left out by the broker; one that is there counts.
  if (rows.some(({ deliverRate = 0, ackRate = 0 }) => deliverRate > 0 || ackRate > 0)) {
    return 'somebody reads it just now.';
  }
  return undefined;
}

/**
 * So many messages people agree to lose: what is there, and what comes while they read and approve. It may grow
 * meanwhile, but not become another queue.
 */
function ceilingOf(context: Context, name: string): number {
  const ready = readyOf(context, name);
  const queue = context.facts.queues.find((candidate) => candidate.name === name);
  const growth = Math.max(0, queue?.perMinute ?? 0) * MINUTES_TO_APPROVE;
  return ready + Math.ceil(Math.max(ready * 0.05, 100, growth));
}

/** Messages in it: its own row may be seconds older than the listing, so the higher number counts. */
function readyOf({ facts, before, answered }: Context, name: string): number {
  const listed = facts.queues.find((queue) => queue.name === name)?.ready ?? 0;
  const approved = highestReady(rowsOf(before, facts, name)) ?? highestReady(rowsOf(answered, facts, name));
  return Math.max(listed, approved ?? 0);
}

/** Asked on fresh data just before each deletion. */
function mayDelete(context: Context): StepVerdict {
  const { facts, answered, target = '', now } = context;
  const calm = isCalm(now.snapshot);
  if (!calm.go) return { kind: 'stop', because: calm.because };
  const answer = answerTo(answered, queueLook(facts, target));
  if (answer.kind === 'unseen') return { kind: 'stop', because: `I could not read it: ${answer.because}` };
  if (answer.byNode.length < Math.min(2, configured(now.snapshot).length)) {
    return { kind: 'stop', because: `only ${counted(answer.byNode.length, 'node')} answered about it` };
  }
  const rows = rowsOf(answered, facts, target);
  if (rows.length === 0) return { kind: 'skip', because: 'it is gone already' };
  if (sumConsumers(rows) > 0) return { kind: 'skip', because: 'a consumer has come back: it is healthy' };
  const refusal = whyKeep(rows);
  if (refusal) return { kind: 'stop', because: refusal };
  const planned = rowsOf(context.before, facts, target);
  if (rows[0]?.type !== planned[0]?.type) return { kind: 'stop', because: 'its type is not the planned one' };
  const ready = highestReady(rows);
  if (ready === undefined) return { kind: 'stop', because: 'its messages could not be counted' };
  const ceiling = ceilingOf(context, target);
  if (ready > ceiling) {
    return {
      kind: 'stop',
      because: `it holds ${count(ready)} messages now, more than the ${count(ceiling)} approved. Diagnose again.`,
    };
  }
  return { kind: 'go' };
}

/** Are the deleted queues gone on every node that answers, and the siblings as they were? */
function isClean({ facts, answered, now }: Context): Verdict {
  const names = facts.queues.map(({ name }) => name);
  const wanted = Math.min(2, configured(now.snapshot).length);
  for (const name of names) {
    const answer = answerTo(answered, queueLook(facts, name));
    if (answer.kind === 'unseen') return no(`I could not look for ${shortQueue(name)}: ${answer.because}`);
    if (answer.byNode.length < wanted) {
      return no(`only ${counted(answer.byNode.length, 'node')} answered about ${shortQueue(name)}`);
    }
    const rows = rowsOf(answered, facts, name);
    // One that was left alone because a consumer came back is healthy, and stays.
    if (rows.length > 0 && sumConsumers(rows) === 0) return no(`${shortQueue(name)} is still there`);
  }
  return areSiblingsUntouched(facts, now, names);
}

function areSiblingsUntouched(facts: DeadFacts, now: Observation, gone: readonly string[]): Verdict {
  const listed = isListedWhole(now.snapshot.queues);
  if (!listed.go) return listed;
  const rows = now.snapshot.queues.rows.filter(({ vhost }) => vhost === facts.vhost);
  const read = new Set(rows.filter(isRead).map(({ name }) => name));
  const lost = facts.siblings.filter((name) => !read.has(name));
  const inFamily = rows.filter((row) => isRead(row) && familyOf(row.name) === facts.family).length;
  // A process that restarts meanwhile takes its queue along and brings a new one.
  if (lost.length > 0 && inFamily < facts.siblingsTotal) {
    return no(`${counted(lost.length, 'sibling')} lost its reader: ${some(lost.map(shortQueue), NAMED)}`);
  }
  return {
    go: true,
    because: `${counted(gone.length, 'queue')} gone; ${counted(inFamily, 'sibling')} with a reader, as before`,
  };
}

const isRead = ({ consumers }: QueueSeen): boolean => (consumers ?? 0) > 0;

/** The family that a queue's name puts it in. */
function familyOf(name: string): string | undefined {
  const parsed = parseQueueName(name);
  if (parsed.kind === 'reply') return 'reply';
  return parsed.kind === 'fanout' ? parsed.family : undefined;
}

/** What is thrown away: one line a queue, or one for all of many. */
export function deadLost(context: Context): readonly string[] {
  const { queues, family } = context.facts;
  const atMost = queues.map(({ name }) => ceilingOf(context, name));
  if (queues.length > LOST_LINES) {
    const sum = atMost.reduce((all, one) => all + one, 0);
    return [
      `At most ${count(sum)} unread messages in ${counted(queues.length, 'queue')} of ${family}, with what comes until then`,
    ];
  }
  return queues.map(
    ({ name }, index) =>
      `At most ${count(atMost[index] ?? 0)} unread messages in ${name}, with what comes until then`,
  );
}

const rowsOf = (answered: Answered, facts: DeadFacts, name: string): readonly QueueDetail[] => {
  const answer = answerTo(answered, queueLook(facts, name));
  return answer.kind === 'queue' ? answer.byNode.flatMap(({ row }) => (row ? [row] : [])) : [];
};

const isQuorum = ({ facts, before, answered }: Context, name: string): boolean =>
  [...rowsOf(before, facts, name), ...rowsOf(answered, facts, name)].some(({ type }) => type === 'quorum');

const sumConsumers = (rows: readonly QueueDetail[]): number =>
  rows.reduce((sum, { consumers }) => sum + (consumers ?? 0), 0);

function highestReady(rows: readonly QueueDetail[]): number | undefined {
  const ready = rows.flatMap((row) => (row.ready === undefined ? [] : [row.ready]));
  return ready.length === 0 ? undefined : Math.max(...ready);
}

const no = (because: string): Verdict => ({ go: false, because });
