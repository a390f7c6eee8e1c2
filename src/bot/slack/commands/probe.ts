import { definite } from '../../../rpc/index.ts';
import type { Observation } from '../../../runbooks/index.ts';
import {
  type Candidate,
  type CandidateProbe,
  candidatesOfAll,
  candidatesOfTopic,
  probeAll,
} from '../../cluster/probe-all.ts';
import type { ClusterHandle } from '../../context.ts';
import { counted, span } from '../../wording/words.ts';
import { context as contextBlock, header, linesSection, notification, small } from '../message/blocks.ts';
import type { Command, Reply } from './common/command.ts';

/** Most queues probed for one command: an answer must be readable, and come soon. */
const MOST = 20;
const PROBE_MS = 6_500;
/** Slack's users expect an answer within three seconds; who is silent is waited for longer. */
const SOON_MS = 2_000;

/** `/rabbit probe`: asks services whether they answer. Read-only, so anybody may. */
export const probe: Command = {
  verb: 'probe',
  usage: 'probe [topic] [server]',
  summary: 'Probe whether services answer: all of them, those of a topic, or one server.',
  takes: 2,
  async run({ listener, words: [topic, server], meanwhile }): Promise<Reply> {
    const { clusters, config, clock } = listener.transitions.context;
    const timer = new AbortController();
    const patience = clock.sleep(SOON_MS, timer.signal).then(
      () => meanwhile?.('Probing. I wait about five seconds for a service that does not answer.'),
      () => undefined,
    );
    try {
      const asked = await Promise.all(
        [...clusters].map(async ([name, handle]) => ({
          name,
          ...(await ask(handle, config.schedule.sweepMs, topic, server)),
        })),
      );
      const all = asked.flatMap(({ probed }) => probed);
      return {
        text: notification(verdictOf(all)),
        blocks: [
          header(verdictOf(all)),
          ...asked.flatMap((one) => [
            linesSection(asked.length > 1 ? one.name : undefined, linesOf(one.probed)),
            ...(one.notes.length === 0 ? [] : [contextBlock(one.notes.map((note) => small(note)))]),
          ]),
        ],
      };
    } finally {
      timer.abort();
      await patience;
    }
  },
};

interface Asked {
  readonly probed: readonly CandidateProbe[];
  readonly notes: readonly string[];
}

async function ask(
  handle: ClusterHandle,
  sweepMs: number,
  topic: string | undefined,
  server: string | undefined,
): Promise<Asked> {
  const { vhost } = handle.config;
  const observation = server === undefined ? await handle.lately(sweepMs) : undefined;
  const candidates = candidatesFor(observation, vhost, topic, server);
  const probed = await probeAll(candidates.slice(0, MOST), ({ queue, vhost: its, exchange }) =>
    handle.ports.probe({
      topic: queue,
      vhost: its,
      timeoutMs: PROBE_MS,
      ...definite({ exchange }),
    }),
  );
  const left = candidates.length - probed.length;
  const gaps = observation?.snapshot.queues.missing ?? [];
  return {
    probed,
    notes: [
      ...(left > 0 ? [`${counted(left, 'more queue')} not probed: I probe at most ${MOST} at a time.`] : []),
      ...gaps.map(({ node, why }) => `The queues of ${node} could not be listed: ${why}`),
    ],
  };
}

function candidatesFor(
  observation: Observation | undefined,
  vhost: string,
  topic: string | undefined,
  server: string | undefined,
): readonly Candidate[] {
  if (observation === undefined) {
    return [{ vhost, queue: `${topic}.${server}` }];
  }
  return topic === undefined
    ? candidatesOfAll(observation).candidates
    : candidatesOfTopic(observation, topic, vhost);
}

function verdictOf(all: readonly CandidateProbe[]): string {
  if (all.length === 0) {
    return 'I know of no service to probe. Name a topic, or list services in the configuration.';
  }
  const alive = all.filter(({ verdict }) => verdict === 'alive').length;
  return alive === all.length
    ? `${counted(alive, 'queue')} probed, all answer`
    : `${alive} of ${all.length} answer`;
}

/** The silent ones first. */
function linesOf(probed: readonly CandidateProbe[]): readonly string[] {
  const rank = { deaf: 0, unbound: 1, absent: 2, unreachable: 3, alive: 4 } as const;
  const lines = probed
    .toSorted((one, other) => rank[one.verdict] - rank[other.verdict])
    .map(({ queue, verdict, tookMs = 0, consumers, how }) => {
      const readers = consumers === undefined ? '' : `, ${counted(consumers, 'consumer')}`;
      return verdict === 'alive'
        ? `${queue}: alive, ${span(Math.max(1, tookMs))}${readers}`
        : `${queue}: ${verdict}${readers} - ${how}`;
    });
  return lines.length === 0 ? ['Nothing to probe.'] : lines;
}
