import { z } from 'zod';
import type { Answered, Look } from '../look.ts';
import { answerTo } from '../look.ts';
import type { Found, StepContext, Verdict } from '../runbook.ts';
import { defineRunbook } from '../runbook.ts';
import { ignoring, parseQueueName } from '../snapshot/families.ts';
import { queueKey } from '../snapshot/history.ts';
import { shortQueue } from '../snapshot/names.ts';
import type { Observation } from '../snapshot/observation.ts';
import { entryOfQueue } from '../snapshot/owners.ts';
import {
  isHung,
  probeOfQueue,
  probeOfReader,
  type Reader,
  type RestartTarget,
  readersOf,
  restartTargets,
} from '../snapshot/readers.ts';
import type { QueueSeen } from '../snapshot/snapshot.ts';
import { emptyInMs, perMinute } from '../snapshot/trends.ts';
import { isListedWhole, speaking } from '../snapshot/views.ts';
import { count, counted, fitting, some, span } from '../snapshot/words.ts';

const facts = z.object({
  vhost: z.string(),
  name: z.string(),
  ready: z.number(),
  unacknowledged: z.number().optional(),
  /** Absent: they could not be counted, which is not none. */
  consumers: z.number().optional(),
  perMinute: z.number().optional(),
  /** What was read a second, if a source said so and can be believed. */
  ackRate: z.number().optional(),
  publishRate: z.number().optional(),
  kind: z.enum(['nobody-reads', 'reader-gone', 'not-draining']),
  service: z.string().optional(),
  /** Ready messages above which it is a backlog. */
  level: z.number(),
});
type Facts = z.infer<typeof facts>;
type Context = StepContext<Facts>;

const DRAINS_WITHIN_MS = 600_000;
/** A queue that will be empty by then is draining; a slower one wants a person's eye. */
const DRAINING_MS = 1_800_000;
/** So many times the level is critical where somebody should be reading. */
const CRITICAL_TIMES = 20;
/** Above so many queued events the broker's rates are lies. */
const STATISTICS_BACKLOG = 1_000;
const LOOKS_THAT_PROVE = 2;
const NAMED = 4;
const EVERY_READER = 'all';

export const backlog = defineRunbook<Facts>({
  id: 'backlog',
  title: 'Backlog',
  summary:
    'Ready messages pile up and do not drain. Tells apart: nobody ever reads it, the reader is gone, a slow reader, ' +
    'a hung one (an RPC probe is the witness); restarts the hung component and follows the drain.',
  handbook: ['D18', 'D19'],
  mutes: [],
  confirmSweeps: 2,
  facts,
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
        return fitting(`the reader of ${name} is gone: ${ready} wait`, `a reader is gone: ${ready} wait`);
      case 'not-draining':
        return fitting(`${name} does not drain: ${ready} wait`, `a queue does not drain: ${ready} wait`);
    }
  },
  card: (seen) => [
    { label: 'Queue', value: seen.vhost === '/' ? seen.name : `${seen.name} in ${seen.vhost}` },
    { label: 'Ready', value: `${count(seen.ready)}${trendWords(seen.perMinute)}` },
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
      because: targets.map(({ because }) => because).every((why) => why.endsWith('ping'))
        ? 'none of them answers a ping'
        : 'no ping tells which of them hangs',
    };
    return [all, ...each];
  },
  lost: () => [],
  undo: 'A restart cannot be undone; the component connects again, and what it had not acknowledged is delivered again.',
  steps: [
    {
      kind: 'inspect',
      id: 'queue',
      title: ({ facts: { name } }) => `Read ${name} fresh, and who reads it`,
      looks: looksFor,
      show: (context) => ({ title: `Queue ${context.facts.name}`, lines: evidenceLines(context) }),
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
      over: (context) => {
        const targets = targetsOf(context);
        const chosen = context.choice ?? (targets.length > 1 ? EVERY_READER : targets[0]?.id);
        return targets.map(({ id }) => id).filter((id) => chosen === EVERY_READER || chosen === id);
      },
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

/** Nobody seen reading is nobody only where the sweep says so; a listing that is missing names no reader either. */
function targetsOf({ facts: seen, now, answered }: Context): readonly RestartTarget[] {
  const isKnown = seen.kind === 'reader-gone' || readersOf(now, seen).length > 0;
  return isKnown ? restartTargets(now, seen, answered) : [];
}

function detect(now: Observation): readonly Found<Facts>[] {
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
    const isCritical = kind !== 'nobody-reads' && ready >= CRITICAL_TIMES * backlogReady;
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

function factsOf(now: Observation, queue: QueueSeen, ready: number, kind: Facts['kind']): Facts {
  const { history, settings, snapshot } = now;
  const { vhost, name, unacknowledged, consumers, ackRate, publishRate } = queue;
  const growth = perMinute(history.queues[queueKey(vhost, name)]?.ready ?? []);
  const service = entryOfQueue(name, settings)?.name;
  const areRatesTrue = speaking(snapshot).every(
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
    ...(growth === undefined ? {} : { perMinute: growth }),
    ...(ackRate === undefined || !areRatesTrue ? {} : { ackRate }),
    ...(publishRate === undefined || !areRatesTrue ? {} : { publishRate }),
    ...(service === undefined ? {} : { service }),
  };
}

/** Draining by itself, and done soon: nothing to tell anybody. */
function isDraining({ history }: Observation, { vhost, name }: QueueSeen): boolean {
  const leftMs = emptyInMs(history.queues[queueKey(vhost, name)]?.ready ?? []);
  return leftMs !== undefined && leftMs <= DRAINING_MS;
}

const LIKELY_READERS = 5;

function looksFor({ facts: seen, now }: Context): readonly Look[] {
  const mayProbe = seen.kind === 'not-draining' && parseQueueName(seen.name).kind === 'topic';
  const direct = readersOf(now, seen).flatMap((reader) => probeOfReader(seen, reader) ?? []);
  return [
    { look: 'queue', vhost: seen.vhost, name: seen.name },
    { look: 'bindings', vhost: seen.vhost, queue: seen.name },
    ...(mayProbe ? [probeOfQueue(seen), ...direct.slice(0, LIKELY_READERS)] : []),
  ];
}

function evidenceLines({ facts: seen, answered, now }: Context): readonly string[] {
  const readers = readersOf(now, seen);
  const probe = answerTo(answered, probeOfQueue(seen));
  const bindings = answerTo(answered, { look: 'bindings', vhost: seen.vhost, queue: seen.name });
  const leftMs = emptyInMs(now.history.queues[queueKey(seen.vhost, seen.name)]?.ready ?? []);
  const rates = ratesOf({ facts: seen, answered });
  return [
    `${count(freshReady({ facts: seen, answered }) ?? seen.ready)} ready${trendWords(seen.perMinute)}` +
      (seen.unacknowledged === undefined ? '' : `, ${count(seen.unacknowledged)} unacknowledged`),
    ...(leftMs === undefined ? [] : [`Draining: empty in about ${span(leftMs)} at this rate`]),
    ...(rates === undefined ? [] : [rates.words]),
    ...(readers.length === 0 ? ['No reader is known'] : []),
    ...readers
      .slice(0, LIKELY_READERS)
      .map((reader) => `Read by ${reader.id}${pingWords(seen, reader, answered)}`),
    bindings.kind === 'unseen' || bindings.bindings.length === 0
      ? 'Bound to no named exchange'
      : `Fed by ${some([...new Set(bindings.bindings.map(({ exchange }) => exchange))], NAMED)}`,
    probe.kind === 'probe'
      ? `Ping to ${seen.name}: ${probe.verdict} (${probe.how})`
      : `No ping to ${seen.name}: ${probe.because}`,
  ];
}

function pingWords(seen: Facts, reader: Reader, answered: Answered): string {
  const probe = probeOfReader(seen, reader);
  const answer = probe && answerTo(answered, probe);
  return answer?.kind === 'probe' ? `, ping to it: ${answer.verdict} (${answer.how})` : '';
}

/** What it is, in the order in which harmless answers come first. */
function judge(context: Context): Verdict {
  const { facts: seen, answered, now } = context;
  const { backlogReady } = now.settings.detection;
  const fresh = answerTo(answered, { look: 'queue', vhost: seen.vhost, name: seen.name });
  if (fresh.kind === 'unseen') return no(`I could not read the queue: ${fresh.because}`);
  const rows = fresh.byNode.flatMap(({ row }) => (row ? [row] : []));
  if (rows.length === 0) return no('The queue is gone.');
  if (rows.some(({ type }) => type === 'stream')) return no('It is a stream: what it holds is its log.');
  const ready = freshReady(context);
  if (ready === undefined) return no('Its messages could not be counted.');
  if (ready <= backlogReady) return no(`It is down to ${counted(ready, 'message')}.`);
  const leftMs = emptyInMs(now.history.queues[queueKey(seen.vhost, seen.name)]?.ready ?? []);
  if (leftMs !== undefined && leftMs <= DRAINING_MS) {
    return no(`It is draining, and empty in about ${span(leftMs)}. Nothing to repair.`);
  }
  if (seen.kind === 'nobody-reads') {
    return no(
      `Nobody reads ${seen.name}: it takes notifications that no service asks for. Turn them off in the services, ` +
        'set a message TTL by a policy, or name it under `ignoreQueues`. I delete nothing here.',
    );
  }
  return seen.kind === 'reader-gone' ? judgeGone(context) : judgeReaders(context, leftMs !== undefined);
}

function judgeGone(context: Context): Verdict {
  const { facts: seen } = context;
  const [target] = targetsOf(context);
  return target
    ? { go: true, because: `Nobody reads ${seen.name}, which ${target.service} should.` }
    : no(
        `Nobody reads ${seen.name}, and I do not know where its service runs. ` +
          'Is the service up? Is its host still in use? If not, the queue can go.',
      );
}

function judgeReaders(context: Context, isFalling: boolean): Verdict {
  const { facts: seen, answered, now } = context;
  const readers = readersOf(now, seen);
  const hung = readers.filter((reader) => isHung(seen, reader, answered) === true);
  const alive = readers.filter((reader) => isHung(seen, reader, answered) === false);
  const probe = answerTo(answered, probeOfQueue(seen));
  const verdict = probe.kind === 'probe' ? probe.verdict : undefined;
  const rates = ratesOf(context);
  const isReading = isFalling || (rates?.ack ?? 0) > 0;
  // A ping to the queue itself waits behind the whole backlog: unanswered, it does not prove that a reader hangs.
  if (hung.length === 0 && (verdict === 'alive' || alive.length > 0 || isReading)) {
    const speeds = rates === undefined ? '' : ` (${rates.words})`;
    return no(
      `Its readers are alive but slower than what comes in${speeds}. Add workers, or look at what makes them slow; ` +
        'a restart would not help.',
    );
  }
  const isStuck = (seen.unacknowledged ?? 0) > 0 && rates?.ack === 0;
  if (hung.length === 0 && verdict !== 'deaf' && !isStuck) {
    const why = probe.kind === 'unseen' ? probe.because : `${probe.verdict}, ${probe.how}`;
    return no(
      `I cannot tell a hung reader from a slow one: the ping says nothing (${why}). I keep watching.`,
    );
  }
  if (targetsOf(context).length === 0) {
    return no('Its readers hang, and no entry under `services` says how to restart them.');
  }
  if (hung.length > 0) {
    return {
      go: true,
      because: `No answer to a ping: ${some(
        hung.map(({ id }) => id),
        NAMED,
      )}.`,
    };
  }
  const stuck = `${count(seen.unacknowledged ?? 0)} messages are with its readers, and nothing is acknowledged`;
  if (verdict !== 'deaf') return { go: true, because: `${stuck}: they hang.` };
  return {
    go: true,
    because: isStuck
      ? `No answer to a ping, ${stuck}: they hang.`
      : `No answer to a ping behind ${seen.name}: its readers hang, as far as a ping behind ${count(seen.ready)} messages can tell.`,
  };
}

/** What is acknowledged and what comes a second, from the queue itself or from the listing; undefined where nothing says it. */
function ratesOf({ facts: seen, answered }: Pick<Context, 'facts' | 'answered'>) {
  const answer = answerTo(answered, { look: 'queue', vhost: seen.vhost, name: seen.name });
  const rows = answer.kind === 'queue' ? answer.byNode.flatMap(({ row }) => (row ? [row] : [])) : [];
  const ack = highest(rows.map(({ ackRate }) => ackRate)) ?? seen.ackRate;
  const publish = highest(rows.map(({ publishRate }) => publishRate)) ?? seen.publishRate;
  if (ack === undefined) return undefined;
  const comes = publish === undefined ? '' : `, ${publish.toFixed(1)}/s come`;
  return { ack, words: `${ack.toFixed(1)}/s read${comes}` };
}

function highest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Ready messages read from the queue itself: the highest that a node says. */
function freshReady({ facts: seen, answered }: Pick<Context, 'facts' | 'answered'>): number | undefined {
  const answer = answerTo(answered, { look: 'queue', vhost: seen.vhost, name: seen.name });
  if (answer.kind === 'unseen') return undefined;
  return highest(answer.byNode.map(({ row }) => row?.ready));
}

function hasDrained({ facts: seen, answered, now }: Context): Verdict {
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

const trendWords = (growth: number | undefined): string => {
  if (growth === undefined || Math.abs(growth) < 1) return '';
  return growth > 0 ? `, growing ${count(growth)}/min` : `, falling ${count(-growth)}/min`;
};

const no = (because: string): Verdict => ({ go: false, because });
