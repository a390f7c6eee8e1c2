import { definite } from '../../definite.ts';
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
import type { Verdict } from '../../verdict.ts';
import { count, counted, fitting, some } from '../../wording/words.ts';
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
/** Factor over the level at which a backlog is critical, where some service should consume the queue. */
const CRITICAL_TIMES = 20;
/** Length of the broker's queue of statistics events above which its rates are wrong. */
const STATISTICS_BACKLOG = 1_000;
const LOOKS_THAT_PROVE = 2;
const NAMED = 4;
const EVERY_CONSUMER = 'all';

export const backlog = defineRunbook<BacklogFacts>({
  id: 'backlog',
  title: 'Backlog',
  summary:
    'Ready messages pile up in a queue and do not drain. The runbook tells four cases apart: no service ever consumes the ' +
    'queue, its consumer is gone, a consumer is slow, or a consumer hangs (an RPC probe shows which). It restarts the ' +
    'hung service and watches the queue drain.',
  handbook: ['D18', 'D19'],
  mutes: [],
  confirmSweeps: 2,
  facts: backlogFacts,
  detect,
  isOver: (snapshot, { vhost, name, level }) => {
    const row = snapshot.queues.rows.find((queue) => queue.name === name && queue.vhost === vhost);
    if (!row) {
      return isListedWhole(snapshot.queues);
    }
    if (row.ready === undefined) {
      return { go: false, because: 'the broker reports no message count for it' };
    }
    return row.ready <= level
      ? { go: true }
      : { go: false, because: `it holds ${counted(row.ready, 'ready message')}` };
  },
  headline: (seen) => {
    const ready = `${count(seen.ready)} messages`;
    const name = shortQueue(seen.name);
    switch (seen.kind) {
      case 'nobody-reads':
        return fitting(
          `no service consumes ${name}: ${ready} are waiting`,
          `a queue that no service consumes holds ${ready}`,
        );
      case 'reader-gone':
        return fitting(
          `${name} has no consumer: ${ready} are waiting`,
          `a queue without a consumer holds ${ready}`,
        );
      case 'not-draining':
        return fitting(
          `${name} does not drain: ${ready} are waiting`,
          `a queue does not drain: ${ready} are waiting`,
        );
    }
  },
  card: (seen) => [
    { label: 'Queue', value: seen.vhost === '/' ? seen.name : `${seen.name} in ${seen.vhost}` },
    { label: 'Ready', value: `${count(seen.ready)}${trendWords(seen)}` },
    {
      label: 'Consumers',
      value:
        seen.consumers === undefined
          ? 'not known'
          : `${count(seen.consumers)}${seen.unacknowledged === undefined ? '' : `, ${count(seen.unacknowledged)} unacknowledged`}`,
    },
    { label: 'Service', value: seen.service ?? 'no entry under `services` matches' },
  ],
  choices: (context) => {
    const targets = targetsOf(context);
    const each = targets.map(({ id, because }) => ({ id, label: `Restart ${id}`, because }));
    if (targets.length < 2) {
      return each;
    }
    const all = {
      id: EVERY_CONSUMER,
      label: `Restart all ${targets.length} consumers, one after the other`,
      because: targets.every(({ isSilent }) => isSilent)
        ? 'none of them answers an RPC call'
        : 'no RPC call shows which of them hangs',
    };
    return [all, ...each];
  },
  lost: (context) => {
    const restarted = restartedIn(context);
    return restarted.length === 0
      ? []
      : [`RPC calls in progress at ${some(restarted, NAMED)} are interrupted`];
  },
  undo: 'No, and no undo is needed: the service connects again, and messages that it had not acknowledged are redelivered.',
  steps: [
    {
      kind: 'inspect',
      id: 'queue',
      title: ({ facts: { name } }) => `Get the current state of ${name} and its consumers`,
      looks: looksFor,
      show: (context) => ({ title: `Queue ${context.facts.name}`, lines: backlogEvidenceLines(context) }),
    },
    {
      kind: 'decide',
      id: 'what-is-it',
      title: () => 'Is it slow, hung, draining or never consumed?',
      looks: looksFor,
      decide: judge,
    },
    {
      kind: 'each',
      // Stored runs hold the ids of steps.
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
      title: ({ facts: { name }, now }) =>
        `${name} drains below ${now.settings.detection.backlogDrained} ready messages`,
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
    if (ready === undefined || ready <= backlogReady) {
      return [];
    }
    // A stream keeps its messages after they were consumed.
    if (queue.type === 'stream' || isIgnored(queue.name)) {
      return [];
    }
    const name = parseQueueName(queue.name);
    const hasNoConsumer = queue.consumers === 0;
    // Fanout queues and reply queues without a consumer have their own runbooks.
    if (hasNoConsumer && (name.kind === 'fanout' || name.kind === 'reply')) {
      return [];
    }
    if (isDraining(now, queue)) {
      return [];
    }
    const kind = !hasNoConsumer
      ? 'not-draining'
      : name.kind === 'notification'
        ? 'nobody-reads'
        : 'reader-gone';
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
    ...definite({ unacknowledged, consumers }),
    ...(growth === undefined ? {} : { perMinute: growth, overMs: spanOf(samples) }),
    ...(ackRate === undefined || !areRatesTrue ? {} : { ackRate }),
    ...(publishRate === undefined || !areRatesTrue ? {} : { publishRate }),
    ...definite({ service }),
  };
}

/** Consumers that the chosen way restarts, or the proposed one. */
function restartedIn(context: StepContext<BacklogFacts>): readonly string[] {
  const targets = targetsOf(context);
  const chosen = context.choice ?? (targets.length > 1 ? EVERY_CONSUMER : targets[0]?.id);
  return targets.map(({ id }) => id).filter((id) => chosen === EVERY_CONSUMER || chosen === id);
}

function hasDrained({ facts: seen, answered, now }: StepContext<BacklogFacts>): Verdict {
  const { backlogDrained } = now.settings.detection;
  const answer = answerTo(answered, { look: 'queue', vhost: seen.vhost, name: seen.name });
  if (answer.kind === 'unseen') {
    return no(`I could not query the queue: ${answer.because}`);
  }
  const ready = freshReady({ facts: seen, answered });
  const was = `it held ${counted(seen.ready, 'ready message')}`;
  if (ready === undefined) {
    return no(`the queue does not exist, or it has no message count yet; ${was}`);
  }
  return ready < backlogDrained
    ? { go: true, because: `${counted(ready, 'ready message')}; ${was}` }
    : no(`${counted(ready, 'ready message')}; ${was}`);
}

const no = (because: string): Verdict => ({ go: false, because });
