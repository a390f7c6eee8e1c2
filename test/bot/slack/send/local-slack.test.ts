import { expect, test } from 'vitest';
import { adaptTo } from '../../../../src/bot/slack/send/local-slack.ts';

const message = {
  text: 'queue &lt;@U0ALICE&gt; &amp; more',
  blocks: [
    { type: 'section', text: { type: 'mrkdwn', text: 'since <!date^1795316400^{time_secs}|03:00:00 UTC>' } },
    { type: 'section', text: { type: 'plain_text', text: 'a &lt; b' } },
  ],
};

test('for Slack itself nothing is changed', () => {
  expect(adaptTo('https://slack.com/api/')(message)).toEqual(message);
  expect(adaptTo('https://prod-a.slack.com/api/')(message)).toEqual(message);
});

test('for a stand-in times are written out and markup is undone without waking mentions', () => {
  const adapted = adaptTo('http://127.0.0.1:3000/api/')(message);
  expect(adapted.text).toBe('queue <\u2060@U0ALICE> & more');
  expect(adapted.blocks[0]?.text.text).toBe('since 03:00:00 UTC');
  expect(adapted.blocks[1]?.text.text).toBe('a &lt; b');
});

test('a host that only looks like Slack is not Slack', () => {
  expect(adaptTo('https://notslack.com/api/')(message)).not.toBe(message);
});

test('a command can be copied from a stand-in, and wakes no mention there either', () => {
  const { text } = adaptTo('http://127.0.0.1:3000/api/')({
    text: '`export &lt;file&gt;` of &lt;x&gt;, `a &lt;!channel&gt;`',
  });
  expect(text).toBe('`export <file>` of <\u2060x>, `a <\u2060!channel>`');
});
