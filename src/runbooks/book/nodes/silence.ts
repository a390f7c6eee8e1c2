import type { Observation } from '../../snapshot/observation.ts';
import type { NodeSilence, NodeView, Snapshot } from '../../snapshot/snapshot.ts';
import { answeringNodes, configured, membersOfSides, peersSay, viewOf } from '../../snapshot/views.ts';
import { counted } from '../../wording/words.ts';

/**
 * Why a node says nothing, as far as all views together tell. Each silent node is exactly one of these, so that no node
 * is told twice.
 */
export type Silence =
  /** Its API refuses while its Erlang VM runs, and a majority elsewhere goes on without it: `pause_minority`, or a stopped app. */
  | { readonly kind: 'paused' }
  /** No node sees it running, and nothing on it answers. */
  | { readonly kind: 'down' }
  /** It may well run: what is missing is my sight of it. */
  | { readonly kind: 'unseen' };

export function silenceOf(now: Observation, view: NodeView, answer: NodeSilence): Silence {
  const { snapshot, settings } = now;
  const said = peersSay(snapshot, view.name);
  const isGone = said.running.length === 0 && said.stopped.length > 0;
  if (!isGone || !looksDead(view, answer)) {
    return { kind: 'unseen' };
  }
  const mayPause =
    settings.partitionHandling === 'pause_minority' || settings.partitionHandling === undefined;
  const isPaused = mayPause && answer.why === 'refused' && view.vm === 'registered' && hasMajority(snapshot);
  return { kind: isPaused ? 'paused' : 'down' };
}

/** A hanging API with an open port may be a busy node; a wrong password, a node in good health. */
function looksDead(view: NodeView, { why, portOpen }: NodeSilence): boolean {
  switch (why) {
    case 'refused':
    case 'unreachable':
      return true;
    case 'timeout':
      return portOpen !== true;
    case 'unauthorized':
    case 'not-json':
    case 'tls':
    case 'http-error':
    case 'wrong-node':
    case 'not-itself':
      return view.vm === 'absent';
  }
}

/** Why a node says nothing, in the words of a card. */
export function silenceWords({ why, message }: NodeSilence): string {
  switch (why) {
    case 'refused':
      return 'its management port refuses connections';
    case 'unreachable':
      return 'its address cannot be reached';
    case 'timeout':
      return 'its management port does not answer';
    case 'unauthorized':
    case 'not-json':
    case 'tls':
    case 'http-error':
    case 'wrong-node':
    case 'not-itself':
      return message;
  }
}

/** Do more than half of the configured nodes run together, without the silent ones? */
export function hasMajority(snapshot: Snapshot): boolean {
  const largest = Math.max(0, ...membersOfSides(snapshot).map((side) => side.length));
  return largest * 2 > configured(snapshot).length;
}

/** Is the node back: does it answer, and does every node that answers see it run? */
export function runsInEveryView(snapshot: Snapshot, name: string) {
  const view = viewOf(snapshot, name);
  if (view?.answer.kind !== 'answered') {
    return {
      go: false,
      because: `it does not answer: ${view?.answer.message ?? 'it was not asked'}`,
    } as const;
  }
  const said = peersSay(snapshot, name);
  const peers = answeringNodes(snapshot).length - 1;
  if (said.running.length < peers) {
    return {
      go: false,
      because: `${said.running.length} of ${counted(peers, 'other node')} ${said.running.length === 1 ? 'sees' : 'see'} it running`,
    } as const;
  }
  const seen = `${counted(peers, 'other node')} ${peers === 1 ? 'sees' : 'see'} it running`;
  return { go: true, because: `it answers, and ${seen}` } as const;
}
