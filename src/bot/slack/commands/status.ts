import { clusterStatus } from '../cards/cluster-status.ts';
import { notification } from '../message/blocks.ts';
import type { Command, Reply } from './common/command.ts';
import { unknown } from './common/unknown.ts';

/** Summary of each cluster, as the newest sweep saw it. */
export const status: Command = {
  verb: 'status',
  usage: 'status [cluster]',
  summary: 'Each cluster at a glance: nodes, sides, totals, open incidents.',
  takes: 1,
  async run({ listener, words: [wanted] }): Promise<Reply> {
    const { context, people } = listener.transitions;
    const names = [...context.clusters.keys()].filter((name) => wanted === undefined || name === wanted);
    if (names.length === 0) {
      return unknown('cluster', wanted ?? '', [...context.clusters.keys()]);
    }
    const parts = await Promise.all(names.map((name) => clusterStatus(context, people, name)));
    return {
      text: notification(parts.map(({ verdict }) => verdict).join(' ')),
      blocks: parts.flatMap(({ blocks }) => blocks),
    };
  },
};
