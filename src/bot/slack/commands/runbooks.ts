import type { Runbook } from '../../../runbooks/index.ts';
import { nearest } from '../../config/nearest.ts';
import { header, linesSection, notification } from '../blocks.ts';
import { type Command, type Reply, say } from './command.ts';

/** What the bot knows how to treat. */
export const runbooks: Command = {
  verb: 'runbooks',
  usage: 'runbooks [name]',
  summary: 'What I watch for, and what I can do about it.',
  takes: 1,
  async run({ lobby, words: [wanted] }): Promise<Reply> {
    const { book } = lobby.counter.context;
    if (wanted !== undefined) return one(book, wanted.toLowerCase());
    return {
      text: notification(`Runbooks: ${book.map(({ id }) => id).join(', ')}.`),
      blocks: [
        header('Runbooks'),
        ...book.slice(0, 40).map(({ id, title, summary }) => linesSection(`${title} (${id})`, [summary])),
      ],
    };
  },
};

function one(book: readonly Runbook[], wanted: string): Reply {
  const found = book.find(({ id }) => id === wanted);
  if (found === undefined) {
    const ids = book.map(({ id }) => id);
    const near = nearest(wanted, ids);
    return say(
      `There is no runbook “${wanted}”. ${near === undefined ? `There is: ${ids.join(', ')}.` : `Did you mean ${near}?`}`,
    );
  }
  const { id, title, summary, confirmSweeps, steps } = found;
  const acts = steps.some(({ kind }) => kind === 'act' || kind === 'manual' || kind === 'each');
  return {
    text: notification(`${title}: ${summary}`),
    blocks: [
      header(`${title} (${id})`),
      linesSection(undefined, [
        summary,
        `Told after ${confirmSweeps === 1 ? 'one sweep' : `${confirmSweeps} sweeps in a row`} that saw it.`,
        acts ? 'A repair is proposed, and wants approval.' : 'It only tells: there is no repair.',
      ]),
    ],
  };
}
