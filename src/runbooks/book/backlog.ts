import { z } from 'zod';
import type { Look } from '../look.ts';
import { answerTo } from '../look.ts';
import type { Found, StepContext, Verdict } from '../runbook.ts';
import { defineRunbook } from '../runbook.ts';
import { ignoring, parseQueueName } from '../snapshot/families.ts';
import { queueKey } from '../snapshot/history.ts';
import { shortQueue } from '../snapshot/names.ts';
import type { Observation } from '../snapshot/observation.ts';
import { entryOfQueue, hostOf, readersOf, unitOf } from '../snapshot/owners.ts';
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
    const targets = restartTargets(context);
    const each = targets.map(({ id, because }) => ({ id, label: `Restart ${id}`, because }));
    if (targets.length < 2) return each;
    const all = {
      id: EVERY_READER,
      label: `Restart all ${targets.length} readers, one after the other`,
      because: 'the probe cannot tell which of them hangs',
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
        const targets = restartTargets(context);
        const chosen = context.choice ?? (targets.length > 1 ? EVERY_READER : targets[0]?.id);
        return targets.map(({ id }) => id).filter((id) => chosen === EVERY_READER || chosen === id);
      },
      steps: [
        {
          kind: 'act',
          id: 'restart',
          title: ({ target = '' }) => `Restart ${target}`,
          call: (context) => restartTargets(context).find(({ id }) => id === context.target)?.call,
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

/** oslo.messaging routes by the queue's own name, so a ping to it reaches whoever reads it. */
const probeOf = ({ vhost, name }: Facts) => ({ look: 'probe', topic: name, vhost }) as const;

function looksFor({ facts: seen }: Context): readonly Look[] {
  const mayProbe = seen.kind === 'not-draining' && parseQueueName(seen.name).kind === 'topic';
  return [
    { look: 'queue', vhost: seen.vhost, name: seen.name },
    { look: 'bindings', vhost: seen.vhost, queue: seen.name },
    ...(mayProbe ? [probeOf(seen)] : []),
  ];
}

function evidenceLines({ facts: seen, answered, now }: Context): readonly string[] {
  const readers = readersOf(now.snapshot, now.settings, seen);
  const probe = answerTo(answered, probeOf(seen));
  const bindings = answerTo(answered, { look: 'bindings', vhost: seen.vhost, queue: seen.name });
  const ready = freshReady({ facts: seen, answered });
  const leftMs = emptyInMs(now.history.queues[queueKey(seen.vhost, seen.name)]?.ready ?? []);
  return [
    `${count(ready ?? seen.ready)} ready${trendWords(seen.perMinute)}` +
      (seen.unacknowledged === undefined ? '' : `, ${count(seen.unacknowledged)} unacknowledged`),
    ...(leftMs === undefined ? [] : [`Draining: empty in about ${span(leftMs)} at this rate`]),
    ...(seen.ackRate === undefined || seen.publishRate === undefined
      ? []
      : [`${seen.ackRate.toFixed(1)}/s acknowledged, ${seen.publishRate.toFixed(1)}/s published`]),
    readers.length === 0
      ? 'No reader is known'
      : `Read by ${some(
          readers.map(({ id }) => id),
          NAMED,
        )}`,
    bindings.kind === 'unseen' || bindings.bindings.length === 0
      ? 'Bound to no named exchange'
      : `Fed by ${some([...new Set(bindings.bindings.map(({ exchange }) => exchange))], NAMED)}`,
    probe.kind === 'probe'
      ? `Probe of ${seen.name}: ${probe.verdict} (${probe.how})`
      : `No probe: ${probe.because}`,
  ];
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
  return seen.kind === 'reader-gone' ? judgeGone(context) : judgeReaders(context, leftMs);
}

function judgeGone(context: Context): Verdict {
  const { facts: seen } = context;
  const [target] = restartTargets(context);
  return target
    ? { go: true, because: `Nobody reads ${seen.name}, which ${target.service} should.` }
    : no(
        `Nobody reads ${seen.name}, and I do not know where its service runs. ` +
          'Is the service up? Is its host still in use? If not, the queue can go.',
      );
}

function judgeReaders(context: Context, leftMs: number | undefined): Verdict {
  const { facts: seen, answered } = context;
  const probe = answerTo(answered, probeOf(seen));
  const readsSomething = (seen.ackRate ?? 0) > 0 || leftMs !== undefined;
  const isAlive = probe.kind === 'probe' && probe.verdict === 'alive';
  if (isAlive || (readsSomething && !isDeaf(probe))) {
    const rates =
      seen.ackRate === undefined || seen.publishRate === undefined
        ? ''
        : ` (${seen.ackRate.toFixed(1)}/s read, ${seen.publishRate.toFixed(1)}/s come)`;
    return no(
      `Its readers are alive but slower than what comes in${rates}. Add workers, or look at what makes them slow; ` +
        'a restart would not help.',
    );
  }
  const isStuck = (seen.unacknowledged ?? 0) > 0 && (seen.perMinute ?? 0) >= 0;
  if (!isDeaf(probe) && !isStuck) {
    const why = probe.kind === 'unseen' ? probe.because : `${probe.verdict}, ${probe.how}`;
    return no(
      `I cannot tell a hung reader from a slow one: the probe says nothing (${why}). I keep watching.`,
    );
  }
  if (restartTargets(context).length === 0) {
    return no('Its readers hang, and no entry under `services` says how to restart them.');
  }
  return {
    go: true,
    because: isDeaf(probe)
      ? `The probe gets no answer behind ${seen.name}: its readers hang.`
      : `${count(seen.unacknowledged ?? 0)} messages are with its readers, and none of them comes back.`,
  };
}

const isDeaf = (probe: { readonly kind: string; readonly verdict?: string }): boolean =>
  probe.kind === 'probe' && probe.verdict === 'deaf';

interface RestartTarget {
  readonly id: string;
  readonly service: string;
  readonly because: string;
  readonly call: {
    readonly action: 'service.restart';
    readonly args: Readonly<Record<string, string | number>>;
  };
}

/** The processes that read the queue and can be restarted; without any reader, the service that should read it. */
function restartTargets({ facts: seen, now }: Context): readonly RestartTarget[] {
  const { settings } = now;
  const readers = readersOf(now.snapshot, settings, seen);
  if (readers.length === 0) return restartOfMissing(seen, now);
  return readers.flatMap((reader) => {
    const host = hostOf(reader);
    if (reader.entry === undefined || host === undefined) return [];
    const pid = reader.pid === undefined ? {} : { pid: reader.pid };
    return [
      {
        id: reader.id,
        service: reader.entry.name,
        because: `it reads ${seen.name} over ${counted(reader.connections.length, 'connection')}`,
        call: {
          action: 'service.restart' as const,
          args: { host, service: unitOf(reader.entry, host), ...pid },
        },
      },
    ];
  });
}

function restartOfMissing(seen: Facts, { settings }: Observation): readonly RestartTarget[] {
  const entry = entryOfQueue(seen.name, settings);
  if (seen.kind !== 'reader-gone' || entry === undefined) return [];
  // A queue of one host is named `TOPIC.HOST`, in cinder `TOPIC.HOST@BACKEND`.
  const host = entry.host === 'from-connection' ? /^[^.]+\.([^@]+)/.exec(seen.name)?.[1] : entry.host;
  if (host === undefined) return [];
  return [
    {
      id: `${entry.name}@${host}`,
      service: entry.name,
      because: `it should read ${seen.name}, and nobody does`,
      call: { action: 'service.restart', args: { host, service: unitOf(entry, host) } },
    },
  ];
}

/** Ready messages read from the queue itself: the highest that a node says. */
function freshReady({ facts: seen, answered }: Pick<Context, 'facts' | 'answered'>): number | undefined {
  const answer = answerTo(answered, { look: 'queue', vhost: seen.vhost, name: seen.name });
  if (answer.kind === 'unseen') return undefined;
  const ready = answer.byNode.flatMap(({ row }) => (row?.ready === undefined ? [] : [row.ready]));
  return ready.length === 0 ? undefined : Math.max(...ready);
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
