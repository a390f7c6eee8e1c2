import { expect, test } from 'vitest';
import { runbooksPage } from '../../../src/bot/cli/runbooks-page.ts';
import { book } from '../../../src/runbooks/index.ts';

test('every runbook has its section on the page of runbooks, and the ones that only tell say so', () => {
  const page = runbooksPage(book);
  for (const { id } of book) {
    expect(page).toContain(`\n## ${id}\n`);
  }
  expect(page).toMatch(/\[link-down\].*no: it reports only/);
  expect(page).toMatch(/\[partition\].*yes, after approval/);
});
