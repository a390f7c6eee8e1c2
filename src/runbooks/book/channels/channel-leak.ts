import { definite } from '../../definite.ts';
import { answerTo, type Look } from '../../look.ts';
import type { StepContext } from '../../runbook.ts';
import { defineRunbook } from '../../runbook.ts';
import { hostOf, ownerOfConnection, parseClientName, unitOf } from '../../snapshot/owners.ts';
import { RATE_WINDOW_MS } from '../../snapshot/trends.ts';
import { isListedWhole } from '../../snapshot/views.ts';
import type { Verdict } from '../../verdict.ts';
import { count, counted, fitting, some, span } from '../../wording/words.ts';
import { channelLeaks, type LeakFacts, leakFacts, nameOfLeak } from './channel-leaks.ts';

type Context = StepContext<LeakFacts>;

const RESTART = 'restart';
const CLOSE = 'close';
const GONE_WITHIN_MS = 120_000;
const LOOKS_THAT_PROVE = 3;
const NAMED_QUEUES = 5;

export const channelLeak = defineRunbook<LeakFacts>({
  id: 'channel-leak',
  title: 'Too many channels on one connection',
  summary:
    'A client opens channels and does not close them: memory use and load rise, and the broker becomes slow. The runbook ' +
    'follows the connection to its channels, consumers, queues and service, then restarts that service or closes the ' +
    'connection.',
  handbook: ['D16'],
  mutes: [],
  confirmSweeps: 2,
  facts: leakFacts,
  detect: channelLeaks,
  isOver: (snapshot, { connection, warning }) => {
    const row = snapshot.connections.rows.find(({ name }) => name === connection);
    if (!row) {
      return isListedWhole(snapshot.connections);
    }
    if (row.channels === undefined) {
      return { go: false, because: 'the broker reports no channel count for it' };
    }
    return row.channels < warning
      ? { go: true }
      : { go: false, because: `it holds ${counted(row.channels, 'channel')}` };
  },
  headline: (leak) => {
    const who = nameOfLeak(leak);
    const where = leak.peerHost === undefined ? '' : ` on ${leak.peerHost}`;
    const channels = `${count(leak.channels)} channels`;
    return leak.why === 'growth'
      ? fitting(
          `${who}${where} keeps opening channels: ${channels} on one connection`,
          `${who} keeps opening channels: ${channels}`,
          `a client keeps opening channels: ${channels} on one connection`,
        )
      : fitting(
          `${who}${where} holds ${channels} on one connection`,
          `${who} holds ${channels} on one connection`,
          `a client holds ${channels} on one connection`,
        );
  },
  card: (leak) => [
    {
      label: 'Channels',
      value: `${count(leak.channels)}${leak.channelMax ? ` of ${count(leak.channelMax)}` : ''}${growthWords(leak)}`,
    },
    { label: 'Client', value: leak.clientName ?? 'the client gives no name' },
    { label: 'Connects from', value: leak.peerHost ?? 'not known' },
    { label: 'Connection', value: leak.connection },
  ],
  choices: (context) => {
    const { facts: leak } = context;
    const owner = ownerFor(context);
    const host = hostOf(owner);
    const close = {
      id: CLOSE,
      label: 'Close the connection',
      because: 'the client reconnects by itself if it can, but its fault remains',
    };
    if (owner.entry === undefined || host === undefined) {
      return [close];
    }
    return [
      {
        id: RESTART,
        label: `Restart ${owner.entry.name} on ${host}`,
        because: `${nameOfLeak(leak)} belongs to this service; a new process starts with one channel`,
      },
      close,
    ];
  },
  lost: (context) =>
    context.choice === RESTART
      ? [`RPC calls in progress at ${ownerFor(context).entry?.name ?? 'the service'} are interrupted`]
      : [`RPC calls on this connection of ${nameOfLeak(context.facts)} are interrupted`],
  undo: 'No, and no undo is needed: the client reconnects by itself.',
  steps: [
    {
      kind: 'inspect',
      id: 'walk',
      title: () => 'Follow the connection to its channels, consumers and queues',
      looks: looksFor,
      show: (context) => ({ title: 'Who opens these channels', lines: walk(context) }),
    },
    {
      kind: 'decide',
      id: 'still-leaking',
      title: () => 'Does the connection still exist, and does it still hold too many channels?',
      looks: looksFor,
      decide: isStillLeaking,
    },
    {
      kind: 'act',
      id: 'restart',
      title: (context) => `Restart ${ownerFor(context).entry?.name ?? 'the service'}`,
      call: (context) => {
        const owner = ownerFor(context);
        const host = hostOf(owner);
        if (context.choice !== RESTART || owner.entry === undefined || host === undefined) {
          return undefined;
        }
        const pid = owner.pid === undefined ? {} : { pid: owner.pid };
        return { action: 'service.restart', args: { host, service: unitOf(owner.entry, host), ...pid } };
      },
      looks: looksFor,
      when: isStillThere,
    },
    {
      kind: 'act',
      id: 'close',
      title: ({ facts: leak }) => `Close the connection of ${nameOfLeak(leak)}`,
      call: ({ facts: { connection }, choice }) =>
        choice === CLOSE ? { action: 'connection.close', args: { name: connection } } : undefined,
      looks: looksFor,
      when: isStillThere,
    },
    {
      kind: 'verify',
      id: 'gone',
      title: ({ facts: { warning } }) =>
        `The connection is gone, and the connections that replace it stay under ${warning} channels`,
      withinMs: GONE_WITHIN_MS,
      looksInARow: LOOKS_THAT_PROVE,
      looks: looksFor,
      holds: hasSettled,
    },
  ],
});

function looksFor({ facts }: Context): readonly Look[] {
  return [lookAt(facts)];
}

const lookAt = ({ connection }: LeakFacts) => ({ look: 'connection', name: connection }) as const;

const connectionIn = ({ facts, answered }: Pick<Context, 'facts' | 'answered'>) =>
  answerTo(answered, lookAt(facts));

const growthWords = ({ perMinute: growth = 0, overMs = 0 }: LeakFacts): string =>
  growth >= 0.1 && overMs >= RATE_WINDOW_MS
    ? `, growing ${growth < 10 ? growth.toFixed(1) : count(growth)}/min over the last ${span(overMs)}`
    : '';

function ownerFor({ facts: leak, now, answered }: Context) {
  const answer = connectionIn({ facts: leak, answered });
  const queues = answer.kind === 'connection' ? answer.queues.map(({ name }) => name) : [];
  const { clientName, peerHost } = leak;
  return ownerOfConnection(
    {
      ...definite({ clientName, peerHost }),
    },
    now.settings,
    queues,
  );
}

function walk(context: Context): readonly string[] {
  const { facts: leak, answered, now } = context;
  const answer = connectionIn({ facts: leak, answered });
  if (answer.kind === 'unseen') {
    return [`I could not query the connection: ${answer.because}`];
  }
  if (answer.kind === 'gone') {
    return ['The connection is gone.'];
  }
  const idle = answer.channels.filter(({ consumers }) => consumers === 0);
  const idleSince = idle.flatMap(({ idleSinceMs }) => (idleSinceMs === undefined ? [] : [idleSinceMs]));
  const owner = ownerFor(context);
  return [
    `Connection ${leak.connection} on ${answer.connection.node}${leak.connectedForMs === undefined ? '' : `, open for ${span(leak.connectedForMs)}`}`,
    `${counted(answer.channels.length, 'channel')}, ${count(idle.length)} of them without a consumer` +
      (idleSince.length > 0
        ? `, idle for up to ${span(now.snapshot.takenAtMs - Math.min(...idleSince))}`
        : ''),
    answer.queues.length === 0
      ? 'It consumes no queue'
      : `It consumes ${some(
          answer.queues.map(({ name }) => name),
          NAMED_QUEUES,
        )}`,
    owner.entry === undefined
      ? 'No entry under `services` matches it, so I cannot restart it'
      : `It belongs to ${owner.entry.name}${hostOf(owner) === undefined ? ', on a host that is not known' : ` on ${hostOf(owner)}`}`,
  ];
}

function isStillLeaking({ facts: leak, answered }: Context): Verdict {
  const answer = connectionIn({ facts: leak, answered });
  if (answer.kind === 'unseen') {
    return no(`I could not query the connection: ${answer.because}`);
  }
  if (answer.kind === 'gone') {
    return no('The connection is gone; nothing is left to do.');
  }
  const channels = Math.max(answer.channels.length, answer.connection.channels ?? 0);
  if (leak.why === 'level' && channels < leak.warning) {
    return no(`It holds only ${counted(channels, 'channel')} now; nothing is left to do.`);
  }
  return { go: true, because: `${nameOfLeak(leak)} holds ${counted(channels, 'channel')}.` };
}

function isStillThere({ facts: leak, answered }: Context) {
  const answer = connectionIn({ facts: leak, answered });
  if (answer.kind === 'gone') {
    return { kind: 'skip', because: 'the connection is gone already' } as const;
  }
  return answer.kind === 'unseen'
    ? ({ kind: 'stop', because: `I could not query the connection: ${answer.because}` } as const)
    : ({ kind: 'go' } as const);
}

function hasSettled({ facts: leak, answered, now }: Context): Verdict {
  const answer = connectionIn({ facts: leak, answered });
  if (answer.kind === 'unseen') {
    return no(`I could not query the connection: ${answer.because}`);
  }
  if (answer.kind === 'connection') {
    return no(`the connection still exists and holds ${counted(answer.channels.length, 'channel')}`);
  }
  const listed = isListedWhole(now.snapshot.connections);
  if (!listed.go) {
    return listed;
  }
  const successors = now.snapshot.connections.rows.filter(
    ({ clientName, peerHost }) =>
      leak.service !== undefined &&
      clientName !== undefined &&
      parseClientName(clientName).service === leak.service &&
      peerHost === leak.peerHost,
  );
  const tooMany = successors.find(({ channels }) => (channels ?? 0) >= leak.warning);
  if (tooMany) {
    return no(`a new connection already holds ${counted(tooMany.channels ?? 0, 'channel')}`);
  }
  const most = Math.max(0, ...successors.map(({ channels }) => channels ?? 0));
  return {
    go: true,
    because: `the connection is gone; ${leak.service ?? 'the client'} has ${counted(successors.length, 'connection')} with at most ${counted(most, 'channel')} each`,
  };
}

const no = (because: string): Verdict => ({ go: false, because });
