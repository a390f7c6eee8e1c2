import { redactTexts } from '../../process/redact.ts';
import { utcMoment, utcTime } from '../../wording/words.ts';

const dateToken = /<!date\^(\d+)\^([^|<>]*)\|[^<>]*>/g;

/** Invisible character after a `<`, so that the local Slack does not read a mention or a link into it. */
const WORD_JOINER = '\u2060';

/** In code nothing is read into a `<` that is neither a mention's nor a link's: there it stays as it is, and can be copied. */
const codeSpan = /(`(?:(?!&lt;[!@#]|&lt;\w+:)[^`\n])+`)/;

/** Makes a payload fit for whoever is at the other end. */
export type Adapt = <Payload>(payload: Payload) => Payload;

/** Slack itself: only there does a choice in an open window reach us at once. */
export const isSlack = (apiUrl: string): boolean => /(^|\.)slack\.com$/.test(new URL(apiUrl).hostname);

/**
 * Slack shows `<!date^…>` in each reader's own time zone and undoes the escaping of `&`, `<` and `>`. Its stand-ins do neither:
 * for them times are written out in UTC, and the escaping is undone here. For both, secrets are taken out of every text.
 */
export function adaptTo(apiUrl: string): Adapt {
  return isSlack(apiUrl) ? redactTexts : (payload) => adapt(redactTexts(payload));
}

function adapt<Payload>(payload: Payload): Payload {
  // A payload is JSON by its nature: the same value comes back with other texts in it.
  return JSON.parse(
    JSON.stringify(payload),
    function (this: { readonly type?: unknown }, key, value: unknown) {
      const isMarkup = key === 'text' && this.type !== 'plain_text';
      return typeof value === 'string' && isMarkup ? readable(value) : value;
    },
  ) as Payload;
}

function readable(text: string): string {
  return text
    .replace(dateToken, (_token, seconds: string, format: string) => written(Number(seconds), format))
    .split(codeSpan)
    .map((part) => part.replaceAll('&lt;', part.startsWith('`') ? '<' : `<${WORD_JOINER}`))
    .join('')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function written(seconds: number, format: string): string {
  const at = new Date(seconds * 1000);
  return format.includes('date') ? utcMoment(at.getTime()) : utcTime(at.getTime());
}
