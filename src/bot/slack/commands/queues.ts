import { counted } from '../../wording/words.ts';
import {
  context as contextBlock,
  header,
  linesSection,
  moment,
  mrkdwn,
  notification,
} from '../message/blocks.ts';
import type { Command, Reply } from './common/command.ts';
import { unknown } from './common/unknown.ts';

/** `/rabbit queues`: the fullest queues of each cluster. */
export const queues: Command = {
  verb: 'queues',
  usage: 'queues [cluster]',
  summary: 'The fullest queues, and how many consumers each has.',
  takes: 1,
  async run({ listener, words: [wanted] }): Promise<Reply> {
    const { context } = listener.transitions;
    const names = [...context.clusters.keys()].filter((name) => wanted === undefined || name === wanted);
    if (names.length === 0) {
      return unknown('cluster', wanted ?? '', [...context.clusters.keys()]);
    }
    const parts = await Promise.all(
      names.map(async (name) => ({ name, memory: await context.stores.memory.get(name) })),
    );
    return {
      text: notification(parts.map(({ name }) => `The fullest queues of ${name}.`).join(' ')),
      blocks: parts.flatMap(({ name, memory }) => {
        const summary = memory?.summary;
        const lines = (summary?.fullest ?? []).map(
          ({ vhost, name: queue, ready, consumers }) =>
            `${counted(ready, 'message')}, ${consumers === undefined ? 'consumers unknown' : counted(consumers, 'consumer')}: ${queue}${vhost === '/' ? '' : ` (vhost ${vhost})`}`,
        );
        const nothing = summary === undefined ? 'Not swept yet.' : 'No queue holds a message.';
        return [
          header(`${name}: the fullest queues`),
          linesSection(undefined, lines.length === 0 ? [nothing] : lines),
          ...(summary === undefined
            ? []
            : [contextBlock([mrkdwn(`As seen at ${moment(summary.takenAtMs)}.`)])]),
        ];
      }),
    };
  },
};
