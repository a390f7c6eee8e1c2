import { z } from 'zod';
import { defineRunbook } from '../../runbook.ts';
import { shortNames, typed } from '../../snapshot/names.ts';
import { configured, disagreements, isConnected, partitionsSeen, silentNodes } from '../../snapshot/views.ts';
import { fitting, listed } from '../../wording/words.ts';
import { whoSeesWhom } from '../common/network.ts';
import { isStaleRow } from './stale-rows.ts';

const facts = z.object({
  nodes: z.array(z.string()),
  /** Nodes that were apart a moment ago. */
  apart: z.array(z.string()),
  /** Those of them that are known to have restarted since. */
  restarted: z.array(z.string()),
});
type Facts = z.infer<typeof facts>;

/** Autoheal decides at once and restarts the losers within about five seconds; sweeps are seconds apart. */
const SHORTLY_MS = 120_000;

export const autoheal = defineRunbook<Facts>({
  id: 'autoheal',
  title: 'Autoheal has repaired a split',
  summary:
    'Nodes were apart and are together again, and some of them restarted by themselves: autoheal chose a side, and the ' +
    'other side lost what it had accepted. This is for information: nothing is left to do on the broker.',
  handbook: ['D20', 'D25'],
  mutes: [],
  confirmSweeps: 1,
  facts,
  detect: (now) => {
    const { snapshot, history, settings } = now;
    // Without the operator's word a repair by hand looks the same.
    if (settings.partitionHandling !== 'autoheal') {
      return [];
    }
    if (silentNodes(snapshot).length > 0 || disagreements(snapshot).length > 0) {
      return [];
    }
    if (partitionsSeen(snapshot).size > 0 && !isStaleRow(now)) {
      return [];
    }
    const isRecent = (atMs: number | undefined): boolean =>
      atMs !== undefined && snapshot.takenAtMs - atMs <= SHORTLY_MS;
    const nodes = [...configured(snapshot)];
    const apart = nodes.filter((name) => isRecent(history.nodes[name]?.apartAtMs));
    const restarted = apart.filter((name) => isRecent(history.nodes[name]?.restartedAtMs));
    if (apart.length === 0) {
      return [];
    }
    return [
      { key: 'network', subject: typed(nodes, apart), severity: 'info', facts: { nodes, apart, restarted } },
    ];
  },
  isOver: (snapshot) => isConnected(snapshot),
  headline: ({ nodes, restarted }) => {
    const names = listed(restarted.map(shortNames(nodes)));
    return restarted.length === 0
      ? 'a network split has healed by itself (autoheal)'
      : fitting(
          `a network split has healed by itself, ${names} restarted`,
          'a network split has healed by itself',
        );
  },
  card: ({ nodes, apart, restarted }) => {
    const short = shortNames(nodes);
    return [
      { label: 'Were apart', value: apart.map(short).join(', ') },
      { label: 'Restarted', value: restarted.map(short).join(', ') || 'not known' },
      { label: 'Now', value: 'all nodes see each other' },
      { label: 'Lost', value: 'what the restarted nodes accepted while they were apart' },
    ];
  },
  lost: () => [],
  undo: 'There is nothing to undo: this runbook changes nothing.',
  steps: [
    whoSeesWhom,
    {
      kind: 'decide',
      id: 'nothing-left',
      title: () => 'Is anything left to do?',
      decide: () => ({
        go: false,
        because:
          'The split has healed; nothing is left to do. Autoheal restarted the side with fewer clients: messages and ' +
          'queues that only this side had are lost. Check the services that were connected to it.',
      }),
    },
  ],
});
