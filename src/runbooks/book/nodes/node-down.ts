import { z } from 'zod';
import type { Found } from '../../runbook.ts';
import { defineRunbook } from '../../runbook.ts';
import { shortNames } from '../../snapshot/names.ts';
import type { Observation } from '../../snapshot/observation.ts';
import {
  answeringNodes,
  configured,
  disagreements,
  matrix,
  partitionsSeen,
  peersSay,
  rowOf,
  viewOf,
  vmWords,
} from '../../snapshot/views.ts';
import { counted, fitting, listed, span } from '../../wording/words.ts';
import { symptomsOfNode } from '../common/network.ts';
import { hasMajority, runsInEveryView, silenceOf, silenceWords } from './silence.ts';

const facts = z.object({
  nodes: z.array(z.string()),
  node: z.string(),
  /** `alone`: it answers, and is no member of the others' cluster. */
  how: z.enum(['down', 'alone']),
  /** What came instead of an answer. */
  message: z.string(),
  vm: z.enum(['registered', 'absent', 'unknown']),
  /** The nodes that see it stopped. */
  seenBy: z.array(z.string()),
  hasMajority: z.boolean(),
});
type Facts = z.infer<typeof facts>;

const STARTS_WITHIN_MS = 180_000;
const LOOKS_THAT_PROVE = 2;

export const nodeDown = defineRunbook<Facts>({
  id: 'node-down',
  title: 'Node is down',
  summary:
    'A node does not answer and the other nodes see that it has stopped, or it runs alone outside the cluster. The runbook ' +
    'starts it on its host, or makes it join the cluster again, and checks that every node sees it running.',
  handbook: ['D20', 'D23', 'D24'],
  mutes: symptomsOfNode,
  confirmSweeps: 2,
  facts,
  detect: (now) => [...downNodes(now), ...loneNodes(now)],
  isOver: (snapshot, { node }) => runsInEveryView(snapshot, node),
  headline: ({ nodes, node, how, hasMajority: isMajority }) => {
    const name = shortNames(nodes)(node);
    const rest = isMajority ? 'a majority still runs' : 'no majority is left';
    return how === 'down'
      ? fitting(`${name} is down, ${rest}`, `a node is down, ${rest}`)
      : fitting(`${name} runs alone, outside the cluster`, 'a node runs alone, outside the cluster');
  },
  card: ({ nodes, node, how, message, vm, seenBy, hasMajority: isMajority }) => {
    const short = shortNames(nodes);
    return [
      { label: how === 'down' ? 'Down' : 'Alone', value: `${short(node)}: ${message}` },
      { label: 'Other nodes', value: othersSay(how, seenBy.map(short)) },
      { label: 'Erlang VM', value: vmWords(vm) },
      { label: 'Majority', value: isMajority ? 'yes, a majority still runs' : 'no' },
    ];
  },
  lost: ({ facts: { nodes, node, how } }) =>
    how === 'down'
      ? []
      : [`Everything that only ${shortNames(nodes)(node)} holds: it is emptied before it joins the cluster.`],
  undo: 'A started node can be stopped again. Joining a cluster cannot be undone.',
  undoOf: ({ how }) =>
    how === 'down'
      ? 'Yes: a started node can be stopped again.'
      : 'No: joining a cluster empties the node, and that cannot be undone.',
  steps: [
    {
      kind: 'inspect',
      id: 'views',
      title: () => 'Ask every node which nodes it sees',
      show: ({ now, facts: { node } }) => {
        const tenants = now.snapshot.queues.rows.filter(
          (queue) => queue.state === 'down' || queue.state === 'stopped',
        );
        return {
          title: 'Which nodes see each other',
          lines: [
            ...matrix(now.snapshot),
            ...(tenants.length > 0
              ? [`${counted(tenants.length, 'queue')} ${tenants.length === 1 ? 'is' : 'are'} down with it`]
              : []),
            ...lastAnswer(now, node),
          ],
        };
      },
    },
    {
      kind: 'decide',
      id: 'still-down',
      title: () => 'Is it still down, and can it be started from here?',
      decide: ({ now, facts: { nodes, node, how, seenBy } }) => {
        const name = shortNames(nodes)(node);
        const { snapshot, settings } = now;
        if (runsInEveryView(snapshot, node).go) {
          return { go: false, because: `${name} runs again.` };
        }
        // While the network is split, which nodes stay is a choice that this runbook does not offer.
        if (disagreements(snapshot).length > 0 || partitionsSeen(snapshot).size > 0) {
          return {
            go: false,
            because:
              `The nodes that answer do not agree on which nodes run: repair the network first, then ${name}. ` +
              'If it started now, it might join a side that will be discarded.',
          };
        }
        const said = peersSay(snapshot, node);
        if (said.running.length > 0) {
          return {
            go: false,
            because: `${listed(said.running.map(shortNames(nodes)))} ${said.running.length === 1 ? 'sees' : 'see'} ${name} running: only I cannot reach it.`,
          };
        }
        if (said.stopped.length + said.unlisted.length === 0) {
          return { go: false, because: 'No other node answers; I will not act without a second view.' };
        }
        if (settings.nodes.find((one) => one.name === node)?.host === undefined) {
          const byHand =
            how === 'down' ? startByHand(node) : joinByHand(node, seenBy[0] ?? '<a node of the cluster>');
          return {
            go: false,
            because: `The configuration names no host for ${name}. Do it by hand: ${byHand}`,
          };
        }
        return { go: true };
      },
    },
    {
      kind: 'act',
      id: 'stop',
      title: ({ facts: { nodes, node } }) => `Stop what is left of RabbitMQ on ${shortNames(nodes)(node)}`,
      // With the Erlang VM still there, a start alone would find it running and do nothing.
      call: ({ facts: { node, how, vm } }) =>
        how === 'down' && vm === 'registered' ? { action: 'node.stop', args: { node } } : undefined,
      when: ({ now, facts: { node } }) =>
        viewOf(now.snapshot, node)?.answer.kind === 'answered'
          ? { kind: 'skip', because: 'it already answers' }
          : { kind: 'go' },
    },
    {
      kind: 'act',
      id: 'start',
      title: ({ facts: { nodes, node } }) => `Start RabbitMQ on ${shortNames(nodes)(node)}`,
      call: ({ facts: { node, how } }) =>
        how === 'down' ? { action: 'node.start', args: { node } } : undefined,
      when: ({ now, facts: { node } }) =>
        viewOf(now.snapshot, node)?.answer.kind === 'answered'
          ? { kind: 'skip', because: 'it already answers' }
          : { kind: 'go' },
    },
    {
      kind: 'act',
      id: 'join',
      title: ({ facts: { nodes, node } }) => `Make ${shortNames(nodes)(node)} join the cluster again`,
      call: ({ facts: { node, how, seenBy } }) => {
        const [peer] = seenBy;
        return how === 'alone' && peer !== undefined
          ? { action: 'node.rejoin', args: { node, peer } }
          : undefined;
      },
    },
    {
      kind: 'verify',
      id: 'runs',
      title: ({ facts: { nodes, node } }) => `Every node sees ${shortNames(nodes)(node)} running`,
      withinMs: STARTS_WITHIN_MS,
      looksInARow: LOOKS_THAT_PROVE,
      holds: ({ now, facts: { node } }) => runsInEveryView(now.snapshot, node),
    },
  ],
});

function downNodes(now: Observation): readonly Found<Facts>[] {
  const { snapshot } = now;
  return snapshot.nodes.flatMap((view) => {
    const { name, answer, vm } = view;
    if (answer.kind === 'answered' || silenceOf(now, view, answer).kind !== 'down') {
      return [];
    }
    const message = silenceWords(answer);
    return [found(now, { node: name, how: 'down', message, vm, seenBy: peersSay(snapshot, name).stopped })];
  });
}

/** A node that started alone, or was reset: it lists none of the others, and none of those lists it. */
function loneNodes(now: Observation): readonly Found<Facts>[] {
  const { snapshot } = now;
  const nodes = answeringNodes(snapshot);
  return nodes.flatMap(({ name, answer }) => {
    const others = nodes.filter((other) => other.name !== name);
    const knows = others.filter((other) => rowOf(answer, other.name) !== undefined);
    // One node outside a cluster of others; of two single nodes neither is the one that left.
    const cluster = others.filter((other) => other.answer.peers.length > 1);
    if (knows.length > 0 || cluster.length === 0) {
      return [];
    }
    if (others.some((other) => rowOf(other.answer, name)?.isRunning === true)) {
      return [];
    }
    const vm = viewOf(snapshot, name)?.vm ?? 'unknown';
    const message = 'it lists no node but itself';
    return [found(now, { node: name, how: 'alone', message, vm, seenBy: cluster.map((one) => one.name) })];
  });
}

function found(
  { snapshot }: Observation,
  seen: Pick<Facts, 'node' | 'how' | 'message' | 'vm'> & { readonly seenBy: readonly string[] },
): Found<Facts> {
  return {
    key: `node:${seen.node}`,
    subject: seen.node,
    severity: 'critical',
    facts: {
      ...seen,
      seenBy: [...seen.seenBy],
      nodes: [...configured(snapshot)],
      hasMajority: hasMajority(snapshot),
    },
  };
}

function lastAnswer({ snapshot, history }: Observation, node: string): readonly string[] {
  const atMs = history.nodes[node]?.lastAnswerAtMs;
  if (atMs === undefined || atMs >= snapshot.takenAtMs) {
    return [];
  }
  return [`Its last answer came ${span(snapshot.takenAtMs - atMs)} before this sweep`];
}

/** Words for what the other nodes say about it. */
function othersSay(how: Facts['how'], others: readonly string[]): string {
  if (others.length === 0) {
    return 'not known';
  }
  const isOne = others.length === 1;
  return how === 'down'
    ? `${listed(others)} ${isOne ? 'sees' : 'see'} that it has stopped`
    : `${listed(others)} ${isOne ? 'does' : 'do'} not see it running in the cluster`;
}

const startByHand = (node: string): string =>
  `start RabbitMQ on its host (systemctl start rabbitmq-server, or rabbitmqctl -n ${node} start_app).`;

/** What the action does, in its order. */
const joinByHand = (node: string, peer: string): string =>
  `run rabbitmqctl -n ${node} with stop_app, then reset (this empties the node), then join_cluster ${peer}, then start_app.`;
