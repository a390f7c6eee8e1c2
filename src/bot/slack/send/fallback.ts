import type { KnownBlock } from '../../ports/slack-blocks.ts';
import { SlackRefused } from '../../ports/slack-errors.ts';
import { plain } from '../message/blocks.ts';
import { limits } from '../message/limits.ts';

interface Message {
  readonly text: string;
  readonly blocks?: readonly KnownBlock[];
}

/** Slack's words for "I do not take these blocks". */
const blocksRefused = new Set([
  'invalid_blocks',
  'invalid_blocks_format',
  'msg_blocks_too_long',
  'msg_too_long',
  'invalid_arguments',
]);

/**
 * Sends a message, and a plainer one when Slack refuses its blocks: as it is, then a plain section that keeps the buttons,
 * then the text alone. An alert is never lost over its looks.
 */
export async function withFallback<T, M extends Message>(
  message: M,
  send: (message: M) => Promise<T>,
): Promise<T> {
  const rungs: readonly M[] = [message, ...plainerVersions(message)];
  let refusal: unknown;
  for (const rung of rungs) {
    try {
      return await send(rung);
    } catch (error) {
      if (!(error instanceof SlackRefused && blocksRefused.has(error.code))) {
        throw error;
      }
      refusal = error;
    }
  }
  throw refusal;
}

function plainerVersions<M extends Message>(message: M): readonly M[] {
  if (message.blocks === undefined || message.blocks.length === 0) {
    return [];
  }
  const buttons = message.blocks.filter((block) => block.type === 'actions');
  const { blocks: _blocks, ...rest } = message;
  return [
    {
      ...message,
      blocks: [{ type: 'section', text: plain(unescaped(message.text), limits.sectionText) }, ...buttons],
    },
    // The same message without its blocks.
    rest as M,
  ];
}

const unescaped = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
