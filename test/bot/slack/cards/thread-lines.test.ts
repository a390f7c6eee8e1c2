import { expect, test } from 'vitest';
import { threadLines } from '../../../../src/bot/slack/cards/thread-lines.ts';
import { ALICE } from '../../fakes/world.ts';
import { problemsOfMessage } from '../block-problems.ts';
import { readAloud } from '../read-aloud.ts';

const nowMs = Date.UTC(2026, 10, 22, 3, 10, 0);
const names = new Map([[ALICE, 'Alice Anderson']]);

test('lines go together, ten at most, and one for the whole channel stands alone', () => {
  const entries = Array.from({ length: 25 }, (_, index) => ({
    atMs: nowMs,
    text: `Line ${index}.`,
    ...(index === 12 ? { broadcast: true } : {}),
  }));
  const batches = threadLines(entries, names, nowMs);
  expect(batches.map(({ lines, broadcast }) => `${lines}${broadcast ? ' broadcast' : ''}`)).toEqual([
    '10',
    '2',
    '1 broadcast',
    '10',
    '2',
  ]);
  expect(batches.flatMap(({ message }) => problemsOfMessage(message))).toEqual([]);
});

test('a line that comes late says when it happened, and people have names', () => {
  const [batch] = threadLines(
    [{ atMs: nowMs - 60_000, text: `${ALICE} asked about <!here>.` }],
    names,
    nowMs,
  );
  expect(batch?.message.text).toBe('Alice Anderson asked about &lt;!here&gt;.');
  expect(readAloud(batch?.message.blocks ?? [])).toBe(
    '<!date^1795316940^{time_secs}|03:09:00 UTC> Alice Anderson asked about &lt;!here&gt;.',
  );
});

test('long late lines share what Slack allows', () => {
  const entries = Array.from({ length: 10 }, () => ({ atMs: 0, text: '&'.repeat(1_000) }));
  const batches = threadLines(entries, names, nowMs);
  expect(batches.flatMap(({ message }) => problemsOfMessage(message))).toEqual([]);
});
