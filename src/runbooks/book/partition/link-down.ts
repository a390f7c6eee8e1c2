import { z } from 'zod';
import { defineRunbook } from '../../runbook.ts';
import { shortNames, typed } from '../../snapshot/names.ts';
import {
  configured,
  disagreements,
  isConnected,
  matrix,
  membersOfSides,
  partitionsSeen,
  silentNodes,
} from '../../snapshot/views.ts';
import { fitting, listed } from '../../wording/words.ts';
import { symptomsOfNetwork } from '../common/network.ts';
import { hasJustStarted } from './stale-rows.ts';

const facts = z.object({
  nodes: z.array(z.string()),
  sides: z.array(z.array(z.string())),
  /** Pairs that both answer and do not see each other. */
  pairs: z.array(z.tuple([z.string(), z.string()])),
  /** Configured nodes that gave no answer. */
  unseen: z.array(z.string()).optional(),
});
type Facts = z.infer<typeof facts>;

export const linkDown = defineRunbook<Facts>({
  id: 'link-down',
  title: 'Link between nodes is down',
  summary:
    'The nodes answer, but their views differ: they do not reach each other. There is nothing to repair on the broker ' +
    'while the link is down; the runbook shows which nodes see each other and watches for a split afterwards.',
  handbook: ['D20'],
  mutes: symptomsOfNetwork,
  confirmSweeps: 2,
  facts,
  // `partitions` stays empty until the link is back; then the split is another trouble, with a repair.
  detect: (now) => {
    const { snapshot } = now;
    const pairs = disagreements(snapshot);
    if (pairs.length === 0 || partitionsSeen(snapshot).size > 0) {
      return [];
    }
    // A node that has just started is on its way into the others' views: no link is down for that.
    if (pairs.every((pair) => pair.some((name) => hasJustStarted(now, name)))) {
      return [];
    }
    const sides = membersOfSides(snapshot);
    const nodes = [...configured(snapshot)];
    const unseen = silentNodes(snapshot);
    return [
      {
        key: 'network',
        subject: typed(nodes, sides.length > 1 ? sides.slice(1).flat() : [...new Set(pairs.flat())]),
        severity: 'critical',
        facts: {
          nodes,
          sides: sides.map((side) => [...side]),
          pairs: pairs.map(([one, other]) => [one, other] as [string, string]),
          ...(unseen.length === 0 ? {} : { unseen: [...unseen] }),
        },
      },
    ];
  },
  isOver: (snapshot) => isConnected(snapshot),
  unread: ({ unseen = [] }) => unseen,
  headline: ({ nodes, sides }) => {
    const short = shortNames(nodes);
    const names = sides.map((side) => side.map(short).join('+'));
    return fitting(
      names.length === 2
        ? `link down, ${names[1]} does not reach ${names[0]}`
        : `links down between ${names.join(', ')}`,
      `links down, the cluster is in ${sides.length} parts`,
    );
  },
  card: ({ nodes, sides, pairs, unseen = [] }) => {
    const short = shortNames(nodes);
    return [
      { label: 'See each other', value: sides.map((side) => side.map(short).join(', ')).join(' | ') },
      { label: 'No link', value: pairs.map(([one, other]) => `${short(one)} - ${short(other)}`).join(', ') },
      {
        label: 'Down',
        value:
          unseen.length === 0
            ? 'none: every node answers'
            : `not known: I cannot read ${listed(unseen.map(short))}`,
      },
      { label: 'Next', value: 'fix the network; restarting nodes does not help' },
    ];
  },
  lost: () => [],
  undo: 'There is nothing to undo: this runbook changes nothing.',
  steps: [
    {
      kind: 'inspect',
      id: 'views',
      title: () => 'Ask every node which nodes it sees',
      show: ({ now }) => ({
        title: 'Which nodes see each other',
        lines: [
          ...matrix(now.snapshot),
          'Nodes talk through port 4369 (epmd) and their distribution port, 25672 by default.',
        ],
      }),
    },
    {
      kind: 'decide',
      id: 'wait-for-link',
      title: () => 'Is there anything to repair on the broker?',
      decide: ({ now }) => {
        const short = shortNames(configured(now.snapshot));
        const pairs = disagreements(now.snapshot);
        if (partitionsSeen(now.snapshot).size > 0) {
          return {
            go: false,
            because: 'The link is back, but the nodes still run apart: diagnose the network split.',
          };
        }
        if (pairs.length === 0) {
          return { go: false, because: 'The views agree again.' };
        }
        const links = pairs.map(([one, other]) => `${short(one)} - ${short(other)}`).join(', ');
        return {
          go: false,
          because: `There is nothing to repair on the broker while ${pairs.length === 1 ? 'this link is' : 'these links are'} down: ${links}. I keep watching, and look for a split when the nodes are connected again.`,
        };
      },
    },
  ],
});
