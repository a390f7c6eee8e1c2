import type { NodeRow } from '../../rpc/index.ts';
import type { Verdict } from '../verdict.ts';
import { listed } from '../wording/words.ts';
import { shortNames } from './names.ts';
import type { Listing, NodeAnswer, NodeView, Snapshot } from './snapshot.ts';

/** A node whose API gave an answer. */
interface AnsweringNode {
  readonly name: string;
  readonly answer: NodeAnswer;
}

/** Names of the configured nodes. */
export const configured = (snapshot: Snapshot): readonly string[] => snapshot.nodes.map(({ name }) => name);

/** The nodes that answered, each with its own view of the cluster. */
export const answeringNodes = (snapshot: Snapshot): readonly AnsweringNode[] =>
  snapshot.nodes.flatMap(({ name, answer }) => (answer.kind === 'answered' ? [{ name, answer }] : []));

/** The nodes that gave no answer. */
export const silentNodes = (snapshot: Snapshot): readonly string[] =>
  snapshot.nodes.flatMap(({ name, answer }) => (answer.kind === 'silent' ? [name] : []));

export const viewOf = (snapshot: Snapshot, name: string): NodeView | undefined =>
  snapshot.nodes.find((node) => node.name === name);

/** The row about one node in another's view; undefined when it is not even listed. */
export const rowOf = (answer: NodeAnswer, name: string): NodeRow | undefined =>
  answer.peers.find((peer) => peer.name === name);

/** The nodes that answered and say that this one runs, does not run, or do not know it at all. The node itself is not asked. */
export function peersSay(snapshot: Snapshot, name: string) {
  const peers = answeringNodes(snapshot).filter((peer) => peer.name !== name);
  const saying = (test: (row: NodeRow | undefined) => boolean): readonly string[] =>
    peers.filter(({ answer }) => test(rowOf(answer, name))).map((peer) => peer.name);
  return {
    running: saying((row) => row?.isRunning === true),
    stopped: saying((row) => row?.isRunning === false),
    unlisted: saying((row) => row === undefined),
  };
}

/**
 * Who is listed as cut off from whom, in any view. One vantage point is not enough: after an asymmetric drop only some
 * nodes list it. A row without the key says nothing. A node that is down stays listed, and is cut off from nobody.
 */
export function partitionsSeen(snapshot: Snapshot): ReadonlyMap<string, readonly string[]> {
  const seen = new Map<string, Set<string>>();
  const isDown = new Set(configured(snapshot).filter((name) => isSurelyDown(snapshot, name)));
  for (const { answer } of answeringNodes(snapshot)) {
    for (const { name, partitions } of answer.peers) {
      for (const other of partitions ?? []) {
        if (isDown.has(name) || isDown.has(other)) {
          continue;
        }
        seen.set(name, (seen.get(name) ?? new Set<string>()).add(other));
      }
    }
  }
  return new Map([...seen].map(([name, others]) => [name, [...others].toSorted()]));
}

/** Pairs of nodes that both answer while at least one of them says that the other is not running. */
export function disagreements(snapshot: Snapshot): readonly (readonly [string, string])[] {
  const nodes = answeringNodes(snapshot);
  return nodes.flatMap((one, index) =>
    nodes.slice(index + 1).flatMap((other) => {
      const rows = [rowOf(one.answer, other.name), rowOf(other.answer, one.name)];
      // A node that another one does not even list never joined, or has left: that is no broken link.
      const isListed = rows.every((row) => row !== undefined);
      return isListed && rows.some((row) => row?.isRunning === false)
        ? [[one.name, other.name] as const]
        : [];
    }),
  );
}

/** The sides of a split by their members, the largest first. Silent nodes are on none. */
export const membersOfSides = (snapshot: Snapshot): readonly (readonly string[])[] =>
  snapshot.sides.map(({ members }) => members).toSorted((one, other) => other.length - one.length);

/** Does every configured node answer and say that all of them run, with no partition? What could not be seen is not whole. */
export function isWhole(snapshot: Snapshot): Verdict {
  const short = shortNames(configured(snapshot));
  for (const { name, answer } of snapshot.nodes) {
    if (answer.kind === 'silent') {
      return no(`${short(name)} does not answer: ${answer.message}`);
    }
    for (const peer of configured(snapshot)) {
      const row = rowOf(answer, peer);
      if (!row) {
        return no(`${short(name)} does not list ${short(peer)}`);
      }
      if (!row.isRunning) {
        return no(`${short(name)} says that ${short(peer)} is not running`);
      }
      if (!row.partitions) {
        return no(`${short(name)} does not yet report the partitions of ${short(peer)}: it has just started`);
      }
      if (row.partitions.length > 0) {
        return no(
          `${short(name)} says that ${short(peer)} is cut off from ${listed(row.partitions.map(short))}`,
        );
      }
    }
  }
  return { go: true, because: 'every node says that all of them run, and lists no partition' };
}

/** Nodes that are down beyond doubt: nothing listens, no Erlang VM is known to run, and nobody sees it run. */
function isSurelyDown(snapshot: Snapshot, name: string): boolean {
  const view = viewOf(snapshot, name);
  if (view?.answer.kind !== 'silent' || view.vm === 'registered') {
    return false;
  }
  const said = peersSay(snapshot, name);
  return view.answer.why === 'refused' && said.running.length === 0 && said.stopped.length > 0;
}

/** Is the network whole, as far as it concerns nodes that are not simply down? */
export function isConnected(snapshot: Snapshot): Verdict {
  const short = shortNames(configured(snapshot));
  const unknown = snapshot.nodes.filter(
    ({ name, answer }) => answer.kind === 'silent' && !isSurelyDown(snapshot, name),
  );
  if (unknown.length > 0) {
    return no(`I could not read ${listed(unknown.map(({ name }) => short(name)))}`);
  }
  if (answeringNodes(snapshot).length === 0) {
    return no('no node answers');
  }
  // Without rows nobody disagrees with anybody, and that is no agreement.
  const blank = answeringNodes(snapshot).find(({ name, answer }) => rowOf(answer, name) === undefined);
  if (blank !== undefined) {
    return no(`the node list of ${short(blank.name)} does not contain itself`);
  }
  if (partitionsSeen(snapshot).size > 0 || disagreements(snapshot).length > 0) {
    return no('the views of the nodes differ');
  }
  return { go: true };
}

/** Did the sweep see everything it looks for? */
export function isSeenWhole(snapshot: Snapshot): Verdict {
  const silent = snapshot.nodes.filter(({ answer }) => answer.kind === 'silent');
  if (silent.length > 0) {
    return no(`${silent[0]?.name} does not answer`);
  }
  return [snapshot.queues, snapshot.connections, snapshot.consumers]
    .map((listing) => isListedWhole(listing))
    .reduce((one, other) => (one.go ? other : one));
}

export function isListedWhole(listing: Listing<unknown>): Verdict {
  const [gap] = listing.missing;
  return gap ? no(`the listing of ${gap.node} is missing: ${gap.why}`) : { go: true };
}

/** Whether a node's Erlang VM runs, as its host's epmd says. */
export function vmWords(vm: NodeView['vm']): string {
  switch (vm) {
    case 'registered':
      return 'runs';
    case 'absent':
      return 'does not run';
    case 'unknown':
      return 'not known';
  }
}

/** One line a node: whom it sees, whom it does not, what it lists as cut off. */
export function matrix(snapshot: Snapshot): readonly string[] {
  const short = shortNames(configured(snapshot));
  return snapshot.nodes.map(({ name, answer, vm }) => {
    if (answer.kind === 'silent') {
      return `${short(name)} does not answer: ${answer.message} (Erlang VM: ${vmWords(vm)})`;
    }
    const named = (rows: readonly NodeRow[]): string =>
      listed(rows.map((row) => short(row.name))) || 'no node';
    const running = answer.peers.filter((row) => row.isRunning);
    const stopped = answer.peers.filter((row) => !row.isRunning);
    const cutOff = answer.peers.flatMap((row) => (row.name === name ? (row.partitions ?? []) : []));
    return [
      `${short(name)} sees ${named(running)}`,
      ...(stopped.length > 0 ? [`does not see ${named(stopped)}`] : []),
      ...(cutOff.length > 0 ? [`lists ${listed(cutOff.map(short))} as cut off`] : []),
    ].join('; ');
  });
}

const no = (because: string): Verdict => ({ go: false, because });
