import type { StepContext, StepVerdict } from '../../runbook.ts';
import { shortNames } from '../../snapshot/names.ts';
import { configured, partitionsSeen, rowOf, viewOf } from '../../snapshot/views.ts';
import type { Verdict } from '../../verdict.ts';
import { keptSide } from './side-choice.ts';

type Context = Pick<StepContext<unknown>, 'now' | 'answered' | 'choice' | 'target'>;

/** Verdict on whether the target is back: it and the kept side see each other, and no node lists a partition that touches it. */
export function isBack(context: Context): Verdict {
  const { snapshot } = context.now;
  const { target = '' } = context;
  const short = shortNames(configured(snapshot));
  const own = viewOf(snapshot, target)?.answer;
  if (own?.kind !== 'answered') {
    return notYet(`${short(target)} does not answer yet`);
  }
  for (const node of keptSide(context)) {
    const view = viewOf(snapshot, node)?.answer;
    if (view?.kind !== 'answered') {
      return notYet(`I could not read ${short(node)}`);
    }
    if (rowOf(view, target)?.isRunning !== true) {
      return notYet(`${short(node)} does not see it running yet`);
    }
    if (rowOf(own, node)?.isRunning !== true) {
      return notYet(`it does not see ${short(node)} yet`);
    }
  }
  const partitions = partitionsSeen(snapshot);
  const isListed = partitions.has(target) || [...partitions.values()].some((all) => all.includes(target));
  return isListed
    ? notYet('a node still lists it as cut off')
    : { go: true, because: `${short(target)} and the kept side see each other` };
}

/** Verdict on a forced boot: only a node whose API refuses connections has not started; a slow one may still be starting. */
export function needsForce({ now, target = '' }: Context): StepVerdict {
  const answer = viewOf(now.snapshot, target)?.answer;
  if (answer?.kind === 'answered') {
    return { kind: 'skip', because: 'it has started' };
  }
  return answer?.why === 'refused'
    ? { kind: 'go' }
    : {
        kind: 'skip',
        because: `I cannot tell whether it has started: ${answer?.message ?? 'it was not asked'}`,
      };
}

/** Verdict on a rejoin: only a node that answers and sees no node of the kept side runs alone. */
export function needsRejoin(context: Context): StepVerdict {
  const { now, target = '' } = context;
  const answer = viewOf(now.snapshot, target)?.answer;
  if (answer?.kind !== 'answered') {
    return { kind: 'skip', because: 'it does not answer' };
  }
  const seesKept = keptSide(context).some((node) => rowOf(answer, node)?.isRunning === true);
  return seesKept ? { kind: 'skip', because: 'it is in the cluster' } : { kind: 'go' };
}

const notYet = (because: string): Verdict => ({ go: false, because });
