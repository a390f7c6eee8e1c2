import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { agentMeanings } from '../../src/bot/agent/agent-meanings.ts';
import { agentFileSchema } from '../../src/bot/agent/agent-schema.ts';
import { commandTree } from '../../src/bot/cli/command-tree.ts';
import { exitMeanings } from '../../src/bot/cli/exit-codes.ts';
import { fieldsOf } from '../../src/bot/config/schema/describe-fields.ts';
import { fieldMeanings } from '../../src/bot/config/schema/meanings.ts';
import { configJsonSchema } from '../../src/bot/config/schema/schema.ts';
import { auditEvents } from '../../src/bot/record/audit-events.ts';
import { pages } from '../../tools/pages/pages.ts';

const root = resolve(import.meta.dirname, '../..');

describe('the generated pages', () => {
  test.each(Object.entries(pages))(
    'docs/%s is what the code says; `npm run docs` writes it',
    async (name, page) => {
      expect(readFileSync(join(root, 'docs', name), 'utf8')).toBe(await page());
    },
  );

  test.each(Object.keys(pages))('docs/%s says that it is generated and by which command', (name) => {
    expect(readFileSync(join(root, 'docs', name), 'utf8')).toMatch(
      /^# .*\n\n.*`npm run docs`; not written by hand\./,
    );
  });
});

test('every audit event that is written by its name is on the list of src/bot/record/audit-events.ts', () => {
  const sources = readdirSync(join(root, 'src/bot'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, 'src/bot', name), 'utf8'));
  const written = sources.flatMap((text) =>
    [...text.matchAll(/\bevent: '([\w.]+)'|\bconst (?:[A-Z_]+) = '((?:digest|audit)\.[a-z_]+)'/g)].map(
      ([, literal, constant]) => literal ?? constant ?? '',
    ),
  );
  expect(written.length).toBeGreaterThan(20);
  const known = [...Object.keys(auditEvents), 'audit.unreadable'];
  expect(written.filter((name) => !known.includes(name))).toEqual([]);
});

test('every command of the terminal says what its exit codes mean, and nothing else does', () => {
  const tree = commandTree(
    { environment: { read: () => undefined }, out: () => {}, err: () => {}, onStop: () => {} },
    () => {},
  );
  expect(tree.commands.map((command) => command.name()).toSorted()).toEqual(
    Object.keys(exitMeanings).toSorted(),
  );
});

test('every action is used by a runbook, and by each that a reader expects', () => {
  const page = readFileSync(join(root, 'docs/actions.md'), 'utf8');
  expect(page).not.toContain('Used by: .');
  expect(page).toMatch(/^\| \[queue\.delete\].*zombie-queue.*orphan-reply/m);
  expect(page).toMatch(/^\| \[node\.rejoin\].*partition.*node-down/m);
});

test.each([
  ['watership.yaml', configJsonSchema(), fieldMeanings],
  ['agent.yaml', { ...z.toJSONSchema(agentFileSchema, { io: 'input' }) }, agentMeanings],
])(
  'every field of %s has its meaning, and there is no meaning without a field',
  (_name, schema, meanings) => {
    const paths = new Set(fieldsOf(schema).map(({ path }) => path));
    expect(Object.keys(meanings).toSorted()).toEqual([...paths].toSorted());
  },
);
