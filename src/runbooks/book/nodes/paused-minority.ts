import { z } from 'zod';
import { definite } from '../../definite.ts';
import { answerTo } from '../../look.ts';
import { defineRunbook } from '../../runbook.ts';
import { shortNames } from '../../snapshot/names.ts';
import { answeringNodes, configured, isConnected, matrix } from '../../snapshot/views.ts';
import { fitting } from '../../wording/words.ts';
import { symptomsOfNode } from '../common/network.ts';
import { runsInEveryView, silenceOf } from './silence.ts';

const facts = z.object({
  nodes: z.array(z.string()),
  node: z.string(),
  /** The nodes that go on without it. */
  others: z.array(z.string()),
  handling: z.string().optional(),
});
type Facts = z.infer<typeof facts>;

const STARTS_WITHIN_MS = 120_000;

export const pausedMinority = defineRunbook<Facts>({
  id: 'paused-minority',
  title: 'Node has paused itself',
  summary:
    'A node serves nothing while its Erlang VM runs and a majority of the nodes still runs. With pause_minority the node ' +
    'waits for the network and resumes by itself. The runbook starts its app only where the node says that this mode is off.',
  handbook: ['D20', 'D25'],
  mutes: symptomsOfNode,
  confirmSweeps: 2,
  facts,
  detect: (now) => {
    const { snapshot, settings } = now;
    return snapshot.nodes.flatMap((view) => {
      const { name, answer } = view;
      if (answer.kind === 'answered' || silenceOf(now, view, answer).kind !== 'paused') {
        return [];
      }
      return [
        {
          key: `node:${name}`,
          subject: name,
          severity: 'critical' as const,
          facts: {
            nodes: [...configured(snapshot)],
            node: name,
            others: answeringNodes(snapshot).map((other) => other.name),
            ...definite({ handling: settings.partitionHandling }),
          },
        },
      ];
    });
  },
  isOver: (snapshot, { node }) => {
    const back = runsInEveryView(snapshot, node);
    return back.go ? isConnected(snapshot) : back;
  },
  headline: ({ nodes, node, handling }) => {
    const name = shortNames(nodes)(node);
    return handling === undefined
      ? fitting(
          `${name} serves nothing: pause_minority paused it, or its app is stopped`,
          'a node has paused itself',
        )
      : fitting(`${name} has paused itself: it cannot reach the majority`, 'a node has paused itself');
  },
  card: ({ nodes, node, others, handling }) => {
    const short = shortNames(nodes);
    return [
      { label: 'Serves nothing', value: `${short(node)} (its Erlang VM runs)` },
      { label: 'Still running', value: `${others.map(short).join(', ')} (majority)` },
      {
        label: 'Partition handling',
        value: handling ?? 'not in the configuration; the diagnosis asks the node',
      },
      { label: 'Next', value: 'fix the network; a paused node resumes by itself' },
    ];
  },
  lost: () => [],
  undo: 'Yes: the app can be stopped again.',
  steps: [
    {
      kind: 'inspect',
      id: 'views',
      title: () => 'Ask every node which nodes it sees',
      looks: ({ facts: { node } }) => [{ look: 'partition-handling', node }],
      show: ({ now, facts: { node }, answered }) => {
        const handling = answerTo(answered, { look: 'partition-handling', node });
        return {
          title: 'Which nodes see each other',
          lines: [
            ...matrix(now.snapshot),
            handling.kind === 'unseen'
              ? `I could not ask for cluster_partition_handling: ${handling.because}`
              : `cluster_partition_handling is ${handling.mode}`,
          ],
        };
      },
    },
    {
      kind: 'decide',
      id: 'paused-or-stopped',
      title: () => 'Is the node paused, or is its app stopped?',
      looks: ({ facts: { node } }) => [{ look: 'partition-handling', node }],
      decide: ({ facts: { nodes, node, handling }, now, answered }) => {
        const name = shortNames(nodes)(node);
        const asked = answerTo(answered, { look: 'partition-handling', node });
        const mode = asked.kind === 'unseen' ? handling : asked.mode;
        if (runsInEveryView(now.snapshot, node).go) {
          return { go: false, because: `${name} has resumed.` };
        }
        if (mode === 'pause_minority') {
          return {
            go: false,
            because: `${name} is paused and resumes about two seconds after the link is back. Fix the network; do not run start_app by hand.`,
          };
        }
        if (mode === undefined) {
          return {
            go: false,
            because: `I cannot tell a paused node from a stopped one: the partition handling of ${name} is not known. If it is not pause_minority, run this on the host of the node: rabbitmqctl -n ${node} start_app`,
          };
        }
        if (now.settings.nodes.find((one) => one.name === node)?.host === undefined) {
          return {
            go: false,
            because: `The app of ${name} is stopped, and the configuration names no host to start it on. Run this by hand: rabbitmqctl -n ${node} start_app`,
          };
        }
        return {
          go: true,
          because: `Partition handling is ${mode}, so ${name} is not paused: its app is stopped.`,
        };
      },
    },
    {
      kind: 'act',
      id: 'stop',
      title: ({ facts: { nodes, node } }) => `Stop what is left of RabbitMQ on ${shortNames(nodes)(node)}`,
      // The Erlang VM runs: a start alone would find it running and do nothing.
      call: ({ facts: { node } }) => ({ action: 'node.stop', args: { node } }),
    },
    {
      kind: 'act',
      id: 'start',
      title: ({ facts: { nodes, node } }) => `Start RabbitMQ on ${shortNames(nodes)(node)}`,
      call: ({ facts: { node } }) => ({ action: 'node.start', args: { node } }),
    },
    {
      kind: 'verify',
      id: 'runs',
      title: ({ facts: { nodes, node } }) => `Every node sees ${shortNames(nodes)(node)} running`,
      withinMs: STARTS_WITHIN_MS,
      looksInARow: 2,
      holds: ({ now, facts: { node } }) => runsInEveryView(now.snapshot, node),
    },
  ],
});
