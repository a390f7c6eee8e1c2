import { answerTo } from '../../look.ts';
import type { Found, StepContext } from '../../runbook.ts';
import { defineRunbook } from '../../runbook.ts';
import { ignoring, parseQueueName } from '../../snapshot/families.ts';
import { queueKey } from '../../snapshot/history.ts';
import { shortQueue } from '../../snapshot/names.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { entryOfQueue } from '../../snapshot/owners.ts';
import type { QueueSeen } from '../../snapshot/snapshot.ts';
import { isHeldAbove, perMinute, spanOf } from '../../snapshot/trends.ts';
import { answeringNodes, isListedWhole } from '../../snapshot/views.ts';
import { count, fitting, some } from '../../snapshot/words.ts';
import type { Verdict } from '../../verdict.ts';
import {
  type BacklogFacts,
  backlogEvidenceLines,
  backlogFacts,
  freshReady,
  isDraining,
  judge,
  looksFor,
  targetsOf,
  trendWords,
} from './evidence.ts';

const DRAINS_WITHIN_MS = 600_000;
/** So many times the level is critical where somebody should be reading. */
const CRITICAL_TIMES = 20;
/** Above so many queued events the broker's rates are lies. */
const STATISTICS_BACKLOG = 1_000;
const LOOKS_THAT_PROVE = 2;
const NAMED = 4;
const EVERY_READER = 'all';

export const backlog = defineRunbook<BacklogFacts>({
  id: 'backlog',
  title: 'Backlog',
  summary:
    'Ready messages pile up and do not drain. Tells apart: nobody ever reads it, the reader is gone, a slow reader, ' +
    'a hung one (an RPC probe is the witness); restarts the hung component and follows the drain.',
  handbook: ['D18', 'D19'],
  mutes: [],
  confirmSweeps: 2,
  facts: backlogFacts,
  detect,
  isOver: (snapshot, { vhost, name, level }) => {
    const row = snapshot.queues.rows.find((queue) => queue.name === name && queue.vhost === vhost);
    if (!row) return isListedWhole(snapshot.queues);
    if (row.ready === undefined) return { go: false, because: 'its messages were not counted' };
    return row.ready <= level ? { go: true } : { go: false, because: `${count(row.ready)} ready messages` };
  },
  headline: (seen) => {
    const ready = `${count(seen.ready)} messages`;
    const name = shortQueue(seen.name);
    switch (seen.kind) {
      case 'nobody-reads':
        return fitting(`nobody reads ${name}: ${ready} wait`, `a queue that nobody reads holds ${ready}`);
      case 'reader-gone':
        return fitting(`${name} has no reader: ${ready} wait`, `a queue without a reader holds ${ready}`);
      case 'not-draining':
        return fitting(`${name} does not drain: ${ready} wait`, `a queue does not drain: ${ready} wait`);
    }
  },
  card: (seen) => [
    { label: 'Queue', value: seen.vhost === '/' ? seen.name : `${seen.name} in ${seen.vhost}` },
    { label: 'Ready', value: `${count(seen.ready)}${trendWords(seen)}` },
    {
      label: 'Consumers',
      value:
        seen.consumers === undefined
          ? 'not counted'
          : `${count(seen.consumers)}${seen.unacknowledged === undefined ? '' : `, ${count(seen.unacknowledged)} unacknowledged`}`,
    },
    { label: 'Service', value: seen.service ?? 'no entry under `services` matches' },
  ],
  choices: (context) => {
    const targets = targetsOf(context);
    const each = targets.map(({ id, because }) => ({ id, label: `Restart ${id}`, because }));
    if (targets.length < 2) return each;
    const all = {
      id: EVERY_READER,
      label: `Restart all ${targets.length} readers, one after the other`,
      because: targets.every(({ isSilent }) => isSilent)
        ? 'none of them answers a ping'
        : 'no ping tells which of them hangs',
    };
    return [all, ...each];
  },
  lost: (context) => {
    const restarted = restartedIn(context);
    return restarted.length === 0
      ? []
      : [`Calls that are being served by ${some(restarted, NAMED)} are cut off`];
  },
  undo: 'No, but nothing needs to be: it connects again, and what it had not acknowledged is delivered again.',
  steps: [
    {
      kind: 'inspect',
      id: 'queue',
      title: ({ facts: { name } }) => `Read ${name} fresh, and who reads it`,
      looks: looksFor,
      show: (context) => ({ title: `Queue ${context.facts.name}`, lines: backlogEvidenceLines(context) }),
    },
    {
      kind: 'decide',
      id: 'what-is-it',
      title: () => 'Slow, hung, draining, or never read?',
      looks: looksFor,
      decide: judge,
    },
    {
      kind: 'each',
      id: 'restart-readers',
      over: restartedIn,
      steps: [
        {
          kind: 'act',
          id: 'restart',
          title: ({ target = '' }) => `Restart ${target}`,
          call: (context) => targetsOf(context).find(({ id }) => id === context.target)?.call,
        },
      ],
    },
    {
      kind: 'verify',
      id: 'drained',
      title: ({ facts: { name }, now }) => `${name} drains below ${now.settings.detection.backlogDrained}`,
      withinMs: DRAINS_WITHIN_MS,
      looksInARow: LOOKS_THAT_PROVE,
      looks: ({ facts: { vhost, name } }) => [{ look: 'queue', vhost, name }],
      holds: hasDrained,
    },
  ],
});

function detect(now: Observation): readonly Found<BacklogFacts>[] {
  const { snapshot, settings } = now;
  const { backlogReady } = settings.detection;
  const isIgnored = ignoring(settings.detection.ignoreQueues);
  return snapshot.queues.rows.flatMap((queue) => {
    const { ready } = queue;
    if (ready === undefined || ready <= backlogReady) return [];
    // A stream keeps its messages after they were read.
    if (queue.type === 'stream' || isIgnored(queue.name)) return [];
    const name = parseQueueName(queue.name);
    const isUnread = queue.consumers === 0;
    // Copies and reply queues that nobody reads have their own runbooks.
    if (isUnread && (name.kind === 'fanout' || name.kind === 'reply')) return [];
    if (isDraining(now, queue)) return [];
    const kind = !isUnread ? 'not-draining' : name.kind === 'notification' ? 'nobody-reads' : 'reader-gone';
    const samples = now.history.queues[queueKey(queue.vhost, queue.name)]?.ready ?? [];
    const isCritical = kind !== 'nobody-reads' && isHeldAbove(CRITICAL_TIMES * backlogReady, ready, samples);
    return [
      {
        key: `queue:${queue.vhost}:${queue.name}`,
        subject: queue.name,
        severity: isCritical ? ('critical' as const) : ('warning' as const),
        facts: factsOf(now, queue, ready, kind),
      },
    ];
  });
}

function factsOf(
  now: Observation,
  queue: QueueSeen,
  ready: number,
  kind: BacklogFacts['kind'],
): BacklogFacts {
  const { history, settings, snapshot } = now;
  const { vhost, name, unacknowledged, consumers, ackRate, publishRate } = queue;
  const samples = history.queues[queueKey(vhost, name)]?.ready ?? [];
  const growth = perMinute(samples);
  const service = entryOfQueue(name, settings)?.name;
  const areRatesTrue = answeringNodes(snapshot).every(
    ({ answer }) => (answer.statisticsBacklog ?? 0) <= STATISTICS_BACKLOG,
  );
  return {
    vhost,
    name,
    ready,
    kind,
    level: settings.detection.backlogReady,
    ...(unacknowledged === undefined ? {} : { unacknowledged }),
    ...(consumers === undefined ? {} : { consumers }),
    ...(growth === undefined ? {} : { perMinute: growth, overMs: spanOf(samples) }),
    ...(ackRate === undefined || !areRatesTrue ? {} : { ackRate }),
    ...(publishRate === undefined || !areRatesTrue ? {} : { publishRate }),
    ...(service === undefined ? {} : { service }),
  };
}

/** The readers that the chosen way restarts, or the proposed one. */
function restartedIn(context: StepContext<BacklogFacts>): readonly string[] {
  const targets = targetsOf(context);
  const chosen = context.choice ?? (targets.length > 1 ? EVERY_READER : targets[0]?.id);
  return targets.map(({ id }) => id).filter((id) => chosen === EVERY_READER || chosen === id);
}

function hasDrained({ facts: seen, answered, now }: StepContext<BacklogFacts>): Verdict {
  const { backlogDrained } = now.settings.detection;
  const answer = answerTo(answered, { look: 'queue', vhost: seen.vhost, name: seen.name });
  if (answer.kind === 'unseen') return no(`I could not read the queue: ${answer.because}`);
  const ready = freshReady({ facts: seen, answered });
  const was = count(seen.ready);
  if (ready === undefined) return no(`the queue is not there, or not counted yet; it held ${was}`);
  return ready < backlogDrained
    ? { go: true, because: `ready ${count(ready)}, was ${was}` }
    : no(`ready ${count(ready)}, was ${was}`);
}

const no = (because: string): Verdict => ({ go: false, because });
