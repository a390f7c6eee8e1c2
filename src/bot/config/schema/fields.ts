import { z } from 'zod';
import { getTransport, MessagingError, parseTransportUrl } from '../../../rpc/index.ts';
import { isCron } from '../../process/cron.ts';
import { listed, span } from '../../wording/words.ts';
import { durationPattern, parseDuration } from './duration.ts';

/*
 * Kinds of fields that several parts of the configuration have. Every `error` text finishes the sentence "expected …".
 */

/** A text that is not empty. */
export const textField = (expected: string) => z.string({ error: expected }).min(1, { error: expected });

const transportUrlExpected = `a transport URL such as rabbit://user:\${file:/path}@10.3.0.44:5672/watership-agents`;
const SHORTEST_KEY = 32;
const keyExpected = `a key of at least ${SHORTEST_KEY} characters (openssl rand -hex 32)`;

/** `15s` and the like, as milliseconds. */
export const duration = (minimumMs: number, example: string, maximumMs = Number.POSITIVE_INFINITY) => {
  const expected = `a duration such as ${example}`;
  return z
    .string({ error: expected })
    .regex(durationPattern, { error: expected })
    .transform((value) => parseDuration(value) ?? 0)
    .refine((ms) => ms >= minimumMs, { error: `a duration of at least ${span(minimumMs)}` })
    .refine((ms) => ms <= maximumMs, { error: `a duration of at most ${span(maximumMs)}` });
};

/** A transport URL with a host in it. */
export const transportUrl = textField(transportUrlExpected).check(({ value, issues }) => {
  const message = isTransportUrl(value) ? settingsProblem(value) : transportUrlExpected;
  if (message !== undefined) {
    issues.push({ code: 'custom', message, input: value });
  }
});

/** What is wrong with the settings behind the `?`, such as a CA file that is not there. Nothing is connected by it. */
function settingsProblem(value: string): string | undefined {
  try {
    getTransport(value);
    return undefined;
  } catch (error) {
    if (!(error instanceof MessagingError)) {
      throw error;
    }
    return `a transport URL whose settings can be used: ${error.message.replace(/\.$/, '')}`;
  }
}

function isTransportUrl(value: string): boolean {
  try {
    const { transport, hosts } = parseTransportUrl(value);
    return /^(rabbit|amqps?|kombu)$/.test(transport) && hosts.some(({ hostname }) => hostname !== undefined);
  } catch {
    return false;
  }
}

/** Whether somebody's password stands in a URL. */
export const holdsPassword = (value: string): boolean => /:\/\/[^/]*:[^/]*@/.test(value);

/** What the bot and one agent share. Two while it is changed: the first signs, both are good. */
export const keys = z
  .array(
    textField(keyExpected).refine(({ length }) => length >= SHORTEST_KEY, { error: keyExpected }),
    { error: 'a list of one or two keys' },
  )
  .min(1, { error: 'one or two keys' })
  .max(2, { error: 'one or two keys' });

/** A whole number in a range, also in quotes, as the environment gives it. */
export const wholeNumber = (minimum: number, maximum: number) => {
  const expected = `a whole number from ${minimum} to ${maximum}`;
  return z
    .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], { error: expected })
    .refine((value) => Number.isInteger(value) && value >= minimum && value <= maximum, { error: expected });
};

/** A TCP port. */
export const port = wholeNumber(1, 65_535);

/** One of a few words. */
export const oneOfField = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, {
    error: listed(
      values.map((value) => `"${value}"`),
      'or',
    ),
  });

/** True or false. */
export const yesOrNo = z.boolean({ error: 'true or false' });

/** The words of a command. */
export const command = z
  .array(z.string({ error: 'a word of the command' }), { error: 'a list of words' })
  .min(1);

/** A URL of one of these schemes. */
export const url = (schemes: readonly string[], example: string) => {
  const expected = `a URL such as ${example}`;
  return textField(expected).refine((value) => hasScheme(value, schemes), { error: expected });
};

/** An address that is shown to people and stands in logs: who signs in is said beside it. */
export const address = (schemes: readonly string[], example: string) =>
  url(schemes, example).refine((value) => !hasScheme(value, schemes) || !hasUser(value), {
    error: `a URL without a user and a password in it, such as ${example}`,
  });

function hasUser(value: string): boolean {
  const { username, password } = new URL(value);
  return username !== '' || password !== '';
}

function hasScheme(value: string, schemes: readonly string[]): boolean {
  return URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1));
}

/** A pattern as JavaScript reads it, with Unicode. */
export const regularExpression = (example: string) => {
  const expected = `a regular expression such as ${example}`;
  return textField(expected).refine(compiles, { error: expected });
};

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}

/** A channel by its id. */
export const channel = textField('a channel id such as C0ALERTS').regex(/^[A-Z][A-Z0-9_]+$/, {
  error: 'a channel id such as C0ALERTS (Slack shows it at the end of the channel details), not its name',
});

/** A name of our own, which becomes a part of keys and ids. */
export const name = textField('a name of letters, digits, ".", "_" and "-"').regex(
  /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
  {
    error: 'a name of letters, digits, ".", "_" and "-"',
  },
);

/** When something happens again and again. */
export const cron = (example: string) => {
  const expected = `a cron expression such as ${example}`;
  return textField(expected).refine(isCron, { error: expected });
};

const timezoneExpected = 'a time zone such as Europe/Berlin';

/** Whose clock is meant. */
export const timezone = textField(timezoneExpected)
  .refine(isTimezone, { error: timezoneExpected })
  .default('UTC');

function isTimezone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
