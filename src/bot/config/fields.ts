import { z } from 'zod';
import { parseTransportUrl } from '../../rpc/index.ts';
import { durationPattern, parseDuration } from './duration.ts';

/*
 * Kinds of fields that several parts of the configuration have. Every `error` text finishes the sentence "expected …".
 */

/** A text that is not empty. */
export const text = (expected: string) => z.string({ error: expected }).min(1, { error: expected });

const transportUrlExpected = `a transport URL such as rabbit://user:\${file:/path}@10.3.0.44:5672/watership-agents`;
const SHORTEST_KEY = 32;
const keyExpected = `a key of at least ${SHORTEST_KEY} characters (openssl rand -hex 32)`;

/** `15s` and the like, as milliseconds. */
export const duration = (minimumMs: number, example: string) => {
  const expected = `a duration such as ${example}`;
  return z
    .string({ error: expected })
    .regex(durationPattern, { error: expected })
    .transform((value) => parseDuration(value) ?? 0)
    .refine((ms) => ms >= minimumMs, { error: `a duration of at least ${minimumMs} ms` });
};

/** A transport URL with a host in it. */
export const transportUrl = text(transportUrlExpected).refine(isTransportUrl, {
  error: transportUrlExpected,
});

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
    text(keyExpected).refine(({ length }) => length >= SHORTEST_KEY, { error: keyExpected }),
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
export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: values.map((value) => `"${value}"`).join(' or ') });

/** True or false. */
export const yesOrNo = z.boolean({ error: 'true or false' });
/** The words of a command. */
export const command = z
  .array(z.string({ error: 'a word of the command' }), { error: 'a list of words' })
  .min(1);
