import type { QueueDetail } from '../../look.ts';
import { answerTo } from '../../look.ts';
import type { StepVerdict } from '../../runbook.ts';
import { isCalm } from '../../snapshot/calm.ts';
import { shortQueue } from '../../snapshot/names.ts';
import { whyProtected } from '../../snapshot/protected.ts';
import type { Verdict } from '../../verdict.ts';
import { count, counted } from '../../wording/words.ts';
import { ceilingOf } from './dead-loss.ts';
import {
  type DeadContext,
  highestReady,
  queueDetailsOf,
  queueLook,
  sumConsumers,
  viewsWanted,
} from './dead-rows.ts';

/** Proof that a queue has no consumer: for the plan, and again before each deletion. */

/** Verdict on whether every queue is proved to have no consumer. One that is not blocks the plan. */
export function areProvedDead(context: DeadContext): Verdict {
  const { facts, answered, now } = context;
  const calm = isCalm(now.snapshot);
  if (!calm.go) {
    return calm;
  }
  const wanted = viewsWanted(now.snapshot);
  let remaining = 0;
  for (const { name } of facts.queues) {
    const protection = whyProtected({ vhost: facts.vhost, name }, now.settings);
    if (protection !== undefined) {
      return no(`${shortQueue(name)}: ${protection}.`);
    }
    const answer = answerTo(answered, queueLook(facts, name));
    if (answer.kind === 'unseen') {
      return no(`I could not query ${shortQueue(name)}: ${answer.because}`);
    }
    if (answer.byNode.length < wanted) {
      return no(
        `Only ${counted(answer.byNode.length, 'node')} answered about ${shortQueue(name)}; I need answers from ${wanted}.`,
      );
    }
    const rows = queueDetailsOf(answered, facts, name);
    if (rows.length === 0) {
      continue;
    }
    const refusal = whyKeep(rows);
    if (refusal) {
      return no(`${shortQueue(name)}: ${refusal}`);
    }
    remaining += 1;
  }
  return remaining === 0 ? no('The queues are gone already; nothing is left to delete.') : { go: true };
}

/** Reason to keep this queue; undefined when there is none. */
function whyKeep(rows: readonly QueueDetail[]): string | undefined {
  if (rows.some(({ type }) => type === 'stream')) {
    return 'it is a stream: what it holds is its log, limited by its retention. There is nothing to clean.';
  }
  const [first] = rows;
  if (rows.some(({ type }) => (type !== 'classic' && type !== 'quorum') || type !== first?.type)) {
    return 'its type is not known, so I will not delete it.';
  }
  if (rows.some(({ isExclusive }) => isExclusive !== false)) {
    return 'a live connection may own it.';
  }
  if (rows.some(({ consumers }) => consumers === undefined)) {
    return 'the broker reports no consumer count for it.';
  }
  if (sumConsumers(rows) > 0) {
    return 'it has a consumer again, so it is healthy.';
  }
  if (rows.some(({ unacknowledged }) => unacknowledged === undefined)) {
    return 'the broker reports no count of its unacknowledged messages.';
  }
  if (rows.some(({ unacknowledged = 0 }) => unacknowledged > 0)) {
    return 'a client still holds some of its messages unacknowledged.';
  }
  // A rate that never was is left out by the broker; one that is there counts.
  if (rows.some(({ deliverRate = 0, ackRate = 0 }) => deliverRate > 0 || ackRate > 0)) {
    return 'a client consumes it right now.';
  }
  return undefined;
}

/** Verdict on fresh data just before each deletion. */
export function mayDelete(context: DeadContext): StepVerdict {
  const { facts, answered, target = '', now } = context;
  const calm = isCalm(now.snapshot);
  if (!calm.go) {
    return { kind: 'stop', because: calm.because };
  }
  const answer = answerTo(answered, queueLook(facts, target));
  if (answer.kind === 'unseen') {
    return { kind: 'stop', because: `I could not query it: ${answer.because}` };
  }
  if (answer.byNode.length < viewsWanted(now.snapshot)) {
    return { kind: 'stop', because: `only ${counted(answer.byNode.length, 'node')} answered about it` };
  }
  const rows = queueDetailsOf(answered, facts, target);
  if (rows.length === 0) {
    return { kind: 'skip', because: 'it is gone already' };
  }
  if (sumConsumers(rows) > 0) {
    return { kind: 'skip', because: 'it has a consumer again, so it is healthy' };
  }
  const refusal = whyKeep(rows);
  if (refusal) {
    return { kind: 'stop', because: refusal };
  }
  const planned = queueDetailsOf(context.before, facts, target);
  if (rows[0]?.type !== planned[0]?.type) {
    return { kind: 'stop', because: 'its type is not the one in the plan' };
  }
  const ready = highestReady(rows);
  if (ready === undefined) {
    return { kind: 'stop', because: 'the broker reports no message count for it' };
  }
  const ceiling = ceilingOf(context, target);
  if (ready > ceiling) {
    return {
      kind: 'stop',
      because: `it now holds ${counted(ready, 'ready message')}, more than the ${count(ceiling)} that were approved. Diagnose again.`,
    };
  }
  return { kind: 'go' };
}

const no = (because: string): Verdict => ({ go: false, because });
