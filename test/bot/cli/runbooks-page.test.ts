import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runbooksPage } from '../../../src/bot/cli/runbooks-page.ts';
import { book } from '../../../src/runbooks/index.ts';

const docs = resolve(import.meta.dirname, '../../../docs');

test('docs/runbooks.md is what the book says today; `npm run docs` prints it again', () => {
  expect(readFileSync(resolve(docs, 'runbooks.md'), 'utf8')).toBe(runbooksPage(book));
});

test('every runbook has its section, and the ones that only tell say so', () => {
  const page = runbooksPage(book);
  for (const { id } of book) expect(page).toContain(`\n## ${id}\n`);
  expect(page).toMatch(/\[link-down\].*no: it tells/);
  expect(page).toMatch(/\[partition\].*yes, after approval/);
});
