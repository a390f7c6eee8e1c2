import { answerTo, type Look } from '../../look.ts';
import type { Choice, StepContext } from '../../runbook.ts';
import { defineRunbook } from '../../runbook.ts';
import type { ProbeHistory } from '../../snapshot/probe-history.ts';
import type { Verdict } from '../../verdict.ts';
import { counted, fitting, spanSoFar } from '../../wording/words.ts';
import { type ConsumedQueue, probeOfQueue } from '../common/consumers.ts';
import { bindingWords, type UnboundFacts, unboundFacts, unboundQueues } from './bindings-lost.ts';
import { isHeardAgain } from './deaf-service-evidence.ts';
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

type Context = StepContext<UnboundFacts>;
type Lost = UnboundFacts['queues'][number];

const ANSWERS_WITHIN_MS = 120_000;
const LOOKS_THAT_PROVE = 2;
const BIND = 'bind:';

export const unboundService = defineRunbook<UnboundFacts>({
  id: 'unbound-service',
  title: 'Service without a binding',
  summary:
    'A service consumes its queue, but no exchange routes to it: every request is lost while everything looks healthy. The ' +
    'runbook binds the queue again where it was bound before, or closes the connection of its consumer so that the service ' +
    'declares everything again, and then probes it.',
  handbook: ['D30'],
  mutes: ['backlog'],
  // The proof is two probes in a row, which is several sweeps already.
  confirmSweeps: 1,
  facts: unboundFacts,
  detect: (now) =>
    unboundQueues(now).map((facts) => ({
      key: `unbound:${facts.vhost}:${facts.topic}`,
      subject: facts.total === 1 ? (facts.queues[0]?.name ?? facts.topic) : facts.topic,
      severity: 'critical' as const,
      facts,
    })),
  explains: ({ vhost, queues }, { subject, facts }) =>
    vhostOf(facts) === vhost && queues.some(({ name }) => name === subject),
  isOver: (snapshot, { vhost, queues }, probes) => {
    const lost = queues.filter(({ name }) => {
      const isHeard = isHeardAgain(snapshot, probes, vhost, name);
      return !isHeard && !isBoundAgain(probes, vhost, name);
    });
    return lost.length === 0 ? { go: true } : no(`no exchange routes to ${namesOf(lost)} yet`);
  },
  headline: (facts) => {
    const [first] = facts.queues;
    return facts.total === 1 && first
      ? fitting(
          `no exchange routes to ${first.name}: every request to it is lost`,
          'no exchange routes to a service’s queue: every request to it is lost',
        )
      : fitting(
          `no exchange routes to ${counted(facts.total, 'queue')} of ${facts.topic}: requests to them are lost`,
          `no exchange routes to ${counted(facts.total, 'queue')} of a topic: requests to them are lost`,
        );
  },
  card: (facts) => [
    {
      label: facts.total === 1 ? 'Queue' : 'Queues',
      value:
        named(
          facts.queues.map(({ name, consumers }) => `${name} (${counted(consumers, 'consumer')})`),
          facts.total,
        ) + (facts.vhost === '/' ? '' : ` in ${facts.vhost}`),
    },
    { label: 'Belongs to exchange', value: facts.exchange ?? 'not known; choose it in the plan' },
    { label: 'Requests lost for', value: `at least ${spanSoFar(facts.seenAtMs - facts.sinceMs)}` },
    { label: 'Service', value: facts.service ?? 'no entry under `services` matches' },
  ],
  choices: (context) => {
    const close: Choice = {
      id: CLOSE,
      label: 'Close the connections of the consumers',
      because: 'each client reconnects by itself, and declares and binds everything again',
    };
    const binds = waysToBind(context.facts);
    const canClose = connectionsOf(context).length > 0;
    // Known: the binding alone is the smaller change. Not known: the service itself knows best where it belongs.
    if (!canClose) {
      return binds;
    }
    return context.facts.exchange === undefined ? [close, ...binds] : [...binds, close];
  },
  lost: (context) =>
    wayOf(context) === CLOSE
      ? [
          `RPC calls that the consumers of ${namesOf(lostNow(context))} serve over the same connections are interrupted`,
        ]
      : [],
  undo: 'A binding can be deleted again. A closed connection comes back by itself.',
  steps: [
    {
      kind: 'inspect',
      id: 'bindings',
      title: ({ facts }) => `List the bindings and consumers of ${namesOf(facts.queues)}`,
      looks: looksFor,
      show: (context) => ({ title: 'Bindings and consumers', lines: evidenceLines(context) }),
    },
    {
      kind: 'decide',
      id: 'still-unbound',
      title: () => 'Is it still without a binding, and where does it belong?',
      looks: looksFor,
      decide: judge,
    },
    {
      kind: 'each',
      id: 'bind-queues',
      over: (context) => (exchangeIn(context) === undefined ? [] : lostNow(context).map(({ name }) => name)),
      steps: [
        {
          kind: 'act',
          id: 'bind',
          title: (context) => `Bind ${context.target ?? ''} to ${exchangeIn(context) ?? ''} again`,
          call: (context) => {
            const exchange = exchangeIn(context);
            const { target: queue } = context;
            return exchange === undefined || queue === undefined
              ? undefined
              : {
                  action: 'queue.bind',
                  // oslo.messaging binds each queue under its own name.
                  args: { vhost: context.facts.vhost, queue, exchange, routingKey: queue },
                };
          },
        },
      ],
    },
    closingSteps((context) => (wayOf(context) === CLOSE ? connectionsOf(context) : [])),
    {
      kind: 'verify',
      id: 'answers',
      title: ({ facts }) => `Probes of ${namesOf(treated(facts.queues))} arrive and are answered`,
      withinMs: ANSWERS_WITHIN_MS,
      looksInARow: LOOKS_THAT_PROVE,
      looks: looksFor,
      holds: haveAnswered,
    },
  ],
});

const namesOf = (queues: readonly Lost[]): string => named(queues.map(({ name }) => name));

/** Whether requests reach it again. Whether it answers them is another trouble. */
function isBoundAgain(probes: ProbeHistory, vhost: string, name: string): boolean {
  const track = Object.values(probes.tracks).find((one) => one.vhost === vhost && one.queue === name);
  return track?.samples.at(-1)?.verdict === 'deaf';
}

function looksFor({ facts }: Context): readonly Look[] {
  const { vhost } = facts;
  return treated(facts.queues).flatMap(({ name }) => [
    { look: 'bindings', vhost, queue: name } as const,
    probeOfQueue({ vhost, name }),
  ]);
}

const bindingsOf = ({ facts: { vhost }, answered }: Context, queue: string) =>
  answerTo(answered, { look: 'bindings', vhost, queue });

const queueOf = ({ vhost }: UnboundFacts, { name }: Lost): ConsumedQueue => ({ vhost, name });

const probeOf = (context: Context, queue: Lost) => probeAnswer(context, queueOf(context.facts, queue));

/** Queues that still have no route to them. What could not be read is not among them. */
const lostNow = (context: Context): readonly Lost[] =>
  treated(context.facts.queues).filter((queue) => {
    const { name } = queue;
    const probe = probeOf(context, queue);
    const bindings = bindingsOf(context, name);
    const isBound = bindings.kind === 'bindings' && bindings.bindings.some((one) => one.routingKey === name);
    return bindings.kind === 'bindings' && !isBound && probe.kind === 'probe' && probe.verdict === 'absent';
  });

const connectionsOf = (context: Context): readonly string[] =>
  connectionsTo(
    context.now,
    lostNow(context).map((queue) => queueOf(context.facts, queue)),
  );

function waysToBind({ exchange, knownFrom, candidates }: UnboundFacts): readonly Choice[] {
  const because = {
    memory: 'it was bound there when it was last seen',
    configuration: 'the configuration says so',
    siblings: 'the other queues of its topic or service are bound there',
  } as const;
  if (exchange !== undefined && knownFrom !== undefined) {
    return [{ id: `${BIND}${exchange}`, label: `Bind to ${exchange} again`, because: because[knownFrom] }];
  }
  return candidates.map((candidate) => ({
    id: `${BIND}${candidate}`,
    label: `Bind to ${candidate}`,
    because: 'other services are bound there; only you can tell whether this one belongs there',
  }));
}

/** The chosen way, or the proposed one. */
const wayOf = (context: Context): string =>
  context.choice ?? (context.facts.exchange === undefined ? CLOSE : `${BIND}${context.facts.exchange}`);

function exchangeIn(context: Context): string | undefined {
  const way = wayOf(context);
  return way.startsWith(BIND) ? way.slice(BIND.length) : undefined;
}

function evidenceLines(context: Context): readonly string[] {
  const { facts, now } = context;
  return [
    ...treated(facts.queues).map((queue) =>
      [
        `${queue.name}: ${bindingWords(bindingsOf(context, queue.name))}`,
        consumerWords(now, queueOf(facts, queue)),
        probeWords(probeOf(context, queue)),
      ].join('; '),
    ),
    ...untreatedLines(facts.queues, facts.total, 'unbound'),
    ...waysToBind(facts)
      .slice(0, 1)
      .map(({ label, because }) => `${label}: ${because}`),
  ];
}

function judge(context: Context): Verdict {
  const { facts } = context;
  const queues = treated(facts.queues);
  const unseen = queues.flatMap(({ name }) => {
    const bindings = bindingsOf(context, name);
    return bindings.kind === 'unseen' ? [`${name}: ${bindings.because}`] : [];
  });
  if (unseen.length > 0) {
    return no(`I could not list the bindings (${unseen[0]})`);
  }
  const lost = lostNow(context);
  if (lost.length > 0) {
    const hasWay =
      facts.exchange !== undefined || connectionsOf(context).length > 0 || context.choice !== undefined;
    if (!hasWay) {
      return no(
        `I know neither the exchange of ${namesOf(lost)} nor its consumers. ` +
          'Add “exchange” to the service’s entry under “services”, or restart the service by hand.',
      );
    }
    const where = facts.exchange === undefined ? '' : ` It belongs to exchange ${facts.exchange}.`;
    return { go: true, because: `No exchange routes to ${namesOf(lost)}.${where}` };
  }
  const broken = queues.filter((queue) => {
    const probe = probeOf(context, queue);
    return probe.kind === 'probe' && probe.verdict === 'absent';
  });
  if (broken.length > 0) {
    return no(
      `The broker lists the binding of ${namesOf(broken)} but routes nothing through it: its routing table is damaged, and ` +
        'binding again would change nothing. Delete the binding in the management UI, create it again there, and probe. If ' +
        'that does not help, delete the queue while its service is stopped.',
    );
  }
  const unasked = whyUnasked(
    context,
    queues.map((queue) => queueOf(facts, queue)),
  );
  return unasked === undefined
    ? no('It is bound again.')
    : no(`I could not probe it again, so I propose nothing (${unasked})`);
}

function haveAnswered(context: Context): Verdict {
  const asked = treated(context.facts.queues).map((queue) => ({
    name: queue.name,
    probe: probeOf(context, queue),
  }));
  const silent = asked.filter(({ probe }) => probe.kind !== 'probe' || probe.verdict !== 'alive');
  const [first] = silent;
  if (first !== undefined) {
    const { name, probe } = first;
    return no(`${name}: ${probe.kind === 'probe' ? probe.how : probe.because}`);
  }
  return { go: true, because: `probes reached ${counted(asked.length, 'queue')} and were answered` };
}

const no = (because: string): Verdict => ({ go: false, because });
