import { answerTo, type Look } from '../../look.ts';
import type { StepContext } from '../../runbook.ts';
import { defineRunbook } from '../../runbook.ts';
import { count, counted, fitting, span } from '../../snapshot/words.ts';
import type { Verdict } from '../../verdict.ts';
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
  named,
  probeAnswer,
  probeWords,
  readerWords,
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
    'A service is connected and subscribed and answers nobody: several RPC probes in a row stay without an answer, while ' +
    'the broker works. Restarts it on its host, or closes its connection, and probes until it answers.',
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
    if (hasAlarm(snapshot)) return no('the broker takes no messages, so nothing could be asked');
    const silent = servers.filter(({ queue }) => !isHeardAgain(snapshot, probes, vhost, queue));
    return silent.length === 0 ? { go: true } : no(`no answer yet from ${namesOf(silent)}`);
  },
  headline: (facts) => {
    const [first] = facts.servers;
    return facts.total === 1 && first
      ? fitting(
          `${first.queue} is connected and answers nobody, for ${silentFor(facts)}`,
          `a server of ${facts.topic} is connected and answers nobody`,
          'a service is connected and answers nobody',
        )
      : fitting(
          `${counted(facts.total, 'server')} of ${facts.topic} are connected and answer nobody`,
          `${counted(facts.total, 'server')} of a topic are connected and answer nobody`,
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
    { label: 'Silent for', value: `${silentFor(facts)} or more` },
    {
      label: 'Connected as',
      value: named(facts.servers.flatMap(({ readers }) => readers)) || 'not known',
    },
    {
      label: `Others of ${facts.topic}`,
      value: facts.answering === 0 ? 'nobody answers' : answerWords(facts),
    },
  ],
  choices: (context) => {
    const targets = targetsOf(context);
    const each = targets.map(({ id, because }) => ({ id, label: `Restart ${id}`, because }));
    const all = {
      id: EVERYBODY,
      label: `Restart all ${targets.length}, one after the other`,
      because: 'none of them answers a probe',
    };
    const close = {
      id: CLOSE,
      label: 'Close the connections',
      because: 'a client whose loop still runs connects again by itself; one that hangs does not',
    };
    const restarts = targets.length > 1 ? [all, ...each] : each;
    return connectionsOf(context).length === 0 ? restarts : [...restarts, close];
  },
  lost: (context) =>
    connectionsOf(context).length === 0
      ? []
      : [`Calls that ${namesOf(deafNow(context))} may still be serving are cut off`],
  undo: 'No, but nothing needs to be: it connects again, and what it had not acknowledged is delivered again.',
  steps: [
    {
      kind: 'inspect',
      id: 'probe',
      title: ({ facts: { topic } }) => `Probe the deaf servers of ${topic}, and see who they are`,
      looks: looksFor,
      show: (context) => ({
        title: `Who is silent behind ${context.facts.topic}`,
        lines: evidenceLines(context),
      }),
    },
    {
      kind: 'decide',
      id: 'still-deaf',
      title: () => 'Still deaf, or only busy?',
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
        `Probes of ${namesOf(treated(context.facts.servers))} are answered, ${LOOKS_THAT_PROVE} times in a row`,
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

const answerWords = ({ answering }: DeafFacts): string =>
  answering === 1 ? '1 answers' : `${count(answering)} answer`;

const silentFor = ({ servers, seenAtMs }: DeafFacts): string =>
  span(seenAtMs - Math.min(...servers.map(({ sinceMs }) => sinceMs)));

/** A probe of each, and its queue read fresh: whether it acknowledges anything tells busy from deaf. */
function looksFor({ facts }: Context): readonly Look[] {
  return treated(facts.servers).flatMap((server) => {
    const { vhost, name } = queueOf(facts, server);
    return [probeOfQueue({ vhost, name }), { look: 'queue', vhost, name } as const];
  });
}

const probeOf = (context: Context, server: Server) => probeAnswer(context, queueOf(context.facts, server));

/** What its readers acknowledge a second, as the broker counts it. */
function ackRateOf({ facts, answered }: Context, server: Server): number | undefined {
  const { vhost, name } = queueOf(facts, server);
  const answer = answerTo(answered, { look: 'queue', vhost, name });
  const rates = answer.kind === 'queue' ? answer.byNode.flatMap(({ row }) => row?.ackRate ?? []) : [];
  return rates.length === 0 ? undefined : Math.max(...rates);
}

/** Those that stay silent now as well, and do not work either. */
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
        readerWords(now, queueOf(facts, server)),
        ...(held > 0 ? [`${counted(held, 'request')} in hand`] : []),
        ...(ack === undefined ? [] : [`${ack.toFixed(1)}/s acknowledged`]),
      ].join('; ');
    }),
    ...untreatedLines(facts.servers, facts.total, 'deaf'),
    facts.answering === 0
      ? `Nobody else of ${facts.topic} answers: look for what they share, such as a database, before a restart`
      : `Of the others of ${facts.topic}, ${answerWords(facts)}`,
  ];
}

function judge(context: Context): Verdict {
  const { facts, now } = context;
  if (hasAlarm(now.snapshot)) {
    return no('A node is out of memory or disk, so the broker takes no messages: nobody could answer now.');
  }
  const servers = treated(facts.servers);
  const deaf = deafNow(context);
  if (deaf.length > 0) {
    const isTreatable = targetsOf(context).length > 0 || connectionsOf(context).length > 0;
    if (!isTreatable) {
      return no(
        `I do not know which process reads ${namesOf(deaf)}, so I can restart none. Restart the service by hand.`,
      );
    }
    return { go: true, because: `No answer to a fresh probe either: ${namesOf(deaf)}.` };
  }
  const busy = servers.filter((server) => {
    const probe = probeOf(context, server);
    return probe.kind === 'probe' && probe.verdict === 'deaf';
  });
  if (busy.length > 0) {
    return no(
      `Busy, not deaf: requests to ${namesOf(busy)} are acknowledged all the time. A restart would not help.`,
    );
  }
  const unasked = whyUnasked(
    context,
    servers.map((server) => queueOf(facts, server)),
  );
  return unasked === undefined
    ? no('It answers again.')
    : no(`I could not ask again, so I propose nothing (${unasked})`);
}

function haveAnswered(context: Context): Verdict {
  const asked = treated(context.facts.servers).map((server) => ({ server, probe: probeOf(context, server) }));
  const silent = asked.filter(({ probe }) => probe.kind !== 'probe' || probe.verdict !== 'alive');
  if (silent.length > 0) return no(`no answer from ${namesOf(silent.map(({ server }) => server))} yet`);
  const tookMs = asked.flatMap(({ probe }) => (probe.kind === 'probe' ? [probe.tookMs] : []));
  return { go: true, because: `answered within ${Math.ceil(Math.max(...tookMs))} ms` };
}

const no = (because: string): Verdict => ({ go: false, because });
