import { z } from 'zod';
import type { Run } from '../../run.ts';
import { shortNames } from '../../snapshot/names.ts';

/* What a run has done to the cluster so far, read from its ledger alone. */

/** Titles of the steps that were done, by us or by hand, in their order. */
export const effectsOf = ({ plan, items }: Run): readonly string[] =>
  (plan?.items ?? []).filter((_, index) => items[index]?.state === 'applied').map(({ title }) => title);

/** End of a sentence that says that a run was cancelled. */
export function whatItDid(run: Run): string {
  const effects = effectsOf(run);
  return effects.length === 0
    ? '. Nothing was done.'
    : ` after: ${effects.join('; ')}. These changes stay in place.`;
}

const starts: readonly string[] = ['node.start', 'node.force_boot', 'node.rejoin'];

/** A node that a run has stopped, and that it has not started again. */
export interface LeftStopped {
  readonly node: string;
  /** Its start was tried, and the outcome is not known. */
  readonly isStartTried: boolean;
}

/** Which nodes stay stopped if the run ends here. `after`: once the step that is running is done too. @default now */
export function leftStopped({ plan, items }: Run, when: 'now' | 'after' = 'now'): readonly LeftStopped[] {
  const left = new Map<string, LeftStopped>();
  for (const [index, planned] of (plan?.items ?? []).entries()) {
    const item = items[index];
    if (planned.kind !== 'act' || item === undefined) {
      continue;
    }
    const { action, args } = planned.call;
    const { node } = args;
    if (typeof node !== 'string') {
      continue;
    }
    const isDone = item.state === 'applied' || (when === 'after' && item.state === 'intended');
    if (action === 'node.stop' && isDone) {
      left.set(node, { node, isStartTried: false });
    }
    if (!starts.includes(action)) {
      continue;
    }
    // A start is skipped where the node was seen to run.
    if (isDone || item.state === 'skipped') {
      left.delete(node);
    } else if (item.attempts !== undefined && left.has(node)) {
      left.set(node, { node, isStartTried: true });
    }
  }
  return [...left.values()];
}

/** `server-45` for a node of the run, as its plan calls it. */
export function nodeNameIn({ facts }: Run): (node: string) => string {
  const parsed = z.object({ nodes: z.array(z.string()) }).safeParse(facts);
  return parsed.success ? shortNames(parsed.data.nodes) : (node) => node;
}

/** Sentence about what people must do when a run has ended before its nodes run again; undefined when there is nothing. */
export function leftBehind(run: Run): string | undefined {
  const left = leftStopped(run);
  const name = nodeNameIn(run);
  const each = left.map(
    ({ node, isStartTried }) =>
      `${name(node)} ${isStartTried ? 'was stopped, and it is not known whether it has started again' : 'is stopped'}.`,
  );
  const it = left.length === 1 ? 'it' : 'them';
  return left.length === 0
    ? undefined
    : `${each.join(' ')} Start ${it} by hand, or with Review fix when a card says "Node is down".`;
}
