import type { Runbook } from '../../../runbooks/index.ts';
import { repairs } from '../../wording/repairs.ts';
import { header, linesSection, notification } from '../message/blocks.ts';
import type { Command, Reply } from './common/command.ts';
import { unknown } from './common/unknown.ts';

/** `/rabbit runbooks`: what the bot detects and how it repairs it. */
export const runbooks: Command = {
  verb: 'runbooks',
  usage: 'runbooks [name]',
  summary: 'What I watch for, and what I can do about it.',
  takes: 1,
  async run({ listener, words: [wanted] }): Promise<Reply> {
    const { book } = listener.transitions.context;
    if (wanted !== undefined) {
      return one(book, wanted.toLowerCase());
    }
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
    return unknown(
      'runbook',
      wanted,
      book.map(({ id }) => id),
    );
  }
  const { id, title, summary, confirmSweeps } = found;
  return {
    text: notification(`${title}: ${summary}`),
    blocks: [
      header(`${title} (${id})`),
      linesSection(undefined, [
        summary,
        `Reported after it was seen in ${confirmSweeps === 1 ? 'one sweep' : `${confirmSweeps} sweeps in a row`}.`,
        repairs(found)
          ? 'It proposes a repair, which needs approval.'
          : 'It only reports; there is no repair.',
      ]),
    ],
  };
}
