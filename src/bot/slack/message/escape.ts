import { redact } from '../../process/redact.ts';
import { visible } from '../../wording/text.ts';

/**
 * Names of queues, connections and hosts come from outside: a queue may be called `<!channel>`. Everything here makes
 * such text harmless and readable: shown as it is, never interpreted.
 */

/** Escapes Slack's three control characters. */
export function escapeControl(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * One line of plain text for a mrkdwn object. Slack has no escape for `*`, `_`, `~`, a backtick or `:emoji:`, so where
 * they would format they are replaced by their look-alikes. Where a name must be exact, use a plain_text object instead.
 */
export function literal(text: string, max = 3_000): string {
  // First: neither an escaped secret nor half of one is known as such.
  const shown = withoutFormatting(visible(redact(text)));
  const escaped = escapeControl(shown);
  if (escaped.length <= max) {
    return escaped;
  }
  // An entity is five characters for one: cut before escaping, never through `&amp;`.
  let kept = '';
  for (const character of shown) {
    const next = escapeControl(character);
    if (kept.length + next.length + 1 > max) {
      break;
    }
    kept += next;
  }
  return `${kept}…`;
}

/** One line between backticks: formatted by nothing; only a backtick itself has to give way. */
export function code(text: string): string {
  return escapeControl(visible(redact(text)).replaceAll('`', 'ˋ'));
}

/**
 * Text of our own making for a mrkdwn object, as the book writes it: what stands between two backticks is code, and can be
 * copied as it is. Only for text that holds no name from outside; such a name goes through `literal`.
 */
export function ownWords(text: string): string {
  return redact(text)
    .split(/(`[^`\n]+`)/)
    .map((part) => (/^`[^`]+`$/.test(part) ? `\`${code(part.slice(1, -1))}\`` : literal(part)))
    .join('');
}

function withoutFormatting(line: string): string {
  let shown = line;
  for (const [mark, lookAlike] of [
    ['*', '∗'],
    ['~', '∼'],
    ['`', 'ˋ'],
  ] as const) {
    if (shown.split(mark).length > 2) {
      shown = shown.replaceAll(mark, lookAlike);
    }
  }
  const opensItalic = /(^|[^\p{L}\p{N}_])_(?=[^\s_])/gu;
  const closesItalic = /(?<=[^\s_])_(?=$|[^\p{L}\p{N}_])/gu;
  if (opensItalic.test(shown) && closesItalic.test(shown)) {
    shown = shown.replace(opensItalic, '$1ˍ').replace(closesItalic, 'ˍ');
  }
  // Of the numbers only two are emoji; `nova-compute:4242:…` stays as it is and can be copied.
  shown = shown.replace(/:(?!(?!(?:100|1234):)\d+:)([\p{L}\p{N}_+'-]+):/gu, '∶$1∶');
  return shown.replace(/^>/, '›');
}
