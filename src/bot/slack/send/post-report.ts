import type { SlackPort } from '../../ports/slack.ts';
import { visible } from '../../wording/text.ts';
import { mrkdwn, notification } from '../message/blocks.ts';
import { escapeControl } from '../message/escape.ts';

/** Below what Slack takes for a section's text, with room for the fence. */
const PIECE = 2_800;

/** Posts a Markdown text into a thread, as it is, in as many messages as it takes. Answers with their number. */
export async function postReport(
  port: Pick<SlackPort, 'postMessage'>,
  place: { readonly channel: string; readonly ts: string },
  markdown: string,
): Promise<number> {
  const pieces = piecesOf(markdown, PIECE);
  for (const [index, piece] of pieces.entries()) {
    await port.postMessage({
      channel: place.channel,
      threadTs: place.ts,
      text: notification(`Report, part ${index + 1} of ${pieces.length}.`),
      blocks: [{ type: 'section', text: mrkdwn(`\`\`\`\n${piece}\n\`\`\``) }],
      urgency: 'progress',
    });
  }
  return pieces.length;
}

/** Cut between lines; a line that is too long by itself is cut where it must be. */
export function piecesOf(text: string, size: number): readonly string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const line of text
    .trimEnd()
    .split('\n')
    .flatMap((one) => cut(one, size))) {
    if (piece !== '' && piece.length + line.length + 1 > size) {
      pieces.push(piece);
      piece = '';
    }
    piece = piece === '' ? line : `${piece}\n${line}`;
  }
  return [...pieces, piece];
}

function cut(line: string, size: number): readonly string[] {
  // An escaped character takes up to five: cut before escaping, never through one.
  const most = Math.floor(size / 5);
  if (line.length <= most) {
    return [shown(line)];
  }
  return [shown(line.slice(0, most)), ...cut(line.slice(most), size)];
}

/** Nothing formats inside a fence; only what would end it has to give way. */
const shown = (line: string): string => escapeControl(visible(line).replaceAll('```', 'ˋˋˋ'));
