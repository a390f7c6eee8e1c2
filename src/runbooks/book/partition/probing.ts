import type { Answered, Look } from '../../look.ts';
import { answerTo } from '../../look.ts';
import { parseQueueName } from '../../snapshot/families.ts';
import { queueKey } from '../../snapshot/history.ts';
import type { Observation } from '../../snapshot/observation.ts';
import type { Verdict } from '../../verdict.ts';
import { counted, listed } from '../../wording/words.ts';

type ProbeLook = Extract<Look, { look: 'probe' }>;

const MAX_PROBES = 5;

/** One topic of each configured service that has a consumer: the sign that services work again. */
export function topicsToProbe({ snapshot, settings }: Observation): readonly ProbeLook[] {
  const looks = settings.services.flatMap(({ queues }) => {
    const expression = new RegExp(queues, 'u');
    const topics = snapshot.queues.rows.filter(
      ({ name, consumers, type }) =>
        (consumers ?? 0) > 0 &&
        type !== 'stream' &&
        expression.test(name) &&
        parseQueueName(name).kind === 'topic',
    );
    // The shortest name is the shared topic; longer ones carry a host.
    const [first] = topics.toSorted(
      (one, other) => one.name.length - other.name.length || one.name.localeCompare(other.name),
    );
    return first ? [{ look: 'probe', topic: first.name, vhost: first.vhost } as const] : [];
  });
  return [...new Map(looks.map((look) => [queueKey(look.vhost, look.topic), look])).values()].slice(
    0,
    MAX_PROBES,
  );
}

/** Verdict on the probes: a deaf service fails; a probe that could not be made proves nothing, and the verdict says so. */
export function whoIsDeaf(
  looks: readonly ProbeLook[],
  answered: Answered,
  whole = 'the check passed',
): Verdict {
  const answers = looks.map((look) => ({ topic: look.topic, answer: answerTo(answered, look) }));
  const deaf = answers.filter(({ answer }) => answer.kind === 'probe' && answer.verdict === 'deaf');
  if (deaf.length > 0) {
    return {
      go: false,
      because: `no server of ${listed(deaf.map(({ topic }) => topic))} answers yet`,
    };
  }
  const alive = answers.filter(({ answer }) => answer.kind === 'probe' && answer.verdict === 'alive');
  const told = [
    whole,
    ...(alive.length > 0
      ? [`${listed(alive.map(({ topic }) => topic))} ${alive.length === 1 ? 'answers' : 'answer'}`]
      : []),
    ...(alive.length < answers.length
      ? [`${counted(answers.length - alive.length, 'topic')} could not be probed, which proves nothing`]
      : []),
  ];
  return { go: true, because: told.join('; ') };
}
