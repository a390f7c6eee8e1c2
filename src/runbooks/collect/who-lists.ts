import type { ObjectTotals } from '../../rpc/index.ts';
import type { NodeView, Side } from '../snapshot/snapshot.ts';
import type { SweptNode } from './swept-node.ts';

/**
 * Members of a side, the one that lists it first: the one that reaches most nodes, because a listing tells of no others; of
 * those that reach as many, the quickest. `answered` is in the order of the answers.
 */
export function listersOf(
  side: Side,
  answered: readonly SweptNode[],
  views: readonly NodeView[],
): readonly SweptNode[] {
  return answered
    .filter(({ node }) => side.members.includes(node.name))
    .toSorted((one, other) => reachOf(other, views) - reachOf(one, views));
}

/** How many nodes it sees running. */
export const reachOf = ({ node }: SweptNode, views: readonly NodeView[]): number =>
  peersOf(views, node.name).filter(({ isRunning }) => isRunning).length;

/** Totals that the node itself counts; empty where it did not report them. */
export function countedBy({ node }: SweptNode, views: readonly NodeView[]): ObjectTotals {
  const answer = views.find(({ name }) => name === node.name)?.answer;
  return (answer?.kind === 'answered' ? answer.totals : undefined) ?? {};
}

/**
 * Whether every node has answered that any view names. Metrics tell of their own node alone: those of the others are no listing
 * while one is silent, or is not in the configuration, and not even while it is down, because its queues are still there.
 */
export const haveAllAnswered = (views: readonly NodeView[]): boolean =>
  views
    .flatMap(({ name }) => peersOf(views, name))
    .every((peer) => views.some(({ name, answer }) => name === peer.name && answer.kind === 'answered'));

/**
 * Whether this node may hold something that no listing shows. Not if it is listed by a node that sees it running, and not
 * if it is down: refusing connections while no listing node sees it running, or unknown to its own host's epmd.
 */
export function isHidden(view: NodeView, listers: readonly string[], views: readonly NodeView[]): boolean {
  if (view.answer.kind === 'answered' || view.vm === 'absent') {
    return false;
  }
  const isSeen = listers.some((lister) =>
    peersOf(views, lister).some((peer) => peer.name === view.name && peer.isRunning),
  );
  return !isSeen && !(listers.length > 0 && view.answer.why === 'refused');
}

function peersOf(views: readonly NodeView[], name: string) {
  const answer = views.find((view) => view.name === name)?.answer;
  return answer?.kind === 'answered' ? answer.peers : [];
}
