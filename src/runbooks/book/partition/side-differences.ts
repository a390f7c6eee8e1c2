import type { Answers, Look } from '../../look.ts';
import { answerTo } from '../../look.ts';
import type { StepContext } from '../../runbook.ts';
import { queueKey } from '../../snapshot/history.ts';
import { shortQueue } from '../../snapshot/names.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { configured } from '../../snapshot/views.ts';
import { count, counted, some } from '../../wording/words.ts';
import { discardedNamesOf, nodesToRestart } from './side-choice.ts';

type SideAnswer = Answers['side'];
type Context = Pick<StepContext<unknown>, 'now' | 'answered' | 'choice'>;

const NAMED = 5;

/** Ask every node what its side holds. */
export const sideLooks = (snapshot: Snapshot): readonly Look[] =>
  configured(snapshot).map((node) => ({ look: 'side', node }));

/**
 * What exists only on the discarded nodes and is gone once they rejoin, one line each. A queue that the kept side also
 * lists keeps its definition; of a mirrored one the discarded replica goes.
 */
export function lostWith(context: Context, kept: readonly string[]): readonly string[] {
  const discarded = nodesToRestart(context);
  if (discarded.length === 0) {
    return [];
  }
  const names = discardedNamesOf(context, discarded);
  const sides = [...kept, ...discarded].map((node) => answerTo(context.answered, { look: 'side', node }));
  if (sides.some(({ kind }) => kind === 'unseen')) {
    return [`I could not read what exists only on ${names}: assume that everything there is lost.`];
  }
  const seen = sides.filter((side): side is SideAnswer => side.kind === 'side');
  const keeping = seen.filter(({ node }) => kept.includes(node));
  const leaving = seen.filter(({ node }) => !kept.includes(node));

  const keptQueues = queuesOf(keeping);
  const leavingQueues = queuesOf(leaving);
  const onlyThere = [...leavingQueues].filter(([key]) => !keptQueues.has(key)).map(([, queue]) => queue);
  const inBoth = [...leavingQueues].flatMap(([key, queue]) => {
    const other = keptQueues.get(key);
    return other ? [{ there: queue, here: other }] : [];
  });
  const replicas = inBoth.filter(({ there, here }) => there.ready > 0 && here.isCounted);
  const living = inBoth.filter(({ there, here }) => there.ready > 0 && !here.isCounted);
  const bindings = without(
    leaving.flatMap((side) => side.bindings),
    keeping.flatMap((side) => side.bindings),
  );
  const exchanges = without(
    leaving.flatMap((side) => side.exchanges),
    keeping.flatMap((side) => side.exchanges),
  );
  return [
    ...(onlyThere.length > 0
      ? [
          `${counted(onlyThere.length, 'queue')} that ${exist(onlyThere.length)} only on ${names}, with ` +
            `${messages(onlyThere)}: ${some(onlyThere.map(({ name }) => shortQueue(name)).toSorted(), NAMED)}`,
        ]
      : []),
    ...listed('exchange', exchanges, names),
    ...listed('binding', bindings, names),
    ...(replicas.length > 0
      ? [
          `The replicas of ${counted(replicas.length, 'queue')} on ${names}, with up to ` +
            `${messages(replicas.map(({ there }) => there))}; the kept side keeps its own content`,
        ]
      : []),
    ...(living.length > 0
      ? [
          `The non-persistent messages among ${messages(living.map(({ there }) => there))} in ` +
            `${counted(living.length, 'queue')} hosted on ${names}`,
        ]
      : []),
  ];
}

interface Held {
  readonly name: string;
  readonly ready: number;
  /** False where the side lists the queue without numbers: it lives on the other one. */
  readonly isCounted: boolean;
}

/** Queues of several nodes as one side; of a queue that more than one reports, the higher number. */
function queuesOf(sides: readonly SideAnswer[]): ReadonlyMap<string, Held> {
  const queues = new Map<string, Held>();
  for (const { vhost, name, ready } of sides.flatMap((side) => side.queues)) {
    const key = queueKey(vhost, name);
    const known = queues.get(key);
    queues.set(key, {
      name,
      ready: Math.max(ready ?? 0, known?.ready ?? 0),
      isCounted: ready !== undefined || known?.isCounted === true,
    });
  }
  return queues;
}

const messages = (queues: readonly Held[]): string => {
  const ready = queues.reduce((sum, queue) => sum + queue.ready, 0);
  return `${count(ready)} ready ${ready === 1 ? 'message' : 'messages'}`;
};

const exist = (number: number): string => (number === 1 ? 'exists' : 'exist');

const without = (these: readonly string[], those: readonly string[]): readonly string[] => {
  const known = new Set(those);
  return [...new Set(these)].filter((one) => !known.has(one)).toSorted();
};

/** `exchange → queue name (routing key)`, each of them as short as a queue's name. */
const shortWords = (entry: string): string =>
  entry
    .split(' ')
    .map((word) => shortQueue(word))
    .join(' ');

const listed = (noun: string, entries: readonly string[], names: string): readonly string[] =>
  entries.length === 0
    ? []
    : [
        `${counted(entries.length, noun)} that ${exist(entries.length)} only on ${names}: ${some(entries.map(shortWords), NAMED)}`,
      ];
