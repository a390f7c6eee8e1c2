import { header, linesSection, notification } from '../blocks.ts';
import type { Command, Reply } from './command.ts';

/** What the bot knows how to treat. */
export const runbooks: Command = {
  verb: 'runbooks',
  usage: 'runbooks',
  summary: 'What I watch for, and what I can do about it.',
  async run({ lobby }): Promise<Reply> {
    const { book } = lobby.counter.context;
    return {
      text: notification(`Runbooks: ${book.map(({ id }) => id).join(', ')}.`),
      blocks: [
        header('Runbooks'),
        ...book.slice(0, 40).map(({ id, title, summary }) => linesSection(`${title} (${id})`, [summary])),
      ],
    };
  },
};
