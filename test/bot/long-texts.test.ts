import { describe, expect, test } from 'vitest';
import { redact } from '../../src/bot/process/redact.ts';
import { code, literal } from '../../src/bot/slack/message/escape.ts';
import { adaptTo } from '../../src/bot/slack/send/local-slack.ts';
import { sentence } from '../../src/bot/wording/words.ts';
import { stringifyJson, redact as withoutSecrets } from '../../src/rpc/index.ts';
import { parseJson } from '../../src/rpc/wire/json/tolerant-json.ts';
import { partitionHandlingIn } from '../../src/runbooks/collect/look.ts';
import { parseQueueName } from '../../src/runbooks/snapshot/families.ts';

/*
 * What comes from outside may be of any length and made to take long: one message on a tapped exchange must not hold up the whole
 * bot. No time is measured. A pattern that takes the square of the length takes minutes for these, and the test runs out of time.
 */

const LENGTH = 200_000;

/** What a pattern begins with, again and again, so that it is tried at every place and fails at the end of each. */
const units = [
  'deadbeef12',
  'a:',
  'a://',
  'a://a:',
  '://:',
  'xoxb-',
  '-----BEGIN ',
  '-----BEGIN A',
  '-----BEGIN PRIVATE KEY-----',
  '-----BEGIN PRIVATE KEY-----{',
  '-----END PRIVATE KEY',
  'A ',
  'token ',
  'token: ',
  'token:bearer ',
  'token" ',
  'token":',
  'token=',
  'password=&',
  '_',
  '_a',
  ' _',
  '*',
  '.',
  ' ',
  '\n',
  ':a',
  ':1',
  '&',
  '<',
  '<!date^1^|',
  '<!date^1^',
  '{ok,',
  '{ok, ',
  '\\',
  '"',
  '\\"',
];
const long = (unit: string, end: string): string => unit.repeat(Math.ceil(LENGTH / unit.length)) + end;

const readers: readonly (readonly [string, (text: string) => unknown])[] = [
  ['what takes secrets out', redact],
  ['what takes the values of secret keys out', (text) => withoutSecrets({ [text]: [{ [text]: text }] })],
  ['what makes a text harmless', literal],
  ['what makes a command line harmless', code],
  ['what ends a sentence', sentence],
  ['what writes times out', (text) => adaptTo('http://127.0.0.1/')({ text })],
  [
    'what reads and writes JSON with long numbers',
    (text) => stringifyJson(parseJson(`[${JSON.stringify(text)},12345678901234567890]`)),
  ],
  [
    'what reads the answer of a node',
    (text) => [partitionHandlingIn(text), partitionHandlingIn(`{ok,${text}`)],
  ],
];

describe('a text of any length takes its length to read', () => {
  test.each(readers)('by %s', (_what, read) => {
    for (const unit of units) {
      for (const end of ['', '"', 'x\n']) {
        expect(() => read(long(unit, end))).not.toThrow();
      }
    }
  });

  test('by what reads a number of any length', () => {
    expect(String(parseJson('1'.repeat(LENGTH)))).toHaveLength(LENGTH);
  });

  test('by what tells queues apart by their names', () => {
    const names = ['_fanout_:', ':', 'a:', '_fanout_a:'].map((unit) => unit.repeat(28));
    for (let many = 0; many < 20_000; many += 1) {
      for (const name of names) {
        parseQueueName(`${name}x`);
      }
    }
    expect(parseQueueName('compute_fanout_ctl1:nova-compute:3')).toEqual({
      kind: 'fanout',
      family: 'compute_fanout',
      topic: 'compute',
      host: 'ctl1',
    });
  });
});
