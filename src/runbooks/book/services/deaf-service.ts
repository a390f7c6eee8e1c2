import { answerTo, type Look } from '../../look.ts';
import type { StepContext } from '../../runbook.ts';
import { defineRunbook } from '../../runbook.ts';
import type { Verdict } from '../../verdict.ts';
import { count, counted, fitting, span, spanSoFar } from '../../wording/words.ts';
import { type ConsumedQueue, probeOfQueue, type RestartTarget } from '../common/consumers.ts';
import {
  type DeafFacts,
  deafFacts,
  deafTopics,
  hasAlarm,
  isHeardAgain,
  WORKING_ACK_RATE,
} from './deaf-service-evidence.ts';
import {
  CLOSE,
  closingSteps,
  connectionsTo,
  consumerWords,
  named,
  probeAnswer,
  probeWords,
  treated,
  untreatedLines,
  vhostOf,
  whyUnasked,
} from './treated-queues.ts';
import { workersOf } from './workers.ts';

type Context = StepContext<DeafFacts>;

const ANSWERS_WITHIN_MS = 180_000;
const LOOKS_THAT_PROVE = 3;
const EVERYBODY = 'all';

export const deafService = defineRunbook<DeafFacts>({
  id: 'deaf-service',
  title: 'Deaf service',
  summary:
    'A service is connected and subscribed but does not answer: several RPC probes in a row got no answer, while the broker ' +
    'works. The runbook restarts the service on its host, or closes its connection, and probes it until it answers.',
  handbook: ['D19', 'D30'],
  mutes: ['backlog'],
  // The proof is several probes in a row, which is many sweeps already.
  confirmSweeps: 1,
  facts: deafFacts,
  detect: (now) =>
    deafTopics(now).map((facts) => ({
      key: `deaf:${facts.vhost}:${facts.topic}`,
      subject: facts.total === 1 ? (facts.servers[0]?.queue ?? facts.topic) : facts.topic,
      severity: facts.answering === 0 ? ('critical' as const) : ('warning' as const),
      facts,
    })),
  explains: ({ vhost, topic, servers }, { subject, facts }) =>
    vhostOf(facts) === vhost && (subject === topic || servers.some(({ queue }) => queue === subject)),
  isOver: (snapshot, { vhost, servers }, probes) => {
    if (hasAlarm(snapshot)) {
      return no('the broker accepts no messages, so no probe was possible');
    }
    const silent = servers.filter(({ queue }) => !isHeardAgain(snapshot, probes, vhost, queue));
    return silent.length === 0 ? { go: true } : no(`no answer yet from ${namesOf(silent)}`);
  },
  headline: (facts) => {
    const [first] = facts.servers;
    return facts.total === 1 && first
      ? fitting(
          `${first.queue} is connected but has answered no probe for ${silentFor(facts)}`,
          `a server of ${facts.topic} is connected but answers no probe`,
          'a service is connected but answers no probe',
        )
      : fitting(
          `${counted(facts.total, 'server')} of ${facts.topic} are connected but answer no probe`,
          `${counted(facts.total, 'server')} of a topic are connected but answer no probe`,
        );
  },
  card: (facts) => [
    {
      label: 'Deaf',
      value: named(
        facts.servers.map(({ queue, probes }) => `${queue} (${counted(probes, 'probe')} unanswered)`),
        facts.total,
      ),
    },
    { label: 'Silent for', value: `at least ${silentFor(facts)}` },
    {
      label: 'Connected as',
      value: named(facts.servers.flatMap(({ readers }) => readers)) || 'not known',
    },
    {
      label: `Other ${facts.topic} servers`,
      value: facts.answering === 0 ? 'none answers' : `${count(facts.answering)} ${verb(facts)}`,
    },
  ],
  choices: (context) => {
    const targets = targetsOf(context);
    const each = targets.map(({ id, because }) => ({ id, label: `Restart ${id}`, because }));
    const all = {
      id: EVERYBODY,
      label: `Restart all ${targets.length} of them, one after the other`,
      because: 'none of them answers a probe',
    };
    const close = {
      id: CLOSE,
      label: 'Close the connections',
      because: 'a client whose loop still runs reconnects by itself; a client that hangs does not',
    };
    const restarts = targets.length > 1 ? [all, ...each] : each;
    return connectionsOf(context).length === 0 ? restarts : [...restarts, close];
  },
  lost: (context) =>
    connectionsOf(context).length === 0
      ? []
      : [`RPC calls that ${namesOf(deafNow(context))} may still be serving are interrupted`],
  undo: 'No, and no undo is needed: the service connects again, and messages that it had not acknowledged are redelivered.',
  steps: [
    {
      kind: 'inspect',
      id: 'probe',
      title: ({ facts: { topic } }) =>
        `Probe the deaf servers of ${topic} and find out which processes they are`,
      looks: looksFor,
      show: (context) => ({
        title: `Servers of ${context.facts.topic} that do not answer`,
        lines: evidenceLines(context),
      }),
    },
    {
      kind: 'decide',
      id: 'still-deaf',
      title: () => 'Is it still deaf, or only busy?',
      looks: looksFor,
      decide: judge,
    },
    {
      kind: 'each',
      id: 'restart-deaf',
      over: (context) => restartedIn(context).map(({ id }) => id),
      steps: [
        {
          kind: 'act',
          id: 'restart',
          title: ({ target = '' }) => `Restart ${target}`,
          call: (context) => targetsOf(context).find(({ id }) => id === context.target)?.call,
        },
      ],
    },
    closingSteps((context) => (wayOf(context) === CLOSE ? connectionsOf(context) : [])),
    {
      kind: 'verify',
      id: 'answers',
      title: (context) =>
        `Probes of ${namesOf(treated(context.facts.servers))} are answered ${LOOKS_THAT_PROVE} times in a row`,
      withinMs: ANSWERS_WITHIN_MS,
      looksInARow: LOOKS_THAT_PROVE,
      looks: ({ facts }) => treated(facts.servers).map((server) => probeOfQueue(queueOf(facts, server))),
      holds: haveAnswered,
    },
  ],
});

type Server = DeafFacts['servers'][number];

const queueOf = ({ vhost }: DeafFacts, { queue }: Server): ConsumedQueue => ({ vhost, name: queue });

const namesOf = (servers: readonly Server[]): string => named(servers.map(({ queue }) => queue));

const verb = ({ answering }: DeafFacts): string => (answering === 1 ? 'answers' : 'answer');

const silentFor = ({ servers, seenAtMs }: DeafFacts): string =>
  spanSoFar(seenAtMs - Math.min(...servers.map(({ sinceMs }) => sinceMs)));

/** Looks at each: a probe, and its queue asked fresh, because whether it acknowledges anything tells busy from deaf. */
function looksFor({ facts }: Context): readonly Look[] {
  return treated(facts.servers).flatMap((server) => {
    const { vhost, name } = queueOf(facts, server);
    return [probeOfQueue({ vhost, name }), { look: 'queue', vhost, name } as const];
  });
}

const probeOf = (context: Context, server: Server) => probeAnswer(context, queueOf(context.facts, server));

/** Messages that its consumers acknowledge a second, as the broker counts them. */
function ackRateOf({ facts, answered }: Context, server: Server): number | undefined {
  const { vhost, name } = queueOf(facts, server);
  const answer = answerTo(answered, { look: 'queue', vhost, name });
  const rates = answer.kind === 'queue' ? answer.byNode.flatMap(({ row }) => row?.ackRate ?? []) : [];
  return rates.length === 0 ? undefined : Math.max(...rates);
}

/** Servers that are still silent and do no work. */
const deafNow = (context: Context): readonly Server[] =>
  treated(context.facts.servers).filter((server) => {
    const probe = probeOf(context, server);
    const isSilent = probe.kind === 'probe' && probe.verdict === 'deaf';
    return isSilent && (ackRateOf(context, server) ?? 0) <= WORKING_ACK_RATE;
  });

function targetsOf(context: Context): readonly RestartTarget[] {
  const targets = deafNow(context).flatMap((server) =>
    workersOf(context.now, queueOf(context.facts, server)),
  );
  return [...new Map(targets.map((target) => [target.id, target])).values()];
}

const connectionsOf = (context: Context): readonly string[] =>
  connectionsTo(
    context.now,
    deafNow(context).map((server) => queueOf(context.facts, server)),
  );

/** The chosen way, or the proposed one. */
function wayOf(context: Context): string {
  const targets = targetsOf(context);
  return context.choice ?? (targets.length > 1 ? EVERYBODY : (targets[0]?.id ?? CLOSE));
}

function restartedIn(context: Context): readonly RestartTarget[] {
  const way = wayOf(context);
  return targetsOf(context).filter(({ id }) => way === EVERYBODY || way === id);
}

function evidenceLines(context: Context): readonly string[] {
  const { facts, now } = context;
  return [
    ...treated(facts.servers).map((server) => {
      const ack = ackRateOf(context, server);
      const held = server.unacknowledged ?? 0;
      return [
        `${server.queue}: ${probeWords(probeOf(context, server))}`,
        consumerWords(now, queueOf(facts, server)),
        ...(held > 0 ? [`it holds ${counted(held, 'unacknowledged request')}`] : []),
        ...(ack === undefined ? [] : [`it acknowledges ${ack.toFixed(1)}/s`]),
      ].join('; ');
    }),
    ...untreatedLines(facts.servers, facts.total, 'deaf'),
    facts.answering === 0
      ? `No other server of ${facts.topic} answers: before a restart, check what they share, such as a database`
      : `${counted(facts.answering, 'other server')} of ${facts.topic} ${verb(facts)}`,
  ];
}

function judge(context: Context): Verdict {
  const { facts, now } = context;
  if (hasAlarm(now.snapshot)) {
    return no(
      'A node has a memory or disk alarm, so the broker accepts no messages and no server can answer now.',
    );
  }
  const servers = treated(facts.servers);
  const deaf = deafNow(context);
  if (deaf.length > 0) {
    const isTreatable = targetsOf(context).length > 0 || connectionsOf(context).length > 0;
    if (!isTreatable) {
      return no(
        `I do not know which process consumes ${namesOf(deaf)}, so I cannot restart it. Restart the service by hand.`,
      );
    }
    return { go: true, because: `${namesOf(deaf)} did not answer a new probe either.` };
  }
  const busy = servers.filter((server) => {
    const probe = probeOf(context, server);
    return probe.kind === 'probe' && probe.verdict === 'deaf';
  });
  if (busy.length > 0) {
    return no(
      `It is busy, not deaf: requests to ${namesOf(busy)} are still being acknowledged. A restart would not help.`,
    );
  }
  const unasked = whyUnasked(
    context,
    servers.map((server) => queueOf(facts, server)),
  );
  return unasked === undefined
    ? no('It answers again.')
    : no(`I could not probe it again, so I propose nothing (${unasked})`);
}

function haveAnswered(context: Context): Verdict {
  const asked = treated(context.facts.servers).map((server) => ({ server, probe: probeOf(context, server) }));
  const silent = asked.filter(({ probe }) => probe.kind !== 'probe' || probe.verdict !== 'alive');
  if (silent.length > 0) {
    return no(`no answer from ${namesOf(silent.map(({ server }) => server))} yet`);
  }
  const tookMs = asked.flatMap(({ probe }) => (probe.kind === 'probe' ? [probe.tookMs] : []));
  return { go: true, because: `answered within ${span(Math.max(1, ...tookMs))}` };
}

const no = (because: string): Verdict => ({ go: false, because });
