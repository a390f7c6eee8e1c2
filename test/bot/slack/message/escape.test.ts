import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linesSection, plainSection } from '../../../../src/bot/slack/message/blocks.ts';
import { literal, ownWords } from '../../../../src/bot/slack/message/escape.ts';
import { clip, visible } from '../../../../src/bot/wording/text.ts';
import { problemsOfMessage } from '../block-problems.ts';

describe('text from outside', () => {
  test.each([
    ['a mention of everybody', '<!channel>', '&lt;!channel&gt;'],
    ['a link', '<https://evil.example|conductor>', '&lt;https://evil.example|conductor&gt;'],
    ['an entity', 'a &lt; b', 'a &amp;lt; b'],
    ['bold', '*gone*', '∗gone∗'],
    ['a single star', '5 * 3', '5 * 3'],
    ['struck through', '~gone~', '∼gone∼'],
    ['code', '`rm`', 'ˋrmˋ'],
    ['italic', '_gone_', 'ˍgoneˍ'],
    ['the underscores of a queue name', 'cinder-scheduler_fanout_4f0c', 'cinder-scheduler_fanout_4f0c'],
    ['an emoji', 'all :smile: here', 'all ∶smile∶ here'],
    ['the emoji that are numbers', 'q:100:x', 'q∶100∶x'],
    ['a client name, which people copy', 'nova-compute:4242:77aa', 'nova-compute:4242:77aa'],
    ['a quote', '> not a quote', '&gt; not a quote'.replace('&gt;', '›')],
    ['non-ASCII', 'größe-キュー', 'größe-キュー'],
    ['a right-to-left override', 'abc\u202Egpj', 'abc\\u{202e}gpj'],
    ['a zero-width space', 'con\u200Bductor', 'con\\u{200b}ductor'],
    ['control characters', 'a\u0000b\tc\u001b[31m', 'a\\u{0}b\\u{9}c\\u{1b}[31m'],
    ['a line feed', 'a\nb', 'a\\nb'],
    ['half a character', 'a\ud83d', 'a\\u{d83d}'],
  ])('%s is shown literally', (_what, text, shown) => {
    expect(literal(text)).toBe(shown);
  });

  test('is cut between characters, never through one', () => {
    expect(clip('🐇🐇🐇', 5)).toBe('🐇🐇…');
    expect(clip('🐇🐇🐇', 4)).toBe('🐇…');
    expect(clip('rabbit', 6)).toBe('rabbit');
  });

  test('is cut before an entity, never through one', () => {
    expect(literal('&&&&', 12)).toBe('&amp;&amp;…');
  });

  test('whatever it is, never leaves a control character of Slack in a message, and fits', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 5_000 }),
        fc.integer({ min: 2, max: 3_000 }),
        (text, max) => {
          const shown = literal(text, max);
          expect(shown.length).toBeLessThanOrEqual(max);
          expect(shown).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
          expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        },
      ),
    );
  });

  test('whatever it is, makes blocks that Slack takes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 400 }), { maxLength: 60 }), (lines) => {
        const blocks = [linesSection('Evidence', lines), plainSection(lines.join(' '))];
        expect(problemsOfMessage({ text: 'something', blocks })).toEqual([]);
      }),
    );
  });

  test('that does not fit is counted, not silently lost', () => {
    const lines = Array.from({ length: 50 }, (_, index) => `${index} ${'x'.repeat(200)}`);
    const { text } = linesSection('Evidence', lines);
    expect(text?.text).toMatch(/\n… and 36 more lines$/);
  });
});

test('our own words keep their code, to be copied as it is; nothing else in them formats', () => {
  expect(ownWords('*No*. Save it: `rabbitmqctl -n <node> export_definitions <file>`.')).toBe(
    '∗No∗. Save it: `rabbitmqctl -n &lt;node&gt; export_definitions &lt;file&gt;`.',
  );
  expect(ownWords('a single ` stays')).toBe('a single ` stays');
});
