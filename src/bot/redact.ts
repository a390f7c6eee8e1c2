const KEYS = 'password|passwd|passphrase|secret|token|authorization';
// Inside a line of the log a text is JSON within JSON: its quotes come with a backslash.
const QUOTE = String.raw`\\?["']`;

// To its end, or as far as it looks like one when it was cut short. In a line of the log its line ends are escaped.
const KEY_TEXT = String.raw`(?:[\w+/=\s:,.-]|\\[nr])*`;
const PRIVATE_KEY = new RegExp(
  `-----BEGIN [A-Z ]*PRIVATE KEY-----(?:${KEY_TEXT}?-----END [A-Z ]*PRIVATE KEY-----|${KEY_TEXT})`,
  'g',
);

const SECRETS: readonly (readonly [RegExp, string])[] = [
  // scheme://user:password@host, also without a user; up to the last @, because a password may hold one.
  [/([a-z][a-z0-9+.-]*:\/\/[^\s:/@"']*):[^\s/"']*@/gi, '$1:…@'],
  [/\b(xox[a-z]|xapp)-[A-Za-z0-9-]+/g, '$1-…'],
  [PRIVATE_KEY, '-----BEGIN PRIVATE KEY-----…'],
  // "key": "value", as JSON has it; numbers and objects are no secrets, and the line must stay JSON.
  [new RegExp(String.raw`\b(${KEYS})(${QUOTE}\s*:\s*${QUOTE})[^"'\\]+`, 'gi'), '$1$2…'],
  [new RegExp(String.raw`\b(${KEYS})(:\s+)((?:basic|bearer)\s+)?[^\s"'\\,;{[]+`, 'gi'), '$1$2…'],
  [new RegExp(String.raw`\b(${KEYS})=[^\s"'\\,;&]+`, 'gi'), '$1=…'],
];

/** Takes passwords and tokens out of a text that leaves the process: logs, errors, messages. */
export const redact = (text: string): string =>
  SECRETS.reduce((current, [pattern, instead]) => current.replace(pattern, instead), text);
