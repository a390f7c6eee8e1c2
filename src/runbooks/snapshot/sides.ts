import type { NodeAnswer, NodeView, Side } from './snapshot.ts';

type Answered = NodeView & { readonly answer: NodeAnswer };

/**
 * Groups the nodes that answered into sides: on one side, every node says of every other that it runs, and none names
 * another in `partitions`. One half alone proves nothing: while the link is down the views differ and `partitions` is
 * empty; once it is back `partitions` fills, after seconds, and perhaps on one side only.
 *
 * Every pair on a side agrees, so a chain of nodes whose ends do not see each other is never taken for a whole.
 */
export function sidesOf(views: readonly NodeView[]): readonly Side[] {
  const answered = views.filter(hasAnswered);
  const areApart = pairsNamedApart(answered);
  const runTogether = (one: Answered, other: Answered): boolean =>
    sees(one, other.name) && sees(other, one.name) && !areApart(one.name, other.name);
  const linksOf = (view: Answered): number => answered.filter((other) => runTogether(view, other)).length;

  const sides: Answered[][] = [];
  // The best connected first, so that a node with one broken link does not split those that see each other.
  for (const view of answered.toSorted((one, other) => linksOf(other) - linksOf(one))) {
    const side = sides.find((members) => members.every((member) => runTogether(member, view)));
    if (side === undefined) {
      sides.push([view]);
    } else {
      side.push(view);
    }
  }
  return sides.map((side) => ({
    members: answered.filter((view) => side.includes(view)).map(({ name }) => name),
  }));
}

export const hasAnswered = (view: NodeView): view is Answered => view.answer.kind === 'answered';

const sees = (view: Answered, peer: string): boolean =>
  view.answer.peers.some((row) => row.name === peer && row.isRunning);

/** Every view carries all nodes' lists, and after an asymmetric drop only some of them are filled: any one counts. */
function pairsNamedApart(views: readonly Answered[]): (one: string, other: string) => boolean {
  const named = new Map<string, Set<string>>();
  for (const { name, partitions } of views.flatMap(({ answer }) => answer.peers)) {
    for (const other of partitions ?? []) {
      named.set(name, (named.get(name) ?? new Set()).add(other));
    }
  }
  return (one, other) => named.get(one)?.has(other) === true || named.get(other)?.has(one) === true;
}
