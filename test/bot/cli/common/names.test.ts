import { expect, test } from 'vitest';
import { idsIn } from '../../../../src/bot/cli/common/names.ts';

test.each([
  ['U01ALICE approved, 1 of 2.', ['U01ALICE']],
  ['Approved by W012AB3CD and U0DAVE at 02:14 UTC.', ['W012AB3CD', 'U0DAVE']],
  ['The URL was read as UTF8 at 02:14 UTC; see WAL, UUID and USERNAME.', []],
])('Slack ids in “%s” are %j', (text, ids) => {
  expect(idsIn(text)).toEqual(ids);
});
