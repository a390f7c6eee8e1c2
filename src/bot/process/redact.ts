const KEYS = 'password|passwd|passphrase|secret|token|authorization';
// Inside a line of the log a text is JSON within JSON: its quotes come with a backslash.
const QUOTE = String.raw`\\?["']`;

// To its end, or as far as it looks like one when it was cut short. In a line of the log its line ends are escaped.
const KEY_TEXT = String.raw`(?:[\w+/=\s:,.-]|\\[nr])*`;
const PRIVATE_KEY = new RegExp(
  `-----BEGIN [A-Z ]*PRIVATE KEY-----(?:${KEY_TEXT}?-----END [A-Z ]*PRIVATE KEY-----|${KEY_TEXT})`,
  'g',
);

type Pattern = readonly [RegExp, string];

const SHAPES: readonly Pattern[] = [
  // scheme://user:…@host, also without a user; up to the last @, because a password may hold one. The word itself stands in
  // our own examples of how such a URL is written. Of the scheme only the last letter is looked at: a search for its
  // beginning takes the square of the length of a text that is one long word.
  [/(?<=[a-z0-9+.-])(:\/\/[^\s:/@"']*):(?!password@)[^\s/"']*@/gi, '$1:…@'],
  [/\b(xox[a-z]|xapp)-[A-Za-z0-9-]+/g, '$1-…'],
  [PRIVATE_KEY, '-----BEGIN PRIVATE KEY-----…'],
];

const LABELLED: readonly Pattern[] = [
  // "key": "value", as JSON has it; numbers and objects are no secrets, and the line must stay JSON.
  [new RegExp(String.raw`\b(${KEYS})(${QUOTE}\s*:\s*${QUOTE})[^"'\\]+`, 'gi'), '$1$2…'],
  [new RegExp(String.raw`\b(${KEYS})(:\s+)((?:basic|bearer)\s+)?[^\s"'\\,;{[]+`, 'gi'), '$1$2…'],
  [new RegExp(String.raw`\b(${KEYS})=[^\s"'\\,;&]+`, 'gi'), '$1=…'],
];

/** A shorter one would blank out words that are none. */
const SHORTEST = 6;
/** The secrets of the configuration in every form in which a library may repeat them, the longest first. */
let known: readonly string[] = [];

/**
 * From here on these are taken out of every text, whatever stands around them. The one thing in the process that is shared by
 * all: a text may leave it in many ways, and each of them must know.
 */
export function learnSecrets(secrets: readonly string[]): void {
  const forms = secrets.filter(({ length }) => length >= SHORTEST).flatMap(formsOf);
  known = [...new Set([...known, ...forms])].toSorted((one, other) => other.length - one.length);
}

const formsOf = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  // As Slack and HTML want it.
  secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  Buffer.from(secret).toString('base64'),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(secret).toString('base64url'),
];

const replaceAll = (text: string, patterns: readonly Pattern[]): string =>
  patterns.reduce((current, [pattern, instead]) => current.replace(pattern, instead), text);

/** Takes out what surely is a secret, and nothing else: for texts that people wrote, with words such as "token:" in them. */
export const redactKnown = (text: string): string =>
  replaceAll(
    known.reduce((current, secret) => current.replaceAll(secret, '…'), text),
    SHAPES,
  );

/** Takes passwords and tokens out of a text that leaves the process: logs, errors, messages. */
export const redact = (text: string): string => replaceAll(redactKnown(text), LABELLED);

/** Read beyond what is shown of a long text, because what is taken out makes it shorter. */
const BEYOND = 8_192;
/** A secret of a known shape is shorter than this, as a rule. */
const LONGEST_SHAPE = 1_024;
/** A URL whose end was cut off: whether a password stands in it cannot be told. */
const OPEN_URL = /:\/\/[^\s/"']*$/;

/**
 * The beginning of a text that may be of any length: at most `max` characters, no secret and no half of one in them. Redacting
 * comes first, because half a secret is not known as one.
 */
export function redactStart(text: string, max: number): string {
  const longest = Math.max(known[0]?.length ?? 0, LONGEST_SHAPE);
  const readable = max + longest + BEYOND;
  if (text.length <= readable) {
    return redact(text).slice(0, max);
  }
  const clean = redact(text.slice(0, readable).replace(OPEN_URL, '://…'));
  // Half a secret may stand at the end of what was read.
  return clean.slice(0, Math.max(0, clean.length - longest)).slice(0, max);
}

/** What Slack gives back or compares: it must stay as it is, and is made of ids. */
const EXACT: ReadonlySet<string> = new Set([
  'type',
  'action_id',
  'block_id',
  'callback_id',
  'external_id',
  'view_id',
  'trigger_id',
  'channel',
  'user',
  'ts',
  'thread_ts',
  'hash',
  'value',
  'private_metadata',
]);

/** The same for every text in a payload of Slack, whatever its key; the ids in it stay. */
export function redactTexts<Payload>(payload: Payload): Payload {
  // A payload is JSON by its nature: the same value comes back with other texts in it.
  return JSON.parse(
    JSON.stringify(payload, (key, value: unknown) =>
      typeof value === 'string' && !EXACT.has(key) ? redact(value) : value,
    ),
  ) as Payload;
}
