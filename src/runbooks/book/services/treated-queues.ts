import type { Answer, Look } from '../../look.ts';
import { answerTo } from '../../look.ts';
import type { Step, StepContext } from '../../runbook.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { count, listed, some } from '../../wording/words.ts';
import { type ConsumedQueue, consumersOf, probeOfQueue } from '../common/consumers.ts';

/** Parts that the runbooks about servers behind queues share: what one plan treats, which processes consume, what a probe said. */

/** Most queues treated in one plan: people must be able to read what they approve. */
const MAX_TREATED = 10;
const NAMED = 3;

/** Id of the choice to close the consumers' connections. */
export const CLOSE = 'close';

type ProbeAnswer = Answer<Extract<Look, { look: 'probe' }>>;

/** Items that one plan treats. */
export const treated = <Item>(items: readonly Item[]): readonly Item[] => items.slice(0, MAX_TREATED);

/** Line about the items that the plan leaves for the next one; none when it treats all. */
export function untreatedLines(items: readonly unknown[], total: number, what: string): readonly string[] {
  const left = total - treated(items).length;
  const more = `${count(left)} more ${left === 1 ? 'is' : 'are'} ${what}`;
  return left > 0 ? [`${more}; a plan treats at most ${MAX_TREATED}`] : [];
}

/** The first few names, and how many more there are. @default total as many as are given */
export const named = (names: readonly string[], total?: number): string => some(names, NAMED, total);

/** The vhost of a finding whose facts are of any runbook. */
export function vhostOf(facts: unknown): unknown {
  return typeof facts === 'object' && facts !== null && 'vhost' in facts ? facts.vhost : undefined;
}

/** Words such as `consumed by nova-compute:4241@10.3.0.1`. */
export function consumerWords(now: Observation, queue: ConsumedQueue): string {
  const consumers = consumersOf(now, queue);
  return consumers.length === 0
    ? 'no consumer is known'
    : `consumed by ${listed(consumers.map(({ id }) => id))}`;
}

/** Connections over which these queues are consumed. */
export const connectionsTo = (now: Observation, queues: readonly ConsumedQueue[]): readonly string[] => [
  ...new Set(queues.flatMap((queue) => consumersOf(now, queue).flatMap(({ connections }) => connections))),
];

/** Result of the newest probe of this queue. */
export const probeAnswer = (
  { answered }: Pick<StepContext<unknown>, 'answered'>,
  queue: ConsumedQueue,
): ProbeAnswer => answerTo(answered, probeOfQueue(queue));

/** Words for the result of a probe, as a part of a longer line. */
export const probeWords = (probe: ProbeAnswer): string =>
  probe.kind === 'probe' ? probe.how.replace(/\.$/, '') : `not probed: ${probe.because}`;

/** Reason why the first of these could not be probed; undefined when all were. */
export function whyUnasked(
  context: Pick<StepContext<unknown>, 'answered'>,
  queues: readonly ConsumedQueue[],
): string | undefined {
  const [first] = queues.flatMap((queue) => {
    const probe = probeAnswer(context, queue);
    if (probe.kind === 'unseen') {
      return [`${queue.name}: ${probe.because}`];
    }
    return probe.verdict === 'unreachable' || probe.verdict === 'absent'
      ? [`${queue.name}: ${probe.how}`]
      : [];
  });
  return first;
}

/** Steps that close connections, one each; each client reconnects by itself. */
export const closingSteps = <Facts>(
  connections: (context: StepContext<Facts>) => readonly string[],
): Step<Facts> => ({
  kind: 'each',
  id: 'close-connections',
  over: connections,
  steps: [
    {
      kind: 'act',
      id: 'close',
      title: ({ target = '' }) => `Close the connection ${target}`,
      call: ({ target = '' }) => ({ action: 'connection.close', args: { name: target } }),
    },
  ],
});
