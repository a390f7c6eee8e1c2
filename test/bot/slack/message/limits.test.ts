import { describe, expect, test } from 'vitest';
import { problemsOfMessage, problemsOfView } from '../block-problems.ts';

const plain = (text: string) => ({ type: 'plain_text' as const, text });

describe('the limits of Block Kit', () => {
  test('a message within them has no problems', () => {
    expect(
      problemsOfMessage({ text: 'x', blocks: [{ type: 'header', text: plain('x'.repeat(150)) }] }),
    ).toEqual([]);
  });

  test.each([
    ['an empty notification', { text: ' ' }, 'text: it is empty, so the notification says nothing'],
    [
      'a long header',
      { text: 'x', blocks: [{ type: 'header' as const, text: plain('x'.repeat(151)) }] },
      'blocks[0].text: 151 characters, at most 150',
    ],
    [
      'an empty text',
      { text: 'x', blocks: [{ type: 'section' as const, text: plain('') }] },
      'blocks[0].text: empty',
    ],
    [
      'too many blocks',
      { text: 'x', blocks: Array.from({ length: 51 }, () => ({ type: 'divider' as const })) },
      'blocks: 51, at most 50',
    ],
    [
      'a block that not every Slack shows',
      { text: 'x', blocks: [{ type: 'table' as const, rows: [] }] },
      'blocks[0]: a table block is not one that every Slack shows',
    ],
    [
      'the same button twice',
      {
        text: 'x',
        blocks: [
          {
            type: 'actions' as const,
            elements: [
              { type: 'button' as const, action_id: 'a', text: plain('One') },
              { type: 'button' as const, action_id: 'a', text: plain('Two') },
            ],
          },
        ],
      },
      'blocks[0]: two elements have the same action_id',
    ],
  ])('%s is a problem', (_what, message, problem) => {
    expect(problemsOfMessage(message)).toEqual([problem]);
  });

  test('a modal with inputs needs a submit button, and short titles', () => {
    expect(
      problemsOfView({
        type: 'modal',
        title: plain('A title of more than 24 chars'),
        blocks: [
          {
            type: 'input',
            label: plain('Why'),
            element: { type: 'plain_text_input', action_id: 'v' },
          },
        ],
      }),
    ).toEqual(['submit: a modal with inputs needs it', 'title: 29 characters, at most 24']);
  });
});
