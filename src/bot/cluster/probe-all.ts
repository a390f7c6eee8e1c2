import pLimit from 'p-limit';
import { definite } from '../../rpc/index.ts';
import { isRpcQueue, type Observation, type ProbeAnswer, probeTargets } from '../../runbooks/index.ts';

/** One service's queue in a table of services: whom to ask, or why nobody needs to be asked. */
export interface Candidate {
  readonly vhost: string;
  readonly queue: string;
  /** As the sweep counted them; absent: not counted, or there is no such queue. */
  readonly consumers?: number;
  /** Messages that wait in it, as the sweep counted them. */
  readonly ready?: number;
  readonly exchange?: string;
}

/** Whether a service answers, and how that was known. */
export interface CandidateProbe extends Pick<Candidate, 'vhost' | 'queue' | 'consumers'> {
  /** `unbound`: somebody reads its queue, and no exchange leads to it. */
  readonly verdict: ProbeAnswer['verdict'] | 'unbound';
  /** Absent where nobody was asked. */
  readonly tookMs?: number;
  readonly how: string;
}

type Probe = (candidate: Candidate) => Promise<ProbeAnswer>;

const AT_ONCE = 8;

/** The shared queue of a topic, be it there or not, and every `TOPIC.SERVER` of it that the sweep saw. */
export function candidatesOfTopic(
  { snapshot }: Observation,
  topic: string,
  vhost: string,
): readonly Candidate[] {
  const own = snapshot.queues.rows.filter(
    (row) =>
      row.vhost === vhost && (row.name === topic || row.name.startsWith(`${topic}.`)) && isRpcQueue(row),
  );
  const seen = own
    .map(({ name, consumers, ready }) => ({
      vhost,
      queue: name,
      ...definite({ consumers, ready }),
    }))
    .toSorted((one, other) => one.queue.localeCompare(other.queue));
  return seen.some(({ queue }) => queue === topic) ? seen : [{ vhost, queue: topic }, ...seen];
}

/** Every queue of the configured services that somebody reads, and the services of which there is none. */
export function candidatesOfAll(observation: Observation): {
  readonly candidates: readonly Candidate[];
  readonly missing: readonly string[];
} {
  const consumers = new Map(
    observation.snapshot.queues.rows.map((row) => [`${row.vhost}\u0000${row.name}`, row.consumers]),
  );
  const candidates = probeTargets(observation)
    .map(({ vhost, queue, exchange }) => {
      const readers = consumers.get(`${vhost}\u0000${queue}`);
      return {
        vhost,
        queue,
        ...definite({ consumers: readers, exchange }),
      };
    })
    .toSorted((one, other) => one.queue.localeCompare(other.queue));
  const missing = observation.settings.services
    .filter(({ queues, probe }) => {
      const expression = new RegExp(queues, 'u');
      return probe !== 'off' && !candidates.some(({ queue }) => expression.test(queue));
    })
    .map(({ name }) => name);
  return { candidates, missing };
}

/** Asks all of them, a few at once, and answers in their order. */
export async function probeAll(
  candidates: readonly Candidate[],
  probe: Probe,
): Promise<readonly CandidateProbe[]> {
  return await pLimit(AT_ONCE).map(candidates, (candidate) => surveyOne(candidate, probe));
}

async function surveyOne(candidate: Candidate, probe: Probe): Promise<CandidateProbe> {
  const { vhost, queue, consumers, ready = 0 } = candidate;
  const unread = {
    vhost,
    queue,
    consumers: 0,
    verdict: 'absent',
    how: 'Its queue has no consumer.',
  } as const;
  // The question would wait behind the others, and be there still when somebody reads again.
  if (consumers === 0 && ready > 0) {
    return unread;
  }
  // A count of none may be some seconds old: it is asked all the same.
  const { verdict, tookMs, how, consumers: counted = consumers } = await probe(candidate);
  if (verdict === 'deaf' && counted === 0) {
    return { ...unread, tookMs };
  }
  // Who answers reads its queue, whatever was counted seconds ago.
  const isKnown = counted !== undefined && !(verdict === 'alive' && counted === 0);
  const isUnbound = verdict === 'absent' && (counted ?? 0) > 0;
  const found = isUnbound ? 'unbound' : verdict;
  return { vhost, queue, ...(isKnown ? { consumers: counted } : {}), verdict: found, tookMs, how };
}
