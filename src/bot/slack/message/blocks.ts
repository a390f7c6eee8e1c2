import { createHash } from 'node:crypto';
import { definite } from '../../../rpc/index.ts';
import type {
  ActionsBlock,
  Button,
  ContextBlock,
  HeaderBlock,
  KnownBlock,
  MrkdwnElement,
  PlainTextElement,
  SectionBlock,
} from '../../ports/slack-blocks.ts';
import { redact } from '../../process/redact.ts';
import { clip, visible } from '../../wording/text.ts';
import { counted, utcMoment, utcTime } from '../../wording/words.ts';
import { literal } from './escape.ts';
import { limits } from './limits.ts';

/** A message as Slack takes it: `text` is the push notification and what a screen reader says. */
export interface Rendered {
  readonly text: string;
  readonly blocks: readonly KnownBlock[];
}

/** Text that Slack shows as it is, without emoji or markup: for everything that has a name from outside in it. */
export function plain(text: string, max: number): PlainTextElement {
  const shown = clip(visible(redact(text)), max);
  return { type: 'plain_text', text: shown === '' ? '-' : shown, emoji: false };
}

/** Markup of our own making. Whatever comes from outside must have passed `literal` before. */
export function mrkdwn(text: string): MrkdwnElement {
  return { type: 'mrkdwn', text, verbatim: true };
}

/** The `text` of a message: one line, escaped, never interpreted. */
export function notification(text: string): string {
  return literal(text.trim(), 1_000);
}

export function header(text: string): HeaderBlock {
  return { type: 'header', text: plain(text, limits.header) };
}

export function plainSection(text: string): SectionBlock {
  return { type: 'section', text: plain(text, limits.sectionText) };
}

/** A bold title of ours over lines of plain text; what does not fit is counted, not silently lost. */
export function linesSection(title: string | undefined, lines: readonly string[]): SectionBlock {
  const head = title === undefined ? [] : [`*${literal(redact(title).replaceAll('*', '∗'), 300)}*`];
  const shown = lines.map((line) => literal(line, 600));
  const all = [...head, ...shown];
  let kept = all.length;
  const body = (count: number): string => {
    const left = all.length - count;
    return [...all.slice(0, count), ...(left === 0 ? [] : [`… and ${counted(left, 'more line')}`])].join(
      '\n',
    );
  };
  while (kept > 1 && body(kept).length > limits.sectionText) {
    kept -= 1;
  }
  return { type: 'section', text: mrkdwn(body(kept) || '-') };
}

/** Labels and values side by side; at most five pairs. */
export function pairs(rows: readonly { readonly label: string; readonly value: string }[]): SectionBlock {
  return {
    type: 'section',
    fields: rows
      .slice(0, limits.fields / 2)
      .flatMap(({ label, value }) => [
        mrkdwn(`*${literal(redact(label).replaceAll('*', '∗'), 200)}*`),
        plain(value, 300),
      ]),
  };
}

/** The first block's id is what a message is found by, after its answer was lost. */
export const withId = ([first, ...rest]: readonly KnownBlock[], id: string): readonly KnownBlock[] =>
  first === undefined ? [] : [{ ...first, block_id: clip(id, limits.blockId) }, ...rest];

/** An updated message wants new block ids; the same content keeps the same ones, so that nothing is sent for nothing. */
export const versionOf = (...shown: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(shown)).digest('hex').slice(0, 8);

export function context(elements: readonly (MrkdwnElement | PlainTextElement)[]): ContextBlock {
  return { type: 'context', elements: elements.slice(0, limits.contextElements) };
}

export function small(text: string): PlainTextElement {
  return plain(text, 300);
}

export function actions(blockId: string, buttons: readonly Button[]): ActionsBlock {
  return { type: 'actions', block_id: clip(blockId, limits.blockId), elements: [...buttons] };
}

/** `value` holds ids only: what is to be done is read from the store at the click. */
export function button(actionId: string, text: string, value: string, style?: 'primary' | 'danger'): Button {
  return {
    type: 'button',
    action_id: actionId,
    text: plain(text, limits.buttonText),
    value,
    ...definite({ style }),
  };
}

/** The same button, which asks once more before it does anything. */
export const asking = (
  asked: Button,
  {
    title,
    text,
    yes,
    no,
  }: { readonly title: string; readonly text: string; readonly yes: string; readonly no: string },
): Button => ({
  ...asked,
  confirm: {
    title: plain(title, limits.confirmTitle),
    text: plain(text, limits.confirmText),
    confirm: plain(yes, limits.confirmButton),
    deny: plain(no, limits.confirmButton),
    style: 'danger',
  },
});

/** A moment in the reader's own time zone, with UTC for a client that cannot. */
export function moment(atMs: number, format = '{time_secs}'): string {
  const seconds = Math.floor(atMs / 1000);
  const fallback = format.includes('date') ? utcMoment(atMs) : utcTime(atMs);
  return `<!date^${seconds}^${format}|${fallback}>`;
}
